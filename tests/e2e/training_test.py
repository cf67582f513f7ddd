"""A job with trained weights; its training measured beside, killed with its worker, and gone on with by another one."""
import json
import math
import os
import pathlib
import signal
import tempfile
import unittest

from service import Service, render, until

LASTS = 100  # seconds that the training has that is interrupted


class Training(unittest.TestCase):
    def test_a_job_inherits_and_an_interrupted_training_ends_equal_to_the_bit(self):
        scratch = pathlib.Path(tempfile.mkdtemp())
        with Service() as s:
            calibration, validation = render(scratch / "c", 24, 1), render(scratch / "v", 8, 2)
            s.add_boards(calibration, validation)
            submit = ["submit", "--model", "boards", "--dataset", "boards", "--target", "ort", "--trials", 4, "--seed", 5,
                      "--precision", "fp32", "--resolution", 1, 1, "--json"]

            job = json.loads(s.pare(*submit, "--recovery", "supernet", "--minutes", 0.3).stdout)["id"]
            ended = s.job_end(job, 900)
            self.assertEqual(ended["state"], "succeeded", ended.get("reason"))
            made = s.get(f"/v1/supernets/{ended['supernet_sha256']}")
            self.assertEqual((made["job"], made["model_sha256"]), (job, ended["model_sha256"]))
            training = made["training"]
            for one in training["judged"]:
                self.assertLessEqual(one["trained"], one["closed_form"])
            gained = any(knot["kept"] for knot in training["knots"])
            for trial in s.trials(job):
                self.assertEqual(trial["state"], "finished", trial.get("reason"))
                plan = trial["plan"]
                trained = plan["widths"] or (training.get("parts") and (plan.get("skip") or plan.get("kernels")))
                self.assertEqual(plan.get("weights") == "supernet", gained and bool(trained), plan)
            self.assertIn(made["sha256"][:10], s.pare("supernet", "list").stdout)
            s.pare("supernet", "download", made["sha256"], "-o", scratch / "supernet")
            self.assertEqual((scratch / "supernet").stat().st_size, made["bytes"])
            plan = next(trial["plan_sha256"] for trial in s.trials(job))
            s.pare("download", plan, "-o", scratch / "plan.onnx", "--torchscript", scratch / "plan.pt")
            self.assertGreater((scratch / "plan.pt").stat().st_size, (scratch / "plan.onnx").stat().st_size / 2)

            later = json.loads(s.pare(*submit, "--supernet", made["sha256"][:12]).stdout)["id"]
            self.assertEqual(s.job_end(later, 600)["state"], "succeeded")
            kinds = {task["kind"] for task in s.get(f"/v1/jobs/{later}/tasks?limit=1000")["items"]}
            self.assertFalse(kinds & {"prepare", "train"}, "what is there is not made again")

            # The same training twice, of so many steps: one that nothing disturbs, and one that is disturbed.
            source = next(t["id"] for t in s.get(f"/v1/jobs/{job}/tasks?limit=1000")["items"] if t["kind"] == "train")
            steps = max(30, math.ceil(LASTS * training["steps"] / training["seconds"]))
            whole = self.again(s, source, steps)
            self.await_end(s, whole)
            disturbed = self.again(s, source, steps)
            until(lambda: self.progress(s, disturbed) >= 0.1, "a tenth is trained", 300)
            asked = s.sql("""INSERT INTO task (kind, exclusive, document, time_limit_ms, pool, runtime, target, created_at, handled)
                             SELECT kind, exclusive, document, time_limit_ms, pool, runtime, target, clock_timestamp(), true
                               FROM task WHERE kind = 'benchmark' AND state = 'succeeded' ORDER BY id LIMIT 1
                             RETURNING id""")[0][0]
            self.await_end(s, asked)
            waited = float(s.sql(f"SELECT extract(epoch FROM finished_at - created_at) FROM task WHERE id = {asked}")[0][0])
            print(f"a benchmark was asked for and done within {waited:.1f} s on a device that trains")
            self.assertLess(waited, 60)
            self.assertEqual(s.sql(f"SELECT state, attempt FROM task WHERE id = {disturbed}")[0], ["leased", "1"])

            until(lambda: self.progress(s, disturbed) >= 0.5
                  and s.sql(f"SELECT 1 FROM task WHERE id = {disturbed} AND checkpoint_step > 0"), "half of it, and kept", 600)
            kept = int(s.sql(f"SELECT checkpoint_step FROM task WHERE id = {disturbed}")[0][0])
            self.kill_holder(s, disturbed)
            self.await_end(s, disturbed)
            first, second = self.outcome(s, whole), self.outcome(s, disturbed)
            self.assertEqual(s.sql(f"SELECT attempt FROM task WHERE id = {disturbed}")[0], ["2"])
            print(f"{steps} steps; killed behind step {kept}, gone on from {second['result']['parent']['step']}")
            self.assertGreaterEqual(second["result"]["parent"]["step"], kept)
            self.assertNotIn("parent", first["result"])
            self.assertEqual(first["artifacts"], second["artifacts"], "not equal to the bit")
            numbers = {name for point in s.get(f"/v1/tasks/{disturbed}/series")["points"] for name in point["numbers"]}
            self.assertIn("loss", numbers)
            self.assertTrue(any(name.startswith("closed_form/") for name in numbers), numbers)
            self.assertTrue(any(name.startswith("held_out/") for name in numbers), numbers)

    def again(self, s, source, steps):
        return s.sql(f"""INSERT INTO task (kind, exclusive, preemptible, grace_ms, capability, document, time_limit_ms, target,
                                           created_at, handled)
                         SELECT kind, exclusive, preemptible, grace_ms, capability,
                                jsonb_set(document::jsonb, '{{params,steps}}', '{steps}')::json, time_limit_ms, target,
                                clock_timestamp(), true
                           FROM task WHERE id = {source} RETURNING id""")[0][0]

    def progress(self, s, task):
        return float(s.sql(f"SELECT progress FROM task WHERE id = {task}")[0][0])

    def await_end(self, s, task):
        def ended():
            state, reason = s.sql(f"SELECT state, coalesce(reason, '') FROM task WHERE id = {task}")[0]
            if state == "failed":
                raise AssertionError(f"task {task} failed: {reason}")
            return state == "succeeded"
        until(ended, f"task {task} ends", 900)

    def outcome(self, s, task):
        return json.loads(s.lines(f"SELECT outcome FROM task WHERE id = {task}")[0])

    def kill_holder(self, s, task):
        name = s.sql(f"SELECT name FROM worker JOIN task ON leased_by = session WHERE task.id = {task}")[0][0]
        for pid in s.processes("pare-worker"):
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if words[words.index(b"--name") + 1].decode() == name:
                os.kill(pid, signal.SIGKILL)
                return
        raise AssertionError(f"no worker {name}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
