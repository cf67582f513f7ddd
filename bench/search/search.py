#!/usr/bin/env python3
"""Question: how many measurements does a strategy need to find a front, beside general optimizers?

  ./dev bench search [--problem P ...] [--strategy S ...] [--seeds N] [--evaluations N] [--batch N] [--jobs N]
                     [--workers N] [--transfer N]

Prints one JSON line a run (problem, strategy, seed, evaluations, share of the true hypervolume, and after how many
evaluations it reached each level), then a table a problem: medians and quartiles over the seeds.  With --workers, plans
are measured by so many simulated workers, and what counts is simulated time (in mean evaluation times).  With
--transfer the other devices of yolobench are known in full, and N plans are measured first on each new one.  The tables of
shared/data are needed for nasbench201-* and yolobench; the test functions need nothing.
"""
import argparse
import concurrent.futures
import functools
import json
import pathlib
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import ours  # noqa: E402
import peers  # noqa: E402
import problems  # noqa: E402
import transfer  # noqa: E402
import workers  # noqa: E402
from recorder import Recorder, Spent  # noqa: E402

TABLES = HERE.parents[2] / "shared" / "data" / "tables"
LEVELS = (0.90, 0.95, 0.975, 0.99)
TIME_LEVELS = (0.95, 0.98)
OURS = ("pare", "evolution", "local_search", "nsga2", "random")
LEAST_SEEDS = 3  # for quartiles


def run(job):
    program, name, strategy, seed, evaluations, batch = job
    problem = problems.problem(name, TABLES)
    recorder = Recorder(problem, evaluations, enough=LEVELS[-1] if name.startswith(("nas", "yolo")) else 1.0)
    search = peers.PEERS.get(strategy) or ours.run(program, strategy, batch)
    started = time.monotonic()
    try:
        search(problem, recorder, seed)
    except Spent:
        pass
    except Exception as problem_of_peer:  # a peer that breaks is a result, with its reason
        return {"problem": name, "strategy": strategy, "seed": seed, "error": repr(problem_of_peer)}
    return {"problem": name, "strategy": strategy, "seed": seed, "evaluations": len(recorder.known),
            "share": round(recorder.share, 5), "seconds": round(time.monotonic() - started, 1),
            "reached": {str(level): recorder.needed(level) for level in LEVELS},
            "shares": {str(n): round(recorder.shares[n - 1], 4) for n in (50, 100, 200, 300, 500, 1000)
                       if n <= len(recorder.shares)}}


def run_workers(job, count):
    program, name, strategy, seed, evaluations, _ = job
    reached, recorder = workers.run(program, problems.problem(name, TABLES), strategy, seed, evaluations, count, TIME_LEVELS)
    return {"problem": name, "strategy": strategy, "seed": seed, "workers": count, "evaluations": len(recorder.known),
            "share": round(recorder.share, 5), "reached": reached}


def spread(values, missing="-"):
    """"median (quartile to quartile)"; a run that did not get there counts as later than all others."""
    ordered = sorted(values, key=lambda v: float("inf") if v is None else v)
    if len(ordered) < LEAST_SEEDS:
        return " ".join(missing if v is None else str(v) for v in ordered)
    at = [ordered[round(q * (len(ordered) - 1))] for q in (0.5, 0.25, 0.75)]
    median, low, high = (missing if v is None else f"{v:g}" for v in at)
    return f"{median} ({low} to {high})"


def table(results, name, what, levels):
    print(f"\n{name}: {what} until this share of the true hypervolume, median (quartiles); share at the end")
    print(f"{'strategy':14} {'seeds':>5}" + "".join(f"{level:>24.1%}" for level in levels) + f"{'at the end':>12}")
    rows = {}
    for result in results:
        if result["problem"] == name and "error" not in result:
            rows.setdefault(result["strategy"], []).append(result)
    for strategy, runs in rows.items():
        cells = [spread([r["reached"][str(level)] for r in runs]) for level in levels]
        end = statistics.median(r["share"] for r in runs)
        print(f"{strategy:14} {len(runs):>5}" + "".join(f"{cell:>24}" for cell in cells) + f"{end:>12.4f}")


def run_transfer(options):
    yolobench = problems.problem("yolobench", TABLES)
    program = str(options.build / "bench" / "ask_tell")
    jobs = [(program, yolobench, device, seed, options.transfer) for device in range(yolobench.targets)
            for seed in range(1, options.seeds + 1)]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = []
        for result in pool.map(lambda job: transfer.run(*job), jobs):
            print(json.dumps(result), flush=True)
            results.append(result)
    transfer.table(results)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--problem", action="append", choices=problems.NAMES)
    parser.add_argument("--strategy", action="append", choices=OURS + tuple(peers.PEERS))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--evaluations", type=int, help="at most (1000 on tables, 500 on test functions)")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--transfer", type=int, metavar="N", help="measure N plans on a new device of yolobench first")
    parser.add_argument("--workers", type=int, help="simulated; for Pare's strategies and Optuna's")
    options = parser.parse_args()
    if options.transfer:
        return run_transfer(options)
    names = options.problem or [n for n in problems.NAMES if TABLES.exists() or not n.startswith(("nas", "yolo"))]
    able = OURS + tuple(peers.SAMPLERS if options.workers else peers.PEERS)
    strategies = options.strategy or list(able)
    if unable := set(strategies) - set(able):
        parser.error(f"no ask and tell with workers: {', '.join(sorted(unable))}")
    program = str(options.build / "bench" / "ask_tell")
    jobs = [(program, name, strategy, seed, options.evaluations or (1000 if name.startswith(("nas", "yolo")) else 500),
             options.batch) for name in names for strategy in strategies for seed in range(1, options.seeds + 1)]
    results = []
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        one = functools.partial(run_workers, count=options.workers) if options.workers else run
        for result in pool.map(one, jobs):
            print(json.dumps(result), flush=True)
            results.append(result)
    for name in names:
        table(results, name, *(("simulated time", TIME_LEVELS) if options.workers else ("evaluations", LEVELS)))
    return 1 if any("error" in result for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
