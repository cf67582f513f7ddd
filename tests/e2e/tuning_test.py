"""A job whose front members are trained alone when its search is over; its coordinator killed in that phase."""
import json
import os
import pathlib
import signal
import tempfile
import unittest

from service import Service, render, until


class Tuning(unittest.TestCase):
    def test_members_are_tuned_and_measured_although_the_coordinator_is_killed_meanwhile(self):
        scratch = pathlib.Path(tempfile.mkdtemp())
        with Service() as s:
            calibration, validation = render(scratch / "c", 24, 1), render(scratch / "v", 8, 2)
            s.add_boards(calibration, validation)
            job = json.loads(s.pare("submit", "--model", "boards", "--dataset", "boards", "--target", "ort", "--trials", 8, "--seed", 5,
                                    "--resolution", 1, 1, "--distill", 2, "--minutes-each", 0.3, "--json").stdout)["id"]

            def tuning():
                return s.get(f"/v1/jobs/{job}").get("tuning")
            until(tuning, "the job tunes", 900)
            for pid in s.processes("pare-coordinator"):
                os.kill(pid, signal.SIGKILL)
            until(s.healthy, "the coordinator is back", 120)
            ended = s.job_end(job, 900)
            self.assertEqual(ended["state"], "succeeded", ended.get("reason"))
            print(ended["reason"])
            members = ended["tuning"]["members"]
            self.assertEqual(ended["tuning"]["ended"], len(members))
            trials = {trial["number"]: trial for trial in s.trials(job)}
            self.assertEqual(len(trials), 8 + sum("tuned_trial" in member for member in members))
            for member in members:
                self.assertIn(member["state"], ("tuned", "kept"), member)
                if member["state"] == "kept":
                    continue
                self.assertLess(member["after"], member["before"])
                tuned = trials[member["tuned_trial"]]
                self.assertEqual((tuned["origin"], tuned["state"]), ("tuned", "finished"), tuned.get("reason"))
                self.assertEqual(tuned["plan"]["weights"], "tuned")
                self.assertEqual(tuned["plan"]["widths"], trials[member["trial"]]["plan"]["widths"])
                self.assertEqual(tuned["macs"], trials[member["trial"]]["macs"])
            kept = {one["plan_sha256"] for one in s.get("/v1/supernets")["items"]}
            self.assertEqual(kept, {t["plan_sha256"] for t in trials.values() if t["origin"] == "tuned"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
