#!/usr/bin/env python3
"""What leaving out blocks and shrinking kernels costs a detector without training, beside narrowing it.

Each stage with its first 1, 2, ... blocks left out, each layer with each smaller kernel, alone; then the widths that
`prepare` allocates, and, with --mixed, its allocations of all three.  Damage is what was expected before; mAP and
speed are measured.  Speed is the original's time over the candidate's on one thread, alternating in the same run; beside
it stands the share of the original's time that the layers take which go, from the runtime's own profile: on a busy
machine that says more.

  ./dev bench depth --model yolox_nano_416
  ./dev bench depth --model fastestdet_352 --only kernels --no-speed
"""
import argparse
import json
import pathlib
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import detectors  # noqa: E402
from pare_engine import Engine, TaskFailed, link_dataset  # noqa: E402
from prepared import Prepared  # noqa: E402


class Subject(Prepared):
    def __init__(self, engine, found, dataset):
        super().__init__(engine, found, dataset)
        self.layers_of = {}
        for block in (b for stage in self.summary.get("stages", []) for b in stage["blocks"]):
            self.layers_of[block["name"]] = block["layers"]

    def profile(self, seconds):
        """Share of the original's time by layer: of three runs the median."""
        runs = [self.time(self.original["files"]["candidate"], seconds, profile=True) for _ in range(3)]
        totals = [sum(run.values()) or 1 for run in runs]
        return {layer: statistics.median(run.get(layer, 0) / total for run, total in zip(runs, totals)) for layer in runs[0]}

    def time_share(self, parts, shares):
        """Of what a plan leaves out or shrinks."""
        layers = {layer for block in parts.get("skip", []) for layer in self.layers_of[block]} | set(parts.get("kernels", {}))
        return sum(shares.get(layer, 0) for layer in layers)

    def milliseconds(self, built, blocks, seconds):
        """Of the original, and fewer than that: medians over blocks of the two in turn."""
        pairs = self.times_in_turn(built["files"]["candidate"], blocks, seconds)
        return statistics.median(a for a, _ in pairs), statistics.median(a - b for a, b in pairs)

    def choices(self, kinds, mixed):
        """(what, plan's part, expected damage), each alone."""
        for stage in self.guidance.get("blocks", []) if "blocks" in kinds else []:
            for k, damage in enumerate(stage["damage"]):
                yield f"-{k + 1} {stage['blocks'][k]}", {"skip": stage["blocks"][:k + 1]}, damage
        for layer in self.guidance.get("kernels", []) if "kernels" in kinds else []:
            for size, damage in zip(layer["sizes"], layer["damage"]):
                yield f"{size}x{size} {layer['layer']}", {"kernels": {layer["layer"]: size}}, damage
        for allocation in self.guidance["allocations"] if "widths" in kinds else []:
            parts = {key: allocation[key] for key in ("widths", "skip", "kernels") if allocation.get(key)}
            if mixed or set(parts) == {"widths"}:
                yield "+".join(sorted(parts)), parts, allocation["damage"]


def ask(subject, args, accuracy, rows):
    shares = subject.profile(args.seconds)
    for what, parts, damage in subject.choices(args.only, args.mixed):
        try:
            built = subject.build(parts)
            own = subject.score(built["files"]["candidate"])
        except TaskFailed as failed:
            print(f"  {what}: {failed}", flush=True)
            continue
        row = {"what": what, "parts": parts, "damage": damage, "map": own.value, "lost": accuracy.value - own.value, "images": own.images,
               "saved": subject.saved(built)}
        row["time_share"] = subject.time_share(parts, shares)
        text = f"  {row['saved']:6.2%} fewer MACs  damage {damage:7.4f}  mAP {own.value:.4f} ({100 * row['lost']:+5.2f} points lost)  {row['time_share']:6.2%} of time"
        if not args.no_speed:
            row["ms"], row["ms_saved"] = subject.milliseconds(built, args.blocks, args.seconds)
            text += f"  {row['ms_saved']:6.3f} of {row['ms']:.2f} ms"
        rows.append(row)
        print(f"{text}  {what}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    detectors.add_arguments(parser, ["yolox_nano_416", "yolov5n_640"])
    parser.add_argument("--only", nargs="+", choices=("blocks", "kernels", "widths"), default=["blocks", "kernels", "widths"])
    parser.add_argument("--mixed", action="store_true", help="allocations of widths, blocks and kernels together, too")
    parser.add_argument("--no-speed", action="store_true")
    parser.add_argument("--blocks", type=int, default=5, help="of original and candidate in turn")
    parser.add_argument("--seconds", type=float, default=2, help="of each timed block")
    parser.add_argument("--json", type=pathlib.Path, help="also write the rows here")
    args = parser.parse_args()
    report = {}
    with tempfile.TemporaryDirectory(prefix="pare-bench-") as scratch:
        for found in detectors.subjects(args):
            folder = pathlib.Path(scratch) / found.name
            engine = Engine(args.build, folder)
            subject = Subject(engine, found, link_dataset(folder / "dataset", found))
            accuracy = subject.score(subject.original["files"]["candidate"])
            print(f"{found.name}: original mAP {accuracy.value:.4f} ({accuracy.images} images); prepared in {subject.seconds:.0f} s", flush=True)
            rows = report[found.name] = [{"what": "original", "map": accuracy.value, "images": accuracy.images}]
            ask(subject, args, accuracy, rows)
            if args.json:
                args.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
