"""The main job through the real service: register, search, read the fronts, download, compare."""
import json
import pathlib
import tempfile
import unittest

from service import Service, render

TARGETS = {"ov": "openvino", "ort": "onnxruntime"}


class MainJob(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = pathlib.Path(tempfile.mkdtemp())
        cls.service = Service().__enter__()
        cls.addClassCleanup(cls.service.__exit__, None, None, None)
        s = cls.service
        calibration = render(cls.scratch / "calibration", 12, 1)
        validation = render(cls.scratch / "validation", 24, 2)
        s.add_boards(calibration, validation, TARGETS.items())
        submitted = s.pare("submit", "--model", "boards", "--dataset", "boards", "--target", "ov", "--target", "ort",
                           "--trials", 10, "--seed", 3, "--json")
        cls.job = json.loads(submitted.stdout)["id"]
        cls.end = s.job_end(cls.job, 900)

    def test_the_job_succeeds_and_every_trial_ended(self):
        self.assertEqual(self.end["state"], "succeeded", self.end)
        trials = self.service.trials(self.job)
        self.assertEqual([t["number"] for t in trials], list(range(trials[0]["number"], trials[0]["number"] + 10)))
        self.assertTrue(all(t["state"] in ("finished", "failed") for t in trials))
        self.assertEqual(len({t["plan_sha256"] for t in trials}), 10, "a plan was tried twice")

    def test_each_target_has_a_front_that_nothing_beats(self):
        trials = self.service.trials(self.job)
        for target in TARGETS:
            front = self.service.get(f"/v1/jobs/{self.job}/fronts/{target}")
            self.assertGreater(len(front["members"]), 0)
            self.assertGreater(front["original"]["map_50_95"], 0.2)
            measured = [t["outcomes"][target] for t in trials if "latency_ms" in t.get("outcomes", {}).get(target, {})]
            for member in front["members"]:
                self.assertEqual(member["images"], 24)
                better = [m for m in measured if m["map_50_95"] >= member["map_50_95"]
                          and m["latency_ms"] < member["latency_ms"]]
                self.assertEqual(better, [], f"{target}: a member is dominated")

    def test_the_card_was_tried_on_labelled_images_before_the_search(self):
        found = self.service.get(f"/v1/jobs/{self.job}")["preprocessing"]
        self.assertEqual(found["alarms"], [])
        self.assertGreater(found["tried"][0]["map_50_95"], 0.2)
        self.assertGreater(found["images"], 0)

    def test_a_filter_narrows_the_front(self):
        front = self.service.get(f"/v1/jobs/{self.job}/fronts/ort")["members"]
        fastest = min(m["latency_ms"] for m in front)
        few = self.service.get(f"/v1/jobs/{self.job}/fronts/ort?max_latency_ms={fastest}")["members"]
        self.assertEqual(len(few), 1)

    def test_the_report_says_what_the_api_says(self):
        text = self.service.pare("report", self.job).stdout
        for target in TARGETS:
            for member in self.service.get(f"/v1/jobs/{self.job}/fronts/{target}")["members"]:
                row = next(line for line in text.splitlines() if line.startswith(f"| `{member['plan_sha256'][:10]}` |")
                           and f"{member['speedup']:.2f}x" in line)
                for figure in (f"{100 * member['map_50_95']:.2f}", f"({member['images']})", f"{member['map_lost']:.1f}"):
                    self.assertIn(figure, row)
        page = self.scratch / "report.html"
        self.service.pare("report", self.job, "-o", page)
        self.assertLess(page.stat().st_size, 400 << 10)
        self.assertEqual(page.read_text().count("<svg"), len(TARGETS))

    def test_what_is_downloaded_is_what_was_measured(self):
        member = self.service.get(f"/v1/jobs/{self.job}/fronts/ort")["members"][0]
        out = self.scratch / "winner.onnx"
        self.service.pare("download", member["plan_sha256"], "--output", out)
        import hashlib
        self.assertEqual(hashlib.sha256(out.read_bytes()).hexdigest(), member["candidate_sha256"])

    def test_two_plans_are_compared_on_the_device(self):
        front = self.service.get(f"/v1/jobs/{self.job}/fronts/ort")
        fastest = min(front["members"], key=lambda m: m["latency_ms"])
        result = self.service.pare("compare", self.job, "--target", "ort", front["original"]["plan_sha256"],
                                   fastest["plan_sha256"], "--json", check=False)
        verdict = json.loads(result.stdout)
        self.assertEqual(verdict["state"], "succeeded", verdict)
        self.assertIn(verdict["result"]["latency"]["verdict"], ("FASTER", "SLOWER", "EQUIVALENT", "INCONCLUSIVE"))
        self.assertIn("B is", verdict["result"]["sentence"])

    def test_without_labels_the_original_is_the_teacher_and_every_figure_says_so(self):
        s = self.service
        s.pare("dataset", "add", "--name", "bare", "--calibration", self.scratch / "calibration",
               "--val", self.scratch / "validation")
        submitted = s.pare("submit", "--model", "boards", "--dataset", "bare", "--target", "ort", "--trials", 4, "--json")
        job = json.loads(submitted.stdout)["id"]
        self.assertEqual(s.job_end(job, 600)["state"], "succeeded")
        front = s.get(f"/v1/jobs/{job}/fronts/ort")
        self.assertEqual(front["labels"], "teacher")
        self.assertEqual(s.get(f"/v1/jobs/{job}")["labels"], "teacher")
        self.assertAlmostEqual(front["original"]["map_50_95"], 1, places=6)
        self.assertTrue(all(m["map_50_95"] <= 1 for m in front["members"]))
        self.assertIn("teacher mAP (images)", s.pare("pareto", job).stdout)
        self.assertIn("teacher mAP ", s.pare("trials", job).stdout)
        other = next(t["plan_sha256"] for t in s.trials(job) if t["state"] == "finished"
                     and t["plan_sha256"] != front["original"]["plan_sha256"])
        result = s.pare("compare", job, "--target", "ort", "original", other, "--json", check=False)
        verdict = json.loads(result.stdout)
        self.assertEqual(verdict["state"], "succeeded", verdict)
        self.assertEqual(verdict["result"]["accuracy"]["labels"], "teacher")
        self.assertIn("teacher mAP points", verdict["result"]["sentence"])

    def test_the_terminal_shows_fronts_trials_jobs_and_workers(self):
        for words in (["pareto", self.job], ["trials", self.job], ["jobs"], ["workers"], ["watch", self.job]):
            self.assertTrue(self.service.pare(*words).stdout.strip(), words)


if __name__ == "__main__":
    unittest.main(verbosity=2)
