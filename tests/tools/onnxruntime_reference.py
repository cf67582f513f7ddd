#!/usr/bin/env python3
"""What ONNX Runtime computes for a model, tensor by tensor, for tests to compare with.

usage: onnxruntime_reference.py MODEL FOLDER [--outputs-only] [--seed N] [--range LOW HIGH]

Runs MODEL unoptimised on one seeded uniform input and writes FOLDER/<n>.bin for the input (n = 0)
and for every tensor that a node makes (or every output), and FOLDER/index.txt with one line each:
file, dtype, dimensions joined by "x" (or "scalar"), name.
"""
import argparse
import pathlib

import numpy as np
import onnx
import onnxruntime


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--outputs-only", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--range", nargs=2, type=float, default=(0.0, 1.0))
    return parser.parse_args()


def expose_everything(model):
    """Makes every node's outputs, Constant nodes' too, outputs of the graph."""
    listed = {output.name for output in model.graph.output}
    for node in model.graph.node:
        for name in node.output:
            if name and name not in listed:
                model.graph.output.append(onnx.ValueInfoProto(name=name))
    return model


def main():
    arguments = parse_arguments()
    model = onnx.load(arguments.model)
    if not arguments.outputs_only:
        expose_everything(model)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # weights listed as inputs are warned about one by one
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    weights = {tensor.name for tensor in model.graph.initializer}
    given = next(i for i in session.get_inputs() if i.name not in weights)
    low, high = arguments.range
    random = np.random.default_rng(arguments.seed)
    data = random.uniform(low, high, given.shape).astype(np.float32)
    names = [output.name for output in session.get_outputs()]
    tensors = [(given.name, data), *zip(names, session.run(names, {given.name: data}))]

    arguments.folder.mkdir(parents=True, exist_ok=True)
    with open(arguments.folder / "index.txt", "w") as index:
        for number, (name, value) in enumerate(tensors):
            np.ascontiguousarray(value).tofile(arguments.folder / f"{number}.bin")
            shape = "x".join(map(str, value.shape)) or "scalar"
            index.write(f"{number}.bin {value.dtype} {shape} {name}\n")


if __name__ == "__main__":
    main()
