#!/usr/bin/env python3
"""How far apart ONNX Runtime finds models to be, for tests.

usage: compare_models.py FOLDER

For every FOLDER/<name>.a.onnx, runs it, FOLDER/<name>.b.onnx and, where there is one,
FOLDER/<name>.c.onnx unoptimised on one seeded input in [0, 1), and prints a line: the name, then the
largest difference of b's and of c's outputs from a's, divided by the largest value of that output
(at least 1e-3); "inf" where shapes differ or a value is not finite.  A model that does not load is
an error that says so.
"""
import pathlib
import sys
import zlib

import numpy as np
import onnxruntime


def outputs_of(path, seed):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"])
        given = session.get_inputs()[0]
        data = np.random.default_rng(seed).uniform(0, 1, given.shape).astype(np.float32)
        return session.run(None, {given.name: data})
    except Exception as error:
        sys.exit(f"{path}: {error}")


def difference(ours, theirs):
    worst = 0.0
    for a, b in zip(ours, theirs, strict=True):
        if a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
            return float("inf")
        worst = max(worst, float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-3)))
    return worst


def main(folder):
    for first in sorted(folder.glob("*.a.onnx")):
        name = first.name.removesuffix(".a.onnx")
        seed = zlib.crc32(name.encode())
        expected = outputs_of(first, seed)
        found = []
        for other in ("b", "c"):
            path = folder / f"{name}.{other}.onnx"
            if path.exists():
                found.append(f"{difference(outputs_of(path, seed), expected):.3e}")
        print(name, *found, flush=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
