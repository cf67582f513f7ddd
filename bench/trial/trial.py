#!/usr/bin/env python3
"""Question: how much of a trial's wall-clock is neither inference nor timing of the candidate?

  ./dev bench trial [--model NAME] [--runtime R ...] [--quick]

Runs what the coordinator asks for a trial, task by task and in its order, with pare-engine: build; benchmark on each
runtime, fp32 with its parity check; evaluate (fp32: once, on the executor; int8: on each runtime).  Prints one JSON line a task, its wall-clock
split by the outcome's phases, and the share of all trials that went into anything but `infer` and `time`.  The first trial
finds no cached images, the others do, as in a job.

And: COCO scoring of the same detections, ours (the phase `score`, with the file that it writes) against pycocotools.
"""
import argparse
import collections
import contextlib
import io
import json
import pathlib
import shutil
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.path.insert(0, str(HERE.parents[1] / "tools"))
import detectors  # noqa: E402
from pare_engine import Engine, TaskFailed, link_dataset  # noqa: E402

WORK = ("infer", "time")  # the candidate at work; all else is overhead
REST = "rest"  # start-up, artifacts, what no phase covers


def plans_of(card, summary, quick):
    """(name, plan): the original, int8, narrower, narrower int8 at another size: what a search mixes."""
    narrow = {group["name"]: max(w for w in group["widths"] if w <= 0.75 * group["channels"])
              for group in summary["groups"] if any(w <= 0.75 * group["channels"] for w in group["widths"])}
    int8 = {"weight_bits": 8, "ranges": "percentile", "placement": "operators", "keep_fp32": []}
    plan = {"version": 1, "input": card["input"], "widths": {}, "importance": "gram", "reconstruction": "independent",
            "quantization": None}
    plans = [("original", plan), ("int8", {**plan, "quantization": int8}), ("narrower", {**plan, "widths": narrow}),
             ("narrower int8", {**plan, "widths": narrow, "quantization": int8})]
    return plans[:2] if quick else plans


class Trials:
    def __init__(self, args, subject, folder):
        self.args, self.subject, self.totals = args, subject, []
        self.engine = Engine(args.build, folder / "tasks", [0], keeps=not args.keeps_nothing)
        self.dataset = link_dataset(folder / "dataset", subject)
        self.summary = self.engine.run("inspect_model", {"model": subject.model},
                                       {"card": {"head": subject.head}})["result"]
        self.card = self.summary["card"]
        prepared = self.engine.run("prepare", {"model": subject.model, "dataset": self.dataset},
                                   {"card": self.card, "resolutions": [self.card["input"]],
                                    "precisions": ["fp32", "int8"], "seed": 1})
        self.statistics = prepared["files"]["statistics"]
        print(f"# prepared {subject.name} in {prepared['wall']:.1f} s, once for all trials", flush=True)

    def task(self, trial, kind, files, params):
        outcome = self.engine.run(kind, files, params)
        phases = dict(outcome["phases"])
        phases[REST] = outcome["wall"] - sum(phases.values())
        print(json.dumps({"trial": trial, "task": kind, "runtime": params.get("runtime"), "wall": round(outcome["wall"], 2),
                          **{name: round(seconds, 3) for name, seconds in phases.items()}}), flush=True)
        self.totals.append((trial, kind, phases))
        return outcome

    def run(self, name, plan):
        built = self.task(name, "build", {"model": self.subject.model, "statistics": self.statistics},
                          {"card": self.card, "plan": plan})
        files = {"candidate": built["files"]["candidate"], "dataset": self.dataset}
        int8 = plan["quantization"] is not None
        images = self.args.image_ids
        for runtime in self.args.runtime:
            self.task(name, "benchmark", files,
                      {"card": self.card, "runtime": runtime, "threads": 1, "min_samples": 64, "max_seconds": 5,
                       "parity": None if int8 else {"images": 8, "tolerance": 1e-3}})
        for runtime in self.args.runtime if int8 else ["executor"]:
            scored = self.task(name, "evaluate", files,
                               {"card": self.card, "runtime": runtime, "threads": 1, "images": images})
        return scored


def share(phases):
    return 1 - sum(phases.get(name, 0) for name in WORK) / sum(phases.values())


def print_table(totals):
    names = sorted({phase for _, _, phases in totals for phase in phases}, key=lambda p: (p not in WORK, p == REST, p))
    print(f"\n{'trial':16}" + "".join(f"{name:>11}" for name in names) + f"{'seconds':>10}{'overhead':>10}")
    rows = collections.defaultdict(collections.Counter)
    for trial, kind, phases in totals:
        for key in (trial, "all", f"all {kind}"):
            rows[key].update(phases)
    for key, phases in rows.items():
        if key != "all":
            print(f"{key:16}" + "".join(f"{phases.get(n, 0):11.2f}" for n in names) +
                  f"{sum(phases.values()):10.1f}{100 * share(phases):9.1f} %")
    phases = rows["all"]
    print(f"{'all':16}" + "".join(f"{phases.get(n, 0):11.2f}" for n in names) +
          f"{sum(phases.values()):10.1f}{100 * share(phases):9.1f} %")


def compare_scoring(subject, scored, image_ids):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
    found = json.loads(scored["files"]["detections"].read_text())
    with contextlib.redirect_stdout(io.StringIO()):
        start = time.perf_counter()
        truth = COCO(str(subject.labels))
        evaluation = COCOeval(truth, truth.loadRes(found), "bbox")
        evaluation.params.imgIds = image_ids or sorted(truth.getImgIds())
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        theirs = time.perf_counter() - start
    ours = scored["phases"]["score"]
    print(f"\nscoring {len(found)} detections of {scored['result']['images']} images: ours {1e3 * ours:.1f} ms "
          f"(mAP {scored['result']['map_50_95']:.4f}), pycocotools {1e3 * theirs:.1f} ms (mAP {evaluation.stats[0]:.4f}): "
          f"{ours / theirs:.3f} of its time")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    detectors.add_arguments(parser, ["yolov5n_640"])
    parser.add_argument("--runtime", nargs="+", default=["openvino", "onnxruntime"])
    parser.add_argument("--keeps-nothing", action="store_true", help="for engines that know no such folder")
    parser.add_argument("--quick", action="store_true", help="two plans, few images: does it run, not how good it is")
    return parser.parse_args()


def main():
    args = arguments()
    for subject in detectors.subjects(args):
        labels = json.loads(subject.labels.read_text())
        args.image_ids = sorted(image["id"] for image in labels["images"])[:16] if args.quick else None
        folder = pathlib.Path(tempfile.mkdtemp(prefix="pare-bench-"))
        try:
            trials, scored = Trials(args, subject, folder), None
            for name, plan in plans_of(trials.card, trials.summary, args.quick):
                scored = trials.run(name, plan)
            print_table(trials.totals)
            compare_scoring(subject, scored, args.image_ids)
        except TaskFailed as failed:
            sys.exit(f"bench: {subject.name}: {failed}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
