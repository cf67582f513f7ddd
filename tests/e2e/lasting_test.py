"""A prepare that is measured beside, killed with its worker after half its work, and gone on with by another one."""
import os
import pathlib
import re
import signal
import tempfile
import unittest

from service import Service, render, until

SCALES = [0.25, 1.5]  # many sizes: what lasts has to last


class Lasting(unittest.TestCase):
    def test_another_worker_goes_on_and_measurements_wait_less_than_a_minute(self):
        scratch = pathlib.Path(tempfile.mkdtemp())
        with Service() as s:
            calibration, validation = render(scratch / "c", 72, 1), render(scratch / "v", 8, 2)
            s.add_boards(calibration, validation)

            def post():
                return s.call("POST", "/v1/jobs", {
                    "model": "boards", "dataset": "boards", "targets": ["ort"], "space": {"resolution": SCALES},
                    "budget": {"trials": 1, "seconds": None}, "seed": 5})["id"]

            def prepare_of(job):
                tasks = s.get(f"/v1/jobs/{job}/tasks?limit=1000")["items"]
                return next((t for t in tasks if t["kind"] == "prepare"), None)

            # Without any interruption: what the other is held against, and a benchmark to ask for again.
            whole = post()
            self.assertEqual(s.job_end(whole, 600)["state"], "succeeded")

            job = post()
            until(lambda: (t := prepare_of(job)) and t["progress"] >= 0.1, "a tenth of the prepare is done", 300)
            asked = s.sql("""INSERT INTO task (kind, exclusive, document, time_limit_ms, pool, runtime, target, created_at, handled)
                             SELECT kind, exclusive, document, time_limit_ms, pool, runtime, target, clock_timestamp(), true
                               FROM task WHERE kind = 'benchmark' AND state = 'succeeded' ORDER BY id LIMIT 1
                             RETURNING id""")[0][0]
            until(lambda: s.sql(f"SELECT 1 FROM task WHERE id = {asked} AND state = 'succeeded'"), "it is measured", 100)
            during = prepare_of(job)
            self.assertEqual((during["state"], during["attempt"]), ("leased", 1), "it was neither over nor taken away")
            waited = float(s.sql(f"SELECT extract(epoch FROM leased_at - created_at) FROM task WHERE id = {asked}")[0][0])
            print(f"a benchmark waited {waited:.1f} s for a device with a prepare")
            self.assertLess(waited, 60)
            self.assertIn(f"task {during['id']} attempt 1: stands still", self.worker_logs(s))

            half = until(lambda: (t := prepare_of(job)) and t["progress"] >= 0.5 and t["checkpoint_step"] and t,
                         "half of the prepare is done, and kept", 300)
            holder = s.sql(f"SELECT name FROM worker JOIN task ON leased_by = session WHERE task.id = {half['id']}")[0][0]
            self.kill_worker(s, holder)
            until(lambda: (t := prepare_of(job)) and t["attempt"] == 2, "another attempt began", 100)
            words = rf"task {half['id']} attempt 2: started, going on from step (\d+)"
            went_on = until(lambda: re.search(words, self.worker_logs(s)), "a worker says where it goes on", 60)
            self.assertGreaterEqual(int(went_on[1]), half["checkpoint_step"])
            done = until(lambda: (t := prepare_of(job)) and t["state"] == "succeeded" and t, "it is prepared", 300)
            self.assertEqual(done["attempt"], 2)
            self.assertIsNone(done["checkpoint_step"], "what has ended is not gone on with")

            points = s.get(f"/v1/tasks/{half['id']}/series")["points"]
            second = [p["step"] for p in points if p["attempt"] == 2]
            self.assertGreater(min(second), int(went_on[1]), "nothing that was kept was done again")
            self.assertTrue(any("int8_damage" in p["numbers"] for p in points))

            files = s.sql(f"SELECT statistics_sha256, prepared FROM job WHERE id IN ({job}, {whole})")
            self.assertEqual(files[0], files[1], "not equal to the bit")
            self.assertEqual(s.job_end(job, 600)["state"], "succeeded")

    def worker_logs(self, s):
        return "".join(path.read_text(errors="replace") for path in (s.folder / "data/log").glob("worker-*"))

    def kill_worker(self, s, name):
        for pid in s.processes("pare-worker"):
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if words[words.index(b"--name") + 1].decode() == name:
                os.kill(pid, signal.SIGKILL)
                return
        raise AssertionError(f"no worker {name}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
