#!/usr/bin/env python3
"""Do the runtimes compute what OpenVINO computes?  A table of detectors and runtimes, for docs/runtimes.md.

usage: runtime_parity.py RUNTIMES_JSON MODEL.onnx... [--image FILE] [--only RUNTIME]...

Every harness of RUNTIMES_JSON loads every model in fp32 and runs one input: the image, stretched to the model's size, as RGB
in 0..1, or noise without one.  A cell is the largest difference from the same output of the harness "openvino", divided by
that output's range, of all outputs; or why there is none.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

import numpy as np


class Harness:
    def __init__(self, command, log):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": "internal", "message": "the harness ended"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def image_for(shape, image):
    if image is None:
        return np.random.default_rng(1).uniform(0, 1, shape).astype(np.float32)
    import cv2
    pixels = cv2.resize(cv2.imread(str(image)), (shape[3], shape[2]))[:, :, ::-1]
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32) / np.float32(255)


def outputs_of(command, model, image, folder, log):
    """Arrays by name, or why there are none."""
    with Harness(command, log) as harness:
        loaded = harness.ask(do="load", model=str(model), threads=1)
        if "error" in loaded:
            return loaded["message"]
        files = {}
        for index, tensor in enumerate(loaded["inputs"]):
            files[tensor["name"]] = str(folder / f"input-{index}.npy")
            np.save(files[tensor["name"]], image_for(tensor["shape"], image))
        done = harness.ask(do="infer", inputs=files, outputs=str(folder))
        if "error" in done:
            return done["message"]
        return {name: np.load(file).copy() for name, file in done["outputs"].items()}


def difference(actual, expected):
    worst = 0.0
    for name, wanted in expected.items():
        if name not in actual or actual[name].shape != wanted.shape:
            return float("inf")
        worst = max(worst, float(np.abs(actual[name] - wanted).max() / max(wanted.max() - wanted.min(), 1e-9)))
    return worst


def cell(got, expected):
    return got if isinstance(got, str) else f"{difference(got, expected):.1e}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runtimes", type=pathlib.Path)
    parser.add_argument("models", type=pathlib.Path, nargs="+")
    parser.add_argument("--image", type=pathlib.Path)
    parser.add_argument("--only", action="append")
    args = parser.parse_args()
    commands = json.loads(args.runtimes.read_text())
    names = [name for name in sorted(commands) if name != "openvino" and (not args.only or name in args.only)]
    print("| detector |", " | ".join(names), "|\n| --- |", " | ".join("---" for _ in names), "|")
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryFile() as log:
        folder = pathlib.Path(scratch)
        for model in args.models:
            expected = outputs_of(commands["openvino"], model, args.image, folder, log)
            if isinstance(expected, str):
                raise SystemExit(f"{model}: {expected}")
            cells = [cell(outputs_of(commands[name], model, args.image, folder, log), expected) for name in names]
            print(f"| {model.stem} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
