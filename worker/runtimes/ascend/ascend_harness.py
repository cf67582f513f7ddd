#!/usr/bin/env python3
"""The harness of Huawei's Ascend NPUs (docs/runtimes.md): CANN's `atc` converts the ONNX file when it is loaded, ais_bench's
sessions run it.  Written against Huawei's documentation; not yet verified on hardware.

`atc` makes float32 narrower unless it is told otherwise: `must_keep_origin_dtype`, or `force_fp16` where `floats` says fp16.
"""
import pathlib
import shutil
import sys
import tempfile
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "frame"))
from pare_conversion import Converted, OnnxFile, convert, identity_of, read_kept, shaped  # noqa: E402
from pare_harness import Model, Option, Runtime, guard_stdout, invalid, serve, unsupported  # noqa: E402

if __name__ == "__main__":
    guard_stdout()  # the library prints
from ais_bench.infer.interface import InferSession  # noqa: E402

PART = "model.om"
PRECISION = {"fp32": "must_keep_origin_dtype", "fp16": "force_fp16"}


class Ascend(Runtime):
    name, title, keeps = "ascend", "Ascend", True
    options = {"soc_version": Option(), "aic_core_num": Option()}

    def __init__(self):
        self.session = self.file = self.made = None

    def versions(self):
        from importlib.metadata import version
        return {"ais_bench": version("ais_bench"), "aclruntime": version("aclruntime")}

    def precisions(self):
        return ["fp32", "fp16"]

    def devices(self):
        return sorted(f"NPU:{path.name.removeprefix('davinci')}" for path in pathlib.Path("/dev").glob("davinci[0-9]*"))

    def load(self, wanted):
        self.file = OnnxFile(wanted.model, self.title)
        self.file.require()
        identity = identity_of(wanted.model, str(self.versions()), wanted.floats, str(wanted.options))
        parts = wanted.kept and read_kept(wanted.kept, identity) or self.converted(wanted)
        self.made = Converted(identity, parts)
        with tempfile.TemporaryDirectory(prefix="pare-ascend-") as folder:
            path = pathlib.Path(folder) / PART
            path.write_bytes(parts[PART])
            start = time.perf_counter()
            self.session = InferSession(int(wanted.device.removeprefix("NPU:")), str(path))
        return Model(self.file.inputs, self.file.outputs,
                     {"device": wanted.device, "precision_mode": PRECISION[wanted.floats]} | wanted.options,
                     (time.perf_counter() - start) * 1e3)

    def converted(self, wanted):
        if shutil.which("atc") is None:
            raise unsupported("Ascend reads no ONNX by itself, and CANN's atc is not in PATH")
        if "soc_version" not in wanted.options:
            raise invalid('option "soc_version" is missing: atc has to know the chip (npu-smi info)')
        words = ["atc", "--framework=5", f"--model={wanted.model}", "--output=model",
                 f"--soc_version={wanted.options['soc_version']}",
                 f"--precision_mode={PRECISION[wanted.floats]}"]
        if "aic_core_num" in wanted.options:
            words.append(f"--aicore_num={wanted.options['aic_core_num']}")
        with tempfile.TemporaryDirectory(prefix="pare-ascend-") as folder:
            convert("Ascend", words, folder, [PART])
            return {PART: (pathlib.Path(folder) / PART).read_bytes()}

    def infer(self, inputs):
        return self.session.infer([inputs[tensor["name"]] for tensor in self.file.inputs], mode="static")

    def results(self, returned):
        return [shaped(np.asarray(array, np.float32), wanted, self.title)
                for array, wanted in zip(returned, self.file.outputs, strict=True)]

    def keep(self, file):
        self.made.keep(file)

    def unload(self):
        self.session = self.file = self.made = None


if __name__ == "__main__":
    serve(Ascend())
