"""Workers, the coordinator and the database die in the middle of a job; nothing is lost, nothing recorded twice."""
import hashlib
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import tempfile
import unittest

from service import BIN, Service, render, until

TRIALS = 12
# What dies at once, each round when two more trials have ended: the first while the job is prepared.
ROUNDS = [["postgres"], ["pare-worker"], ["postgres"], ["pare-coordinator"], ["pare-worker", "postgres"],
          ["pare-coordinator", "postgres"]]

# What is stored of a trial for good when it ends.  Not in it: what is measured once more when the search is over.
ENDED = """SELECT t.number, json_build_array(row_to_json(t), (
             SELECT json_agg(json_build_array(o.target, o.accuracy_runtime, o.detections_sha256, o.accuracy, o.latency,
                                              o.infeasible, o.suspect, o.figures, o.accuracy_identity) ORDER BY o.target)
               FROM trial_outcome o WHERE o.job_id = t.job_id AND o.number = t.number))
             FROM trial t WHERE job_id = {job} AND state <> 'running' ORDER BY number"""
LOG = "SELECT seq, step, payload FROM search_log WHERE job_id = {job} ORDER BY seq"
BENCHMARKS = """SELECT trial, target, outcome FROM task
                 WHERE job_id = {job} AND kind = 'benchmark' AND state = 'succeeded' ORDER BY id"""
# What could be on a front: scored on all images, each by the latency that it is shown with.
CONTEST = """SELECT plan_sha256, map_50_95, coalesce(confirmed_median_ms, median_ms)
               FROM trial JOIN trial_outcome USING (job_id, number)
              WHERE job_id = {job} AND target = 'ort' AND state = 'finished' AND infeasible IS NULL
                AND map_50_95 IS NOT NULL AND median_ms IS NOT NULL AND accuracy->>'expected' IS NULL"""


