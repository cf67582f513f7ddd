#!/usr/bin/env python3
"""The harness of ncnn (docs/runtimes.md): the ONNX file is converted by pnnx when it is loaded.

Floating-point numbers are float32 unless `floats` says fp16: ncnn's own default is fp16 wherever it can.
ncnn has no batches and drops that dimension; Q/DQ nodes are left over by pnnx and are refused.
"""
import importlib.util
import os
import pathlib
import sys
import tempfile
import time

import ncnn
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "frame"))
from pare_conversion import Converted, OnnxFile, convert, identity_of, read_kept, shaped  # noqa: E402
from pare_harness import Model, Option, Runtime, computes_in_fp16, serve, unsupported  # noqa: E402

PARTS = ("model.ncnn.param", "model.ncnn.bin")
SWITCH = ("on", "off")


def pnnx_program():
    """The wheel's own module imports torch: what it starts is beside it."""
    found = importlib.util.find_spec("pnnx")
    program = pathlib.Path(found.submodule_search_locations[0]) / "pnnx" if found else None
    if program is None or not program.is_file():
        raise unsupported("ncnn reads no ONNX by itself, and pnnx is not installed")
    return str(program)


def converted(onnx_file):
    """The two files that pnnx makes, as bytes by name."""
    shapes = ",".join(str(tensor["shape"]).replace(" ", "") for tensor in onnx_file.inputs)
    with tempfile.TemporaryDirectory(prefix="pare-ncnn-") as folder:
        os.symlink(os.path.abspath(onnx_file.path), os.path.join(folder, "model.onnx"))
        convert("ncnn", [pnnx_program(), "model.onnx", f"inputshape={shapes}", "fp16=0"], folder, PARTS)
        return {name: (pathlib.Path(folder) / name).read_bytes() for name in PARTS}


def refuse_leftovers(param):
    """Layers that pnnx could not express in ncnn keep a name of PyTorch's or of its own."""
    kinds = {line.split()[0] for line in param.decode().splitlines()[2:] if line.strip()}
    left = sorted(kind for kind in kinds if "." in kind or "::" in kind)
    if left:
        raise unsupported(f"ncnn has no layer {', '.join(left)}: pnnx found none for a part of this model")


class Ncnn(Runtime):
    name, title, keeps = "ncnn", "ncnn", True
    options = {"winograd": Option("on", SWITCH), "packing": Option("on", SWITCH), "sgemm": Option("on", SWITCH)}

    def __init__(self):
        self.net = self.file = self.converted = None

    def versions(self):
        return {"ncnn": ncnn.__version__}

    def precisions(self):
        return ["fp32", "fp16"] if computes_in_fp16() else ["fp32"]

    def load(self, wanted):
        self.file = OnnxFile(wanted.model, self.title)
        self.file.require()
        if any(tensor["shape"][:1] != [1] or len(tensor["shape"]) > 4 for tensor in self.file.inputs):
            raise unsupported(f"ncnn has no batches: {self.file.inputs}")
        identity = identity_of(wanted.model, ncnn.__version__)
        parts = wanted.kept and read_kept(wanted.kept, identity) or converted(self.file)
        refuse_leftovers(parts[PARTS[0]])
        self.converted = Converted(identity, parts)
        start = time.perf_counter()
        self.net = self.open_net(wanted, parts)
        load_ms = (time.perf_counter() - start) * 1e3
        return Model(self.file.inputs, self.file.outputs,
                     {"num_threads": str(wanted.threads), "floats": wanted.floats} | wanted.options, load_ms)

    def open_net(self, wanted, parts):
        net, fp16 = ncnn.Net(), wanted.floats == "fp16"
        net.opt.num_threads, net.opt.use_vulkan_compute, net.opt.use_bf16_storage = wanted.threads, False, False
        net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = fp16
        net.opt.use_winograd_convolution = wanted.options["winograd"] == "on"
        net.opt.use_packing_layout = wanted.options["packing"] == "on"
        net.opt.use_sgemm_convolution = wanted.options["sgemm"] == "on"
        with tempfile.TemporaryDirectory(prefix="pare-ncnn-") as folder:
            for name, data in parts.items():
                (pathlib.Path(folder) / name).write_bytes(data)
            failed = (net.load_param(os.path.join(folder, PARTS[0])) or net.load_model(os.path.join(folder, PARTS[1])))
        if failed or len(net.input_names()) != len(self.file.inputs) or len(net.output_names()) != len(self.file.outputs):
            raise unsupported(f"ncnn cannot load what pnnx made of {wanted.model}: the log says why")
        return net

    def bind(self, inputs, rooms):
        """pnnx names inputs in0, in1, ... and outputs out0, ... in the order of the file."""
        net, results = self.net, range(len(self.file.outputs))
        mats = [(f"in{index}", ncnn.Mat(np.ascontiguousarray(inputs[tensor["name"]][0])).clone())
                for index, tensor in enumerate(self.file.inputs)]

        def run():
            extractor = net.create_extractor()
            for name, mat in mats:
                extractor.input(name, mat)
            return [extractor.extract(f"out{index}") for index in results]
        return run

    def results(self, returned):
        if any(failed for failed, _ in returned):
            raise unsupported("ncnn cannot compute this model: the log says why")
        return [shaped(np.array(mat), wanted, self.title) for (_, mat), wanted in zip(returned, self.file.outputs)]

    def keep(self, file):
        self.converted.keep(file)

    def unload(self):
        self.net = self.file = self.converted = None


if __name__ == "__main__":
    serve(Ncnn())
