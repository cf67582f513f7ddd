#!/usr/bin/env python3
"""Question: on a real detector and real devices, how good are the fronts of each strategy after so many trials, and
after so many seconds?

  pare up …; pare model add …; pare dataset add …; pare target add …
  ./dev bench jobs --model fastestdet --dataset coco --target ov1 --target ort1 [--strategy pare nsga2 random]
                   [--supernet SHA] [--held-back 0.5] [--seeds 3] [--trials 80] [--at 40 80]
                   [--url http://127.0.0.1:7070] [--job N ...]

Submits a job a strategy and seed to a running service, one after another, the strategies in turn so that a device whose
speed drifts is fair to all.  With --supernet each strategy runs once with closed-form repair and once with these trained
weights.  With --job nothing is submitted: these ended jobs are compared.

The hypervolume on a target is that of mAP and the logarithm of the speedup over the original (the median of what these
jobs measured of it), above half the original's mAP and at no more than its time, as a share of what all these jobs found
together.  What counts is what the search saw: latencies as first measured, accuracies of all images.  Prints one JSON
line a job, then a table.
"""
import argparse
import datetime
import json
import math
import pathlib
import statistics
import sys
import time

BENCH = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(BENCH / "support"), str(BENCH / "search")]
from problems import hypervolume  # noqa: E402
from service import URL, Service, first_latency  # noqa: E402

ENDED = ("succeeded", "failed", "cancelled")
LEVELS = (0.90, 0.95)
POLL_SECONDS = 3
ORIGINAL_TRIAL = 1  # every job begins with it


def submit(service, args, variant, seed):
    strategy, recovery = variant
    document = {"model": args.model, "dataset": args.dataset, "targets": args.target, "strategy": strategy, "seed": seed,
                "budget": {"trials": args.trials}, "recovery": recovery}
    if args.held_back is not None:
        document["validation"] = {"held_back": args.held_back}
    return service.ask("/v1/jobs", document)["id"]


def variants(args):
    recoveries = ["reconstruct"] + [{"kind": "supernet", "from": sha} for sha in args.supernet]
    return [(strategy, recovery) for strategy in args.strategy for recovery in recoveries]


def variant_name(job):
    """The strategy, and where weights come from if that is not what jobs do by themselves."""
    recovery = job["recovery"]
    if recovery == "reconstruct":
        return job["strategy"]
    return f"{job['strategy']}, {recovery if isinstance(recovery, str) else recovery['kind']}"


def ended(service, job):
    while True:
        found = service.ask(f"/v1/jobs/{job}")
        if found["state"] in ENDED:
            return found
        time.sleep(POLL_SECONDS)


def seconds_between(earlier, later):
    return (datetime.datetime.fromisoformat(later) - datetime.datetime.fromisoformat(earlier)).total_seconds()


class Run:
    """One ended job: what its trials measured, in the order in which they ended."""

    def __init__(self, service, job):
        self.job, self.strategy, self.seed, self.targets = job["id"], variant_name(job), job["seed"], job["targets"]
        trials = [t for t in service.trials(job["id"]) if t.get("finished_at")]
        self.original = min(trials, key=lambda t: t["number"])["outcomes"]
        trials.sort(key=lambda t: t["finished_at"])
        self.seconds = [seconds_between(job["started_at"], t["finished_at"]) for t in trials]
        self.outcomes = [t["outcomes"] for t in trials]

    def points(self, original_ms):
        """By target one a trial, both minimised; None: not measured in full."""
        return {target: [point(o.get(target, {}), self.original[target]["map_50_95"], slow) for o in self.outcomes]
                for target, slow in original_ms.items()}


def point(outcome, original_map, original_ms):
    if "latency_ms" not in outcome or "map_50_95" not in outcome or "expected_map" in outcome:
        return None
    return 1 - outcome["map_50_95"] / original_map, math.log(first_latency(outcome) / original_ms)


def volume(points):
    return hypervolume([p for p in points if p is not None], (0.5, 0.0))


def shares(points, best, trials):
    """After each trial, of the target that has the least."""
    return [min(volume(points[target][:n]) / best[target] for target in best) for n in range(1, trials + 1)]


def result(run, points, best, args):
    after = shares(points, best, len(run.seconds))
    reached = {level: next((i for i, s in enumerate(after) if s >= level), None) for level in LEVELS}
    return {"job": run.job, "strategy": run.strategy, "seed": run.seed, "trials": len(after),
            "seconds": round(run.seconds[-1]),
            "share": {n: round(after[min(n, len(after)) - 1], 4) for n in args.at},
            "share_after_seconds": {s: round(max((a for a, t in zip(after, run.seconds) if t <= s), default=0), 4)
                                    for s in args.after},
            "trials_until": {level: None if at is None else at + 1 for level, at in reached.items()},
            "seconds_until": {level: None if at is None else round(run.seconds[at]) for level, at in reached.items()}}


