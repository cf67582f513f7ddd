#!/usr/bin/env python3
"""What a super-network's sub-networks keep of a detector's accuracy: mAP by the share of MACs that is removed, beside what
closed-form repair keeps and what a correction trained for that plan alone keeps.

  ./dev bench supernet --model yolox_nano_416 --minutes 60
  ./dev bench supernet --model yolox_nano_416 --minutes 60 --alone 15 --savings 0.1 0.2
  ./dev bench supernet --model yolox_nano_416 --minutes 30 --images 64 128 512 0 --unlabelled DIR   the curve over images
  ./dev bench supernet --model yolox_nano_416 --minutes 30 --parts                                  blocks and kernels, too
  ./dev bench supernet --model yolox_nano_416 --supernet FILE --int8 30                             int8, from FILE on
  ./dev bench supernet --example --minutes 15 --seeds 1 2

Plans are those that `prepare` allocates.  Every mAP says its images, and every loss of points the half of its 95 % interval
on the same images (docs/adr/0020).
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
from prepared import Prepared  # noqa: E402

PLACEMENTS = ("silu_blocks", "operators", "convolutions")


class Subject(Prepared):
    def __init__(self, engine, build, found, folder, learned, threads, precisions):
        super().__init__(engine, found, link_dataset(folder / "dataset", found), precisions)
        self.folder, self.threads, self.trainer, self.learned = folder, threads, build / "bin" / "pare-train", learned
        self.card_file, self.guidance_file = folder / "card.json", folder / "guidance.json"
        self.card_file.write_text(json.dumps(self.card))
        self.guidance_file.write_text(json.dumps(self.guidance))

    def allocations(self, parts):
        """What is expected best: of widths alone, or of all levers where such a one differs."""
        for one in self.guidance["allocations"]:
            kept = {key: one[key] for key in ("widths", "skip", "kernels") if one.get(key)}
            if parts or set(kept) == {"widths"}:
                yield one["macs_saved"], kept

    def command(self, name, *arguments):
        files = ["--model", self.model, "--statistics", self.statistics, "--card", self.card_file]
        ended = subprocess.run([self.trainer, name, *files, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
        if ended.returncode != 0:
            sys.exit(f"bench: pare-train {name} ended with {ended.returncode}")
        return [json.loads(line) for line in ended.stdout.splitlines()]

    def train(self, minutes, options):
        """The artifact, and the last line that the trainer said."""
        self.engine.count += 1
        out = self.folder / f"supernet-{self.engine.count}"
        said = self.command("supernet", "--images", self.learned, "--minutes", minutes, "--threads", self.threads, "-o", out, *options)
        return out, said[-1]

    def cut(self, supernet, parts):
        plan, candidate = self.folder / "plan.json", self.folder / "candidate.onnx"
        plan.write_text(json.dumps(self.plan(parts)))
        self.command("cut", "--supernet", supernet, "--plan", plan, "-o", candidate)
        return candidate

    def alone(self, minutes, share, parts, options):
        plan = self.folder / "alone.json"
        plan.write_text(json.dumps(self.plan(parts)))
        return self.cut(self.train(minutes, ["--plan", plan, "--knots", f"{share:.6f}", *options])[0], parts)


def shown(accuracy, original):
    points, reach = accuracy.points_below(original)
    return f"{accuracy.value:.4f} ({points:+5.1f}{'' if reach is None else f' ±{reach:.1f}'})"


def named(parts):
    return "" if set(parts) == {"widths"} else "  without " + " ".join([*parts.get("skip", []), *(f"{k}={v}" for k, v in parts.get("kernels", {}).items())])


def told(said, supernet):
    print(f"super-network: {said['steps']} steps in {said['seconds']:.0f} s, {said['skipped']} skipped, {supernet.stat().st_size / 1e6:.1f} MB; "
          "held-out loss " + ", ".join(f"-{p['share']:.0%} {p['closed_form']:.2f} -> {p['trained']:.2f}" for p in said["held_out"]), flush=True)


def by_share(subject, original, supernet, arguments, options):
    """A line for each share: closed form, inherited, and trained alone where that is asked for."""
    print(f"{'MACs':>7} {'closed form':>20} {'inherited':>20}" + (f" {'alone':>20}" if arguments.alone else ""))
    for wanted in arguments.savings:
        for share, parts in subject.allocations(arguments.parts):
            if abs(share - wanted) > 0.03:
                continue
            line = [subject.score(subject.build(parts)["files"]["candidate"]), subject.score(subject.cut(supernet, parts))]
            if arguments.alone:
                line.append(subject.score(subject.alone(arguments.alone, share, parts, options)))
            print(f"{-share:>7.1%} " + " ".join(f"{shown(one, original):>20}" for one in line) + named(parts), flush=True)


def in_int8(subject, original, supernet, arguments, options):
    """Nothing but the decode tail in fp32: post-training beside what was trained for int8, and how fast either is."""
    trained, said = subject.train(arguments.int8, ["--int8", "--from", supernet, *options])
    told(said, trained)
    print(f"{'pairs around':>14} {'post-training':>20} {'trained':>20} {'times the original':>20}   (ONNX Runtime)")
    for placement in PLACEMENTS:
        def quantized(rounding, placement=placement):
            return {"quantization": {"weight_bits": 8, "ranges": "percentile", "symmetric": False, "placement": placement, "rounding": rounding,
                                     "equalization": False, "bias_correction": False}}
        after = subject.build(quantized("gram"))["files"]["candidate"]
        candidate = subject.cut(trained, {**quantized("nearest"), "weights": "supernet"})
        figures = [shown(subject.score(one, "onnxruntime"), original) for one in (after, candidate)]
        speed = subject.speed(candidate, arguments.blocks, 2)
        print(f"{placement:>14} {figures[0]:>20} {figures[1]:>20} {speed:>20.2f}", flush=True)
    return trained


def ask(subject, arguments):
    original = subject.score(subject.original["files"]["candidate"])
    print(f"original: mAP {original.value:.4f} on {original.images} images")
    for seed in arguments.seeds:
        for images in arguments.images:
            options = ["--batch", arguments.batch, "--rate", arguments.rate, "--seed", seed, "--most-images", images]
            supernet = arguments.supernet
            if supernet is None:
                print(f"\nseed {seed}, {images or 'all'} images to learn from", flush=True)
                guided = ["--guidance", subject.guidance_file] if arguments.parts else []
                pool = ["--knots", *arguments.knots, "--noise", arguments.noise, *guided]
                supernet, said = subject.train(arguments.minutes, [*pool, *options])
                told(said, supernet)
            by_share(subject, original, supernet, arguments, options)
            if arguments.int8:
                supernet = in_int8(subject, original, supernet, arguments, options)
            if arguments.keep:
                shutil.copy(supernet, arguments.keep)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    detectors.add_arguments(parser, ["yolox_nano_416"])
    parser.add_argument("--example", action="store_true", help="the detector that ships, instead")
    parser.add_argument("--minutes", type=float, default=60, help="of training")
    parser.add_argument("--alone", type=float, default=0, help="minutes of training each plan alone, too")
    parser.add_argument("--parts", action="store_true", help="blocks and kernels may go, too")
    parser.add_argument("--int8", type=float, default=0, help="minutes of training for int8 behind that")
    parser.add_argument("--supernet", type=pathlib.Path, help="one that is there, instead of training it")
    parser.add_argument("--unlabelled", type=pathlib.Path, help="folder of images to learn from, instead of the calibration set")
    parser.add_argument("--images", type=int, nargs="+", default=[0], help="how many of them (0: all), one training each")
    parser.add_argument("--knots", type=float, nargs="+", default=[0.1, 0.2, 0.4])
    parser.add_argument("--noise", type=float, default=0.15, help="how far the pool's plans are from what is expected best")
    parser.add_argument("--savings", type=float, nargs="+", default=[0.1, 0.2, 0.3, 0.4, 0.5])
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--blocks", type=int, default=5, help="of original and candidate in turn")
    parser.add_argument("--keep", type=pathlib.Path, help="where the last artifact is left")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        found = [detectors.example(arguments.build, folder)] if arguments.example else detectors.subjects(arguments)
        for number, one in enumerate(found):
            own = folder / f"subject-{number}"
            own.mkdir()
            learned = arguments.unlabelled or (folder / "learned" if arguments.example else one.calibration)
            print(f"\n{one.name}")
            subject = Subject(Engine(arguments.build, own / "tasks"), arguments.build, one, own, learned, arguments.threads,
                              ("fp32", "int8") if arguments.int8 else ("fp32",))
            ask(subject, arguments)


if __name__ == "__main__":
    main()
