#!/usr/bin/env python3
"""How far ONNX Runtime is from what another runtime computed, for tests.

usage: onnxruntime_agrees.py FOLDER

For every FOLDER/<name>.onnx: loads it as users do (optimised), runs it on the float32 numbers of
FOLDER/<name>.in.bin and prints the name and the largest difference of its outputs from
FOLDER/<name>.<n>.bin, n from 0 in the order of the outputs, divided by the largest value of that
output (at least 1e-2: scores that a random plan pushes to 0 are still right to 1e-7 only); "inf"
where sizes differ or a value is not finite.  A file that does not load is an error that says so.
"""
import pathlib
import sys

import numpy as np
import onnxruntime


def outputs_of(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"])
        given = session.get_inputs()[0]
        data = np.fromfile(path.with_suffix(".in.bin"), np.float32).reshape(given.shape)
        return session.run(None, {given.name: data})
    except Exception as error:
        sys.exit(f"{path}: {error}")


def difference(own, other):
    other = other.reshape(-1)
    if own.size != other.size or not (np.isfinite(own).all() and np.isfinite(other).all()):
        return float("inf")
    return float(np.abs(own.reshape(-1) - other).max() / max(np.abs(other).max(), 1e-2))


def main(folder):
    for path in sorted(folder.glob("*.onnx")):
        worst = 0.0
        for number, own in enumerate(outputs_of(path)):
            other = np.fromfile(path.with_suffix(f".{number}.bin"), np.float32)
            worst = max(worst, difference(own.astype(np.float32), other))
        print(path.stem, f"{worst:.3e}", flush=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