class Chaos(unittest.TestCase):
    def test_a_job_survives_kills_of_workers_coordinator_and_database(self):
        rng = random.Random(7)
        with Service() as s:
            job = self.post_job(s)
            seen = []
            for round_, victims in enumerate(ROUNDS):
                until(lambda: self.ended_trials(s, job) >= 2 * round_ - 1, f"{2 * round_ - 1} trials have ended", 600)
                seen.append(self.what_must_last(s, job))
                for victim in victims:
                    self.kill(s, victim, rng)
                until(lambda: s.answers("SELECT 1"), "the database is back", 100)
                self.check_that_it_lasted(s, job, seen[-1])

            end = s.job_end(job, 900)
            self.assertEqual(end["state"], "succeeded", end)
            for before in seen:
                self.check_that_it_lasted(s, job, before)
            self.check_ledger(s, job)
            self.check_search(s, job)
            self.check_samples(s, job)
            self.check_front(s, job)

    def post_job(self, s):
        scratch = pathlib.Path(tempfile.mkdtemp())
        calibration, validation = render(scratch / "c", 8, 1), render(scratch / "v", 16, 2)
        s.add_boards(calibration, validation)
        job = s.call("POST", "/v1/jobs", {"model": "boards", "dataset": "boards", "targets": ["ort"],
                                          "budget": {"trials": TRIALS, "seconds": None}, "seed": 5})["id"]
        until(lambda: s.sql(f"SELECT 1 FROM task WHERE job_id = {job} AND kind = 'prepare' AND state = 'leased'"),
              "the job is being prepared", 300)
        return job

    def ended_trials(self, s, job):
        found = s.answers(f"SELECT count(*) FROM trial WHERE job_id = {job} AND state <> 'running'")
        return int(found[0][0]) if found else 0

    def kill(self, s, victim, rng):
        if victim == "postgres":
            os.kill(s.postmaster(), signal.SIGQUIT)  # an immediate shutdown: nothing is tidied up, as in a crash
        else:
            pids = until(lambda: s.processes(victim), f"a {victim} runs", 60)
            os.kill(rng.choice(pids), signal.SIGKILL)

    # -- what was committed stays as it was

    def what_must_last(self, s, job):
        return {"trials": s.lines(ENDED.format(job=job)), "log": s.lines(LOG.format(job=job)),
                "benchmarks": s.lines(BENCHMARKS.format(job=job))}

    def check_that_it_lasted(self, s, job, before):
        now = self.what_must_last(s, job)
        self.assertEqual(now["log"][:len(before["log"])], before["log"], "the log of before is how the log begins")
        for kept in ("trials", "benchmarks"):
            self.assertEqual(set(before[kept]) - set(now[kept]), set(), f"{kept} were lost or changed")

    # -- at the end

    def check_ledger(self, s, job):
        numbers = [int(n) for (n,) in s.sql(f"SELECT number FROM trial WHERE job_id = {job} ORDER BY number")]
        self.assertEqual(numbers, list(range(1, TRIALS + 1)), "a trial is missing or there twice")
        self.assertEqual(s.sql(f"SELECT number FROM trial WHERE job_id = {job} AND state = 'running'"), [])
        plans = s.sql(f"SELECT plan_sha256 FROM trial WHERE job_id = {job} GROUP BY plan_sha256 HAVING count(*) > 1")
        self.assertEqual(plans, [], "a plan was tried twice")

    def check_search(self, s, job):
        """Each trial was asked for once and told once, and a strategy that lived through it all asks the same."""
        replay = subprocess.run([BIN.parent / "tests/e2e/replay_job", s.database(), str(job)], check=True,
                                capture_output=True, text=True)
        replayed = json.loads(replay.stdout)
        every = list(range(1, TRIALS + 1))
        self.assertEqual([ask["trial"] for ask in replayed["asks"]], every)
        self.assertEqual(sorted(replayed["tells"]), every)
        for ask in replayed["asks"]:
            self.assertEqual(ask["asked"], ask["logged"], f"trial {ask['trial']} is not what one life would have asked")

    def check_samples(self, s, job):
        """Every latency has its samples, all of them, and they say the median that is stored."""
        benchmarks = s.lines(BENCHMARKS.format(job=job))
        self.assertGreaterEqual(len(benchmarks), TRIALS)
        for line in benchmarks:
            trial, _, outcome = line.split("|", 2)
            outcome = json.loads(outcome)
            artifact = outcome["artifacts"]["samples"]
            content = (s.folder / "data/coordinator/blobs" / artifact["sha256"][:2] / artifact["sha256"]).read_bytes()
            self.assertEqual((hashlib.sha256(content).hexdigest(), len(content)), (artifact["sha256"], artifact["bytes"]))
            samples = json.loads(content)["samples_ms"]
            self.assertEqual(len(samples), outcome["result"]["samples"], f"trial {trial}")
            self.assertAlmostEqual(statistics.median(samples), outcome["result"]["median_ms"], places=12)
        for trial in s.trials(job):
            for target, found in trial["outcomes"].items():
                if "latency_ms" in found:
                    samples = s.get(f"/v1/jobs/{job}/trials/{trial['number']}/samples/{target}")["samples_ms"]
                    self.assertAlmostEqual(statistics.median(samples), found["latency_ms"], places=12)

    def check_front(self, s, job):
        """The front is what nothing else beats of all that is stored."""
        trials = [(plan, float(accuracy), float(latency)) for plan, accuracy, latency in s.sql(CONTEST.format(job=job))]
        def beaten(_, accuracy, latency):
            return any(a >= accuracy and l <= latency and (a > accuracy or l < latency) for _, a, l in trials)
        expected = {plan: (accuracy, latency) for plan, accuracy, latency in trials if not beaten(plan, accuracy, latency)}
        members = s.get(f"/v1/jobs/{job}/fronts/ort?all=true")["members"]
        self.assertEqual({m["plan_sha256"]: (m["map_50_95"], m["latency_ms"]) for m in members}, expected)


if __name__ == "__main__":
    unittest.main(verbosity=2)