def several(values):
    """Median, then all of them; '-' never got there."""
    ordered = sorted(values, key=lambda v: math.inf if v is None else v)
    said = ["-" if v is None else f"{v:g}" for v in ordered]
    return f"{said[(len(said) - 1) // 2]} ({' '.join(said)})"


def table(results, args):
    print("\nshare of the hypervolume that all these jobs found together, on the target where it is least: median (all seeds)")
    columns = [(f"after {n} trials", lambda r, n=n: r["share"][n]) for n in args.at]
    columns += [(f"after {s} s", lambda r, s=s: r["share_after_seconds"][s]) for s in args.after]
    columns += [(f"trials until {level:.0%}", lambda r, level=level: r["trials_until"][level]) for level in LEVELS]
    columns += [(f"seconds until {level:.0%}", lambda r, level=level: r["seconds_until"][level]) for level in LEVELS]
    strategies = list(dict.fromkeys(r["strategy"] for r in results))
    print(f"{'':20}" + "".join(f"{s:>32}" for s in strategies))
    for name, value in columns:
        print(f"{name:20}" + "".join(f"{several([value(r) for r in results if r['strategy'] == s]):>32}" for s in strategies))


def fastest_within(service, job, target, points):
    """The member of a front that the service would name: at most so many mAP points lost; None: only the original."""
    front = service.ask(f"/v1/jobs/{job['id']}/fronts/{target}?all=true")["members"]
    kept = [m for m in front if m["map_lost"] <= points and m["trial"] != ORIGINAL_TRIAL]
    return max(kept, key=lambda m: m["speedup"], default=None)


def said_of(member):
    if member is None:
        return "nothing but the original"
    lost = f"{member['map_lost']:.1f} points lost"
    held = member.get("held_back", {})
    if "map_lost" in held:
        lost += f", {held['map_lost']:.1f} on {held['images']} images that chose nothing"
    return f"{member['speedup']:.2f}x, {lost}: {member['description']}"


def fastest_table(service, jobs, points=1.0):
    print(f"\nthe fastest within {points:.1f} mAP point of the original")
    for job in jobs:
        for target in job["targets"]:
            found = fastest_within(service, job, target, points)
            print(f"job {job['id']:<4} {variant_name(job):24} {target:12} {said_of(found)}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", help=argparse.SUPPRESS)
    parser.add_argument("--url", default=URL)
    parser.add_argument("--model")
    parser.add_argument("--dataset")
    parser.add_argument("--target", action="append")
    parser.add_argument("--strategy", nargs="+", default=["pare", "nsga2", "random"])
    parser.add_argument("--supernet", nargs="+", default=[], metavar="SHA", help="each strategy once more with these weights")
    parser.add_argument("--held-back", type=float, metavar="SHARE", help="of the validation images")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=80)
    parser.add_argument("--at", type=int, nargs="+", default=[40, 80], help="trials")
    parser.add_argument("--after", type=int, nargs="+", default=[120, 240], help="seconds")
    parser.add_argument("--job", type=int, action="append", help="compare these ended jobs")
    args = parser.parse_args()
    if not args.job and not (args.model and args.dataset and args.target):
        parser.error("--model, --dataset and --target say what to search for; or --job which jobs to compare")
    return args


def main():
    args = arguments()
    service = Service(args.url)
    if args.job:
        jobs = [service.ask(f"/v1/jobs/{job}") for job in args.job]
    else:
        jobs = []
        for seed in range(1, args.seeds + 1):
            for variant in variants(args):
                jobs.append(ended(service, submit(service, args, variant, seed)))
                print(f"# job {jobs[-1]['id']}: {variant_name(jobs[-1])}, seed {seed}: {jobs[-1]['state']}", flush=True)
    for job in jobs:
        if job["state"] != "succeeded":
            sys.exit(f"bench: job {job['id']} is {job['state']}: {job.get('reason', 'no reason given')}")
    runs = [Run(service, job) for job in jobs]
    if len({tuple(run.targets) for run in runs}) > 1:
        sys.exit("bench: these jobs have different targets")
    original_ms = {target: statistics.median(first_latency(run.original[target]) for run in runs)
                   for target in runs[0].targets}
    points = [run.points(original_ms) for run in runs]
    best = {target: volume([p for on in points for p in on[target]]) for target in original_ms}
    results = [result(run, on, best, args) for run, on in zip(runs, points)]
    for one in results:
        print(json.dumps(one))
    table(results, args)
    fastest_table(service, jobs)


if __name__ == "__main__":
    main()
