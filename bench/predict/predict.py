#!/usr/bin/env python3
"""Question: how well do a job's first trials predict what was measured later?

  ./dev bench predict --job N [--job M ...] [--after 40] [--url http://127.0.0.1:7070]

Asks a running service: the first --after trials of each job predict the plans of its later trials, and those of the
other jobs given on the same model and targets.  For each target and metric: how many plans, how many lie within 10 % of
the prediction (an accuracy: within 1.0 point), how many in the 90 % interval, and the rank correlation (Spearman).
Plans that the predicting job has tried itself are left out; so are accuracies of only some of the images.
"""
import argparse
import json
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from service import URL, Service, first_latency  # noqa: E402

CLOSE_SHARE, CLOSE_MAP = 0.10, 0.01
AT_ONCE = 200


def ranks(values):
    order = sorted(range(len(values)), key=values.__getitem__)
    out = [0.0] * len(values)
    at = 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and values[order[end + 1]] == values[order[at]]:
            end += 1
        for i in order[at:end + 1]:
            out[i] = (at + end) / 2
        at = end + 1
    return out


def spearman(a, b):
    if len(a) < 3 or len(set(a)) < 2 or len(set(b)) < 2:
        return float("nan")
    return statistics.correlation(ranks(a), ranks(b))


def measured(outcome, metric):
    """What the trial measured, or None."""
    if metric == "latency_ms":
        return first_latency(outcome)
    return None if "expected_map" in outcome else outcome.get(metric)


def compare(service, job, after, unseen):
    """{(target, metric): [(predicted, measured), ...]}"""
    pairs = {}
    for start in range(0, len(unseen), AT_ONCE):
        part = unseen[start:start + AT_ONCE]
        answer = service.ask(f"/v1/jobs/{job}/predict", {"plans": [t["plan"] for t in part], "trials": after})
        for trial, item in zip(part, answer["items"]):
            for target, expected in item["predicted"].items():
                for metric, value in expected.items():
                    if not isinstance(value, dict):
                        continue
                    seen = measured(trial["outcomes"].get(target, {}), metric)
                    if seen is not None:
                        pairs.setdefault((target, metric), []).append((value, seen))
    return pairs


def report(job, pairs):
    for (target, metric), seen in sorted(pairs.items()):
        accuracy = metric.startswith(("map", "class"))
        near = [abs(p["mean"] / s - 1) <= CLOSE_SHARE if not accuracy else abs(p["mean"] - s) <= CLOSE_MAP for p, s in seen]
        inside = [p["low"] <= s <= p["high"] for p, s in seen]
        print(json.dumps({"job": job, "target": target, "metric": metric, "plans": len(seen),
                          "within_1_point" if accuracy else "within_10_percent": round(statistics.mean(near), 3),
                          "in_90_percent_interval": round(statistics.mean(inside), 3),
                          "rank_correlation": round(spearman([p["mean"] for p, _ in seen], [s for _, s in seen]), 3)}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", help=argparse.SUPPRESS)
    parser.add_argument("--job", type=int, action="append", required=True)
    parser.add_argument("--after", type=int, default=40)
    parser.add_argument("--url", default=URL)
    args = parser.parse_args()
    service = Service(args.url)
    trials = {job: service.trials(job) for job in args.job}
    for job in args.job:
        known = {t["plan_sha256"] for t in trials[job] if t["number"] <= args.after}
        unseen = {t["plan_sha256"]: t for other in args.job for t in trials[other] if t["plan_sha256"] not in known}
        report(job, compare(service, job, args.after, list(unseen.values())))


if __name__ == "__main__":
    main()
