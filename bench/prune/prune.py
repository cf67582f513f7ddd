#!/usr/bin/env python3
"""What pruning without training costs a detector: mAP by what chose the channels, what repaired the rest, and where.

For each detector and share of MACs saved: every importance with every reconstruction, at the widths that `prepare`
allocates and, for comparison, at one share of every group.  Speed is the original's time over the candidate's on one
thread, alternating in the same run; it depends on the widths alone, so it is measured once for each.

  ./dev bench prune --model yolox_nano_416
  ./dev bench prune --savings 0.1 --importance gram --reconstruction independent sequential --no-speed
  ./dev bench prune --importance gram taylor fisher fisher_gram gates     these but the first are learned by gradients (libtorch)
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import detectors  # noqa: E402
from pare_engine import Engine, TaskFailed, link_dataset  # noqa: E402
from prepared import Prepared  # noqa: E402

IMPORTANCES = ("gram", "thinet", "l1", "l2", "random")
LEARNED = ("taylor", "fisher", "fisher_gram", "gates")
RECONSTRUCTIONS = ("none", "independent", "sequential")
STEP = 8
BLOCKS = 5  # of original and candidate in turn


class Subject(Prepared):
    def learn(self, kinds, trainer, found, folder, options):
        """Their orders join the statistics."""
        card, out = folder / "card.json", folder / "learned"
        card.write_text(json.dumps(self.card))
        files = ["--model", self.model, "--statistics", self.statistics, "--card", card, "--images", found.calibration, "-o", out]
        start = time.monotonic()
        subprocess.run([trainer, "importance", *files, "--kind", *kinds, *options], stdout=subprocess.DEVNULL, check=True)
        self.statistics = out
        print(f"  {', '.join(kinds)}: learned in {time.monotonic() - start:.0f} s", flush=True)

    def narrowed(self, widths, importance, reconstruction):
        return self.build({"widths": widths, "importance": importance, "reconstruction": reconstruction})

    def allocated(self, goal):
        """The cheapest of prepare's allocations that saves as much, or None."""
        enough = (a["widths"] for a in self.guidance["allocations"] if a["macs_saved"] >= goal)
        return next(enough, None)

    def uniform(self, goal):
        """The same share of every group, the largest that saves as much, in blocks of channels."""
        def widths(share):
            wanted = {g["name"]: max(g["widths"][0], round(share * g["channels"] / STEP) * STEP)
                      for g in self.summary["groups"]}
            return {g["name"]: wanted[g["name"]] for g in self.summary["groups"] if wanted[g["name"]] < g["channels"]}

        low, high = 0.25, 1.0
        if self.saved(self.narrowed(widths(low), "random", "none")) < goal:
            return None
        for _ in range(7):
            middle = (low + high) / 2
            saves = self.saved(self.narrowed(widths(middle), "random", "none")) >= goal
            low, high = (middle, high) if saves else (low, middle)
        return widths(low)


def ask(subject, args, report):
    for goal in args.savings:
        for where in args.where:
            widths = getattr(subject, where)(goal)
            if widths is None:
                print(f"  {goal:4.0%} {where}: these groups cannot save as much")
                continue
            speed = None
            for importance in args.importance:
                for reconstruction in args.reconstruction:
                    built = subject.narrowed(widths, importance, reconstruction)
                    if speed is None and not args.no_speed:
                        speed = subject.speed(built["files"]["candidate"], BLOCKS, args.seconds)
                    accuracy = subject.score(built["files"]["candidate"])
                    row = {"goal": goal, "where": where, "saved": subject.saved(built), "importance": importance,
                           "reconstruction": reconstruction, "map": accuracy.value, "images": accuracy.images,
                           "speed": speed, "build_seconds": built["wall"]}
                    report.append(row)
                    print(f"  {row['saved']:5.1%} fewer MACs  {where:9}  {importance:11}  {reconstruction:11}  "
                          f"mAP {accuracy.value:.3f} ({accuracy.images} images)  " + (f"{speed:.2f}x  " if speed else "") +
                          f"built in {built['wall']:.1f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    detectors.add_arguments(parser, ["yolov5n_640", "yolox_nano_416"])
    parser.add_argument("--savings", type=float, nargs="+", default=[0.1, 0.2, 0.3], help="shares of the MACs")
    parser.add_argument("--where", nargs="+", choices=("allocated", "uniform"), default=["allocated", "uniform"])
    parser.add_argument("--importance", nargs="+", choices=IMPORTANCES + LEARNED, default=list(IMPORTANCES))
    parser.add_argument("--reconstruction", nargs="+", choices=RECONSTRUCTIONS, default=list(RECONSTRUCTIONS))
    parser.add_argument("--gate-steps", type=int, default=300, help="of the gates' training")
    parser.add_argument("--no-speed", action="store_true")
    parser.add_argument("--seconds", type=float, default=2, help="of each timed block")
    parser.add_argument("--json", type=pathlib.Path, help="also write the rows here")
    args = parser.parse_args()
    report = {}
    with tempfile.TemporaryDirectory(prefix="pare-bench-") as scratch:
        for found in detectors.subjects(args):
            folder = pathlib.Path(scratch) / found.name
            engine = Engine(args.build, folder)
            try:
                subject = Subject(engine, found, link_dataset(folder / "dataset", found))
            except TaskFailed as failed:
                print(f"{found.name}: {failed}")
                continue
            accuracy = subject.score(subject.original["files"]["candidate"])
            print(f"{found.name}: original mAP {accuracy.value:.3f} ({accuracy.images} images); prepared in {subject.seconds:.0f} s", flush=True)
            if learned := [kind for kind in args.importance if kind in LEARNED]:
                subject.learn(learned, args.build / "bin" / "pare-train", found, folder, ["--steps", str(args.gate_steps)])
            report[found.name] = [{"where": "original", "map": accuracy.value, "images": accuracy.images}]
            ask(subject, args, report[found.name])
            if args.json:
                args.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
