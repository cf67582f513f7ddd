#!/usr/bin/env python3
"""What a super-network's sub-networks keep of a detector's accuracy: mAP by the share of MACs that is removed, beside what
closed-form repair keeps and what a correction trained for that plan alone keeps.

  ./dev bench supernet --model yolox_nano_416 --minutes 60
  ./dev bench supernet --model yolox_nano_416 --minutes 60 --most-images 128 --alone 15 --savings 0.1 0.2

Plans are those that `prepare` allocates.  Every mAP says its images; two that differ by less than a point on 128 images are equal.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import detectors  # noqa: E402
from pare_engine import Engine, link_dataset  # noqa: E402


class Subject:
    """One detector, prepared."""

    def __init__(self, engine, build, found, folder, images, threads):
        self.engine, self.model, self.folder, self.threads = engine, found.model, folder, threads
        self.trainer, self.images = build / "bin" / "pare-train", images or found.calibration
        self.dataset = link_dataset(folder / "dataset", found)
        self.card = engine.run("inspect_model", {"model": self.model}, {"card": {"head": found.head}})["result"]["card"]
        prepared = engine.run("prepare", {"model": self.model, "dataset": self.dataset},
                              {"card": self.card, "resolutions": [self.card["input"]], "precisions": ["fp32"], "seed": 1})
        self.statistics = prepared["files"]["statistics"]
        self.allocations = prepared["result"]["guidance"]["allocations"]
        self.card_file = folder / "card.json"
        self.card_file.write_text(json.dumps(self.card))

    def plan(self, widths):
        return {"version": 1, "input": self.card["input"], "widths": widths, "importance": "gram",
                "reconstruction": "independent" if widths else "none", "quantization": None}

    def command(self, name, *arguments):
        files = ["--model", self.model, "--statistics", self.statistics, "--card", self.card_file]
        ended = subprocess.run([self.trainer, name, *files, *arguments], stdout=subprocess.PIPE, text=True)
        if ended.returncode != 0:
            sys.exit(f"bench: pare-train {name} ended with {ended.returncode}")
        return [json.loads(line) for line in ended.stdout.splitlines()]

    def train(self, minutes, options):
        """The artifact, and the last line that the trainer said."""
        self.engine.count += 1
        out = self.folder / f"supernet-{self.engine.count}"
        said = self.command("supernet", "--images", self.images, "--minutes", str(minutes), "--threads", str(self.threads),
                            "-o", out, *options)
        return out, said[-1]

    def score(self, candidate):
        done = self.engine.run("evaluate", {"candidate": candidate, "dataset": self.dataset},
                               {"card": self.card, "runtime": "executor", "threads": 1, "images": None})
        return done["result"]["map_50_95"], done["result"]["images"]

    def closed_form(self, widths):
        built = self.engine.run("build", {"model": self.model, "statistics": self.statistics},
                                {"card": self.card, "plan": self.plan(widths)})
        return self.score(built["files"]["candidate"])

    def cut(self, supernet, widths):
        plan, candidate = self.folder / "plan.json", self.folder / "candidate.onnx"
        plan.write_text(json.dumps(self.plan(widths)))
        self.command("cut", "--supernet", supernet, "--plan", plan, "-o", candidate)
        return self.score(candidate)[0]

    def alone(self, allocation, arguments):
        plan = self.folder / "alone.json"
        plan.write_text(json.dumps(self.plan(allocation["widths"])))
        options = ["--plan", plan, "--knots", f"{allocation['macs_saved']:.6f}", *arguments.options]
        return self.cut(self.train(arguments.alone, options)[0], allocation["widths"])


def ask(subject, arguments):
    original, images = subject.closed_form({})
    print(f"original: mAP {original:.3f} on {images} images")
    knots = ["--knots", *map(str, arguments.knots)]
    supernet, said = subject.train(arguments.minutes, [*knots, *arguments.options])
    print(f"super-network: {said['steps']} steps in {said['seconds']:.0f} s, {said['skipped']} skipped, {supernet.stat().st_size / 1e6:.1f} MB; "
          f"held-out loss " + ", ".join(f"-{p['share']:.0%} {p['closed_form']:.2f} -> {p['trained']:.2f}" for p in said["held_out"]))
    print(f"{'MACs':>7} {'closed form':>12} {'inherited':>10}" + (f" {'alone':>7}" if arguments.alone else ""))
    for wanted in arguments.savings:
        near = min(subject.allocations, key=lambda a: abs(a["macs_saved"] - wanted))
        line = f"{-near['macs_saved']:>7.1%} {subject.closed_form(near['widths'])[0]:>12.3f} {subject.cut(supernet, near['widths']):>10.3f}"
        if arguments.alone:
            line += f" {subject.alone(near, arguments):>7.3f}"
        print(line, flush=True)
    if arguments.keep:
        shutil.copy(supernet, arguments.keep)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    detectors.add_arguments(parser, ["yolox_nano_416"])
    parser.add_argument("--minutes", type=float, default=60, help="of training")
    parser.add_argument("--alone", type=float, default=0, help="minutes of training each plan alone, too")
    parser.add_argument("--unlabelled", type=pathlib.Path, help="folder of images to learn from, instead of the calibration set")
    parser.add_argument("--most-images", type=int, default=0)
    parser.add_argument("--knots", type=float, nargs="+", default=[0.1, 0.25, 0.5])
    parser.add_argument("--savings", type=float, nargs="+", default=[0.1, 0.2, 0.3, 0.4])
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path, help="where the artifact is left")
    arguments = parser.parse_args()
    arguments.options = ["--batch", str(arguments.batch), "--rate", str(arguments.rate), "--seed", str(arguments.seed),
                         "--most-images", str(arguments.most_images)]
    for found in detectors.subjects(arguments):
        with tempfile.TemporaryDirectory() as scratch:
            engine = Engine(arguments.build, pathlib.Path(scratch) / "tasks")
            print(f"\n{found.name}")
            ask(Subject(engine, arguments.build, found, pathlib.Path(scratch), arguments.unlabelled, arguments.threads), arguments)


if __name__ == "__main__":
    main()
