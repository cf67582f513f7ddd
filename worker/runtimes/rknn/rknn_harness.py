#!/usr/bin/env python3
"""The harness of Rockchip's NPUs (docs/runtimes.md): RKNN-Toolkit2 on the board, which converts the ONNX file when it is
loaded.  Written against Rockchip's documentation; not yet verified on hardware.

The NPU computes floating-point numbers in fp16, whatever the file says: hello offers nothing else, and a load that asks for
fp32 is refused.  Its int8 comes from its own calibration, not from Q/DQ nodes.
"""
import pathlib
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "frame"))
from pare_conversion import OnnxFile, shaped  # noqa: E402
from pare_harness import Model, Option, Runtime, guard_stdout, serve, unsupported  # noqa: E402

if __name__ == "__main__":
    guard_stdout()  # the toolkit prints
from rknn.api import RKNN  # noqa: E402

CHIPS = pathlib.Path("/proc/device-tree/compatible")


class Rknn(Runtime):
    name, title = "rknn", "RKNN"
    options = {"core_mask": Option("auto", ("auto", "0", "1", "2", "all")),
               "optimization_level": Option("3", ("0", "1", "2", "3"))}

    def __init__(self):
        self.net = self.file = None

    def versions(self):
        from importlib.metadata import version
        return {"rknn": version("rknn-toolkit2")}

    def precisions(self):
        return ["fp16"]

    def devices(self):
        """The chip that this board says it has."""
        words = CHIPS.read_bytes().decode(errors="replace").replace("\0", ",") if CHIPS.exists() else ""
        return [word for word in words.split(",") if word.startswith(("rk3", "rv11"))][:1]

    def load(self, wanted):
        if wanted.floats != "fp16":
            raise unsupported("this NPU computes in fp16, not in fp32")
        self.file = OnnxFile(wanted.model, self.title)
        self.file.require()
        net = RKNN(verbose=False)
        self.step("config", net.config(target_platform=wanted.device,
                                       optimization_level=int(wanted.options["optimization_level"])))
        self.step("load_onnx", net.load_onnx(model=wanted.model))
        self.step("build", net.build(do_quantization=False))
        start = time.perf_counter()
        masks = {"auto": RKNN.NPU_CORE_AUTO, "0": RKNN.NPU_CORE_0, "1": RKNN.NPU_CORE_1, "2": RKNN.NPU_CORE_2,
                 "all": RKNN.NPU_CORE_0_1_2}
        self.step("init_runtime", net.init_runtime(target=None, core_mask=masks[wanted.options["core_mask"]]))
        self.net = net
        return Model(self.file.inputs, self.file.outputs, {"device": wanted.device} | wanted.options,
                     (time.perf_counter() - start) * 1e3)

    @staticmethod
    def step(what, code):
        if code != 0:
            raise unsupported(f"RKNN's {what} gave {code}: the log says why")

    def infer(self, inputs):
        arrays = [inputs[tensor["name"]] for tensor in self.file.inputs]
        return self.net.inference(inputs=arrays, data_format=["nchw"] * len(arrays))

    def results(self, returned):
        if returned is None:
            raise unsupported("RKNN cannot run this model: the log says why")
        return [shaped(np.asarray(array, np.float32), wanted, self.title)
                for array, wanted in zip(returned, self.file.outputs, strict=True)]

    def unload(self):
        if self.net is not None:
            self.net.release()
        self.net = self.file = None


if __name__ == "__main__":
    serve(Rknn())
