#!/usr/bin/env python3
"""What a detector's numbers cost and bring: shorter floats, fewer bits for weights in the file, eight and sixteen bits for
activations, weights that are zero.  mAP, bytes and speed on each runtime.

  ./dev bench formats --model yolox_nano_416
  ./dev bench formats --model yolov8n_640 --only storage sparsity --no-speed

Speed is the original's time over the candidate's on one thread, alternating in the same run: storage and zeros are
expected to bring none, and are timed all the same.  What a runtime does not take is said.
"""
import argparse
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import detectors  # noqa: E402
from pare_engine import Engine, TaskFailed, link_dataset  # noqa: E402
from prepared import Prepared  # noqa: E402

INT8 = {"weight_bits": 8, "ranges": "min_max", "placement": "convolutions", "rounding": "gram"}
FORMATS = {
    "floats": [("fp16", {"floats": "fp16"}), ("bf16", {"floats": "bf16"})],
    "storage": [("weights in 16 bits", {"storage": {"bits": 16}}),
                ("weights in 8 bits", {"storage": {"bits": 8}}),
                ("weights in 4 bits, linear", {"storage": {"bits": 4}}),
                ("weights in 4 bits, powers of two", {"storage": {"bits": 4, "grid": "power_of_two"}}),
                ("weights in 4 bits, codebook", {"storage": {"bits": 4, "grid": "codebook"}})],
    "int8": [("W8A8", {"quantization": {**INT8, "ranges": "percentile"}}),
             ("W8A16", {"quantization": {**INT8, "activation_bits": 16}})],
    "sparsity": [("2 of 4 weights", {"sparsity": {"keep": 2, "of": 4}}),
                 ("half of the weights", {"sparsity": {"percent": 50}}),
                 ("a quarter of the weights gone", {"sparsity": {"percent": 25}}),
                 ("2 of 4, in 8 bits", {"sparsity": {"keep": 2, "of": 4}, "storage": {"bits": 8}})],
}


def measured(subject, candidate, runtime, original, args):
    try:
        accuracy = subject.score(candidate, runtime)
        lost, reach = accuracy.points_below(original)
        text = f"{accuracy.value:.4f} ({lost:+5.1f}{'' if reach is None else f' ±{reach:.1f}'})"
        if args.no_speed:
            return text
        return text + f" {subject.speed(candidate, args.blocks, args.seconds, runtime):5.2f}x"
    except TaskFailed as failed:
        return f"not taken: {str(failed)[:60]}"


def ask(subject, args):
    whole = subject.original["files"]["candidate"]
    original = {runtime: subject.score(whole, runtime) for runtime in args.runtime}
    images = next(iter(original.values())).images
    print(f"  as it is: {whole.stat().st_size:,} bytes; mAP on {images} images: " +
          ", ".join(f"{runtime} {accuracy.value:.4f}" for runtime, accuracy in original.items()), flush=True)
    for kind in args.only:
        for name, parts in FORMATS[kind]:
            try:
                candidate = subject.build(parts)["files"]["candidate"]
            except TaskFailed as failed:
                print(f"  {name}: {failed}", flush=True)
                continue
            share = candidate.stat().st_size / whole.stat().st_size
            figures = [f"{runtime} {measured(subject, candidate, runtime, original[runtime], args)}" for runtime in args.runtime]
            print(f"  {name:34} {share:5.1%} of the bytes  " + "  ".join(figures), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    detectors.add_arguments(parser, ["yolox_nano_416"])
    parser.add_argument("--runtime", nargs="+", default=["onnxruntime", "openvino"])
    parser.add_argument("--only", nargs="+", choices=list(FORMATS), default=list(FORMATS))
    parser.add_argument("--no-speed", action="store_true")
    parser.add_argument("--blocks", type=int, default=5, help="of original and candidate in turn")
    parser.add_argument("--seconds", type=float, default=2, help="of each timed block")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pare-bench-") as scratch:
        for found in detectors.subjects(args):
            folder = pathlib.Path(scratch) / found.name
            print(found.name, flush=True)
            subject = Prepared(Engine(args.build, folder), found, link_dataset(folder / "dataset", found), ("fp32", "int8"))
            ask(subject, args)


if __name__ == "__main__":
    main()
