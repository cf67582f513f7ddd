"""Workers and the coordinator are killed with -9 in the middle of a job; nothing is lost, nothing recorded twice."""
import os
import pathlib
import random
import signal
import tempfile
import unittest

from service import BOARDS, Service, render, until


class Chaos(unittest.TestCase):
    def test_a_job_survives_kills_of_workers_and_coordinator(self):
        scratch = pathlib.Path(tempfile.mkdtemp())
        rng = random.Random(7)
        with Service() as s:
            calibration, validation = render(scratch / "c", 8, 1), render(scratch / "v", 16, 2)
            s.pare("model", "add", BOARDS / "detector.onnx", "--name", "boards", "--card", BOARDS / "detector.json")
            s.pare("dataset", "add", "--name", "boards", "--calibration", calibration, "--val", validation,
                   "--labels", validation / "labels.json")
            s.pare("target", "add", "ort", "--runtime", "onnxruntime", "--threads", 1)
            job = s.call("POST", "/v1/jobs", {"model": "boards", "dataset": "boards", "targets": ["ort"],
                                              "budget": {"trials": 12, "seconds": None}, "seed": 5})["id"]

            def finished():
                return int(s.sql(f"SELECT count(*) FROM trial WHERE job_id = {job} AND state <> 'running'")[0][0])

            for round_, victim in enumerate(["pare-worker", "pare-coordinator", "pare-worker", "pare-coordinator"]):
                until(lambda: finished() >= 2 * round_ + 1, f"{2 * round_ + 1} trials have ended", 600)
                pids = until(lambda: s.processes(victim), f"a {victim} runs", 60)
                os.kill(rng.choice(pids), signal.SIGKILL)

            end = s.job_end(job, 900)
            self.assertEqual(end["state"], "succeeded", end)
            self.check_ledger(s, job)

    def check_ledger(self, s, job):
        numbers = [int(n) for (n,) in s.sql(f"SELECT number FROM trial WHERE job_id = {job} ORDER BY number")]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 12)), "a trial is missing or there twice")
        unfinished = s.sql(f"SELECT number FROM trial WHERE job_id = {job} AND state = 'running'")
        self.assertEqual(unfinished, [])
        plans = s.sql(f"SELECT plan_sha256 FROM trial WHERE job_id = {job} GROUP BY plan_sha256 HAVING count(*) > 1")
        self.assertEqual(plans, [], "a plan was tried twice")


if __name__ == "__main__":
    unittest.main(verbosity=2)
