#!/usr/bin/env python3
"""The harness of MNN (docs/runtimes.md): the ONNX file is converted by MNN's converter when it is loaded.

Floating-point numbers are float32 (`precision: high`) unless `floats` says fp16 (`low`).  The converter is called
as a function of the library: the wheel's script `mnnconvert` installs packages and reports to its makers.
"""
import os
import pathlib
import sys
import tempfile
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "frame"))
from pare_conversion import Converted, OnnxFile, convert, identity_of, read_kept, shaped  # noqa: E402
from pare_harness import Model, Option, Runtime, computes_in_fp16, guard_stdout, serve, unsupported  # noqa: E402

if __name__ == "__main__":
    guard_stdout()  # MNN prints while it is imported
import MNN  # noqa: E402

PART = "model.mnn"
CONVERT = "import sys, _tools; _tools.mnnconvert(sys.argv)"
PRECISION = {"fp32": "high", "fp16": "low"}


def converted(onnx_file):
    with tempfile.TemporaryDirectory(prefix="pare-mnn-") as folder:
        words = ["-f", "ONNX", "--modelFile", os.path.abspath(onnx_file.path), "--MNNModel", PART, "--bizCode", "pare"]
        convert("MNN", [sys.executable, "-c", CONVERT, *words], folder, [PART])
        return {PART: (pathlib.Path(folder) / PART).read_bytes()}


def host_tensor(shape):
    return MNN.Tensor(tuple(shape), MNN.Halide_Type_Float, np.zeros(shape, np.float32), MNN.Tensor_DimensionType_Caffe)


class Mnn(Runtime):
    name, title, keeps = "mnn", "MNN", True
    options = {"memory": Option("normal", ("high", "normal", "low")), "power": Option("normal", ("high", "normal", "low"))}

    def __init__(self):
        self.net = self.session = self.file = self.converted = None

    def versions(self):
        return {"mnn": MNN.version()}

    def precisions(self):
        return ["fp32", "fp16"] if computes_in_fp16() else ["fp32"]

    def load(self, wanted):
        self.file = OnnxFile(wanted.model, self.title)
        self.file.require()
        identity = identity_of(wanted.model, MNN.version())
        parts = wanted.kept and read_kept(wanted.kept, identity) or converted(self.file)
        self.converted = Converted(identity, parts)
        settings = {"backend": "CPU", "numThread": wanted.threads, "precision": PRECISION[wanted.floats], **wanted.options}
        start = time.perf_counter()
        with tempfile.NamedTemporaryFile(prefix="pare-mnn-") as file:
            file.write(parts[PART])
            file.flush()
            self.net = MNN.Interpreter(file.name)
        self.session = self.net.createSession(settings)
        load_ms = (time.perf_counter() - start) * 1e3
        self.check_edges()
        return Model(self.file.inputs, self.file.outputs, {name: str(value) for name, value in settings.items()}, load_ms)

    def check_edges(self):
        """A model that MNN cannot lay out has outputs of no size, and no error."""
        for tensors, known in ((self.file.inputs, self.net.getSessionInputAll(self.session)),
                               (self.file.outputs, self.net.getSessionOutputAll(self.session))):
            for tensor in tensors:
                if tensor["name"] not in known:
                    raise unsupported(f"MNN's converter lost {tensor['name']}; it knows {', '.join(sorted(known))}")
                have = list(known[tensor["name"]].getShape())
                if min(have, default=1) < 1:
                    raise unsupported(f"MNN finds no shape for {tensor['name']}: the log says why")
                shaped(np.empty(have, np.float32), tensor, self.title)

    def bind(self, inputs, rooms):
        """A sample has the ways in and out of MNN's own layout in it: an application pays for them, too."""
        net, session = self.net, self.session
        known_in, known_out = net.getSessionInputAll(session), net.getSessionOutputAll(session)
        given = [(known_in[name], MNN.Tensor(array.shape, MNN.Halide_Type_Float, np.ascontiguousarray(array),
                                             MNN.Tensor_DimensionType_Caffe)) for name, array in inputs.items()]
        taken = [(known_out[tensor["name"]], host_tensor(known_out[tensor["name"]].getShape()))
                 for tensor in self.file.outputs]

        def run():
            for inside, outside in given:
                inside.copyFromHostTensor(outside)
            failed = net.runSession(session)
            for inside, outside in taken:
                inside.copyToHostTensor(outside)
            return failed, taken
        return run

    def results(self, returned):
        failed, taken = returned
        if failed:
            raise unsupported(f"MNN cannot compute this model: runSession gave {failed}")
        return [shaped(np.array(outside.getNumpyData(), np.float32).reshape(outside.getShape()), wanted, self.title)
                for (_, outside), wanted in zip(taken, self.file.outputs)]

    def keep(self, file):
        self.converted.keep(file)

    def unload(self):
        self.net = self.session = self.file = self.converted = None


if __name__ == "__main__":
    serve(Mnn())
