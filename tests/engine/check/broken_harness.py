"""A harness that computes on ONNX Runtime and breaks the contract in one way: broken_harness.py FAULT."""
import os
import pathlib
import sys
import time

import numpy as np

RUNTIMES = pathlib.Path(__file__).parents[3] / "worker/runtimes"
sys.path[:0] = [str(RUNTIMES / "frame"), str(RUNTIMES / "onnxruntime")]
import pare_harness  # noqa: E402
from onnxruntime_harness import OnnxRuntime  # noqa: E402

FAULT = sys.argv[1]


class Broken(OnnxRuntime):
    """Faults of a runtime."""

    keeps = FAULT == "keeps another model"

    def precisions(self):
        return {"no fp32": ["int8"], "claims fp16": ["fp32", "fp16"], "unheard of": ["fp32", "fp7"]}.get(
            FAULT, super().precisions())

    def load(self, wanted):
        self.kept = wanted.kept
        model = super().load(wanted)
        if FAULT == "drops the batch":
            for tensor in model.outputs:
                tensor["shape"] = tensor["shape"][1:]
        if FAULT == "renames outputs":
            for index, tensor in enumerate(model.outputs):
                tensor["name"] = f"out{index}"
        if FAULT == "no settings":
            model.settings.clear()
        return model

    def bind(self, inputs, rooms):
        run = super().bind(inputs, rooms)
        if rooms is None and FAULT == "times nothing":
            return lambda: None
        return run

    def results(self, returned):
        arrays = super().results(returned)
        if FAULT == "is wrong":
            return [array * np.float32(1.01) for array in arrays]
        if FAULT == "other layout":
            return [array.swapaxes(-1, -2).reshape(array.shape) for array in arrays]
        if FAULT == "keeps another model" and self.kept:
            return [array + np.float32(0.001) for array in arrays]
        if FAULT == "answers of before":
            self.last, arrays = arrays, getattr(self, "last", arrays)
        return arrays

    def keep(self, file):
        pathlib.Path(file).write_text("kept")


class Server(pare_harness.Harness):
    """Faults of what is around a runtime."""

    def answer(self, line):
        answer = super().answer(line)
        if FAULT == "other code" and answer.get("error") == "not_found":
            answer["error"] = "unsupported"
        if FAULT == "no names" and "error" in answer:
            answer["message"] = "no"
        if FAULT == "one sample too many" and "samples_ms" in answer:
            answer["samples_ms"].append(1.0)
        if FAULT == "always narrow" and "samples_ms" in answer:
            answer["narrow"] = True
        if FAULT == "always layers" and "samples_ms" in answer:
            answer["layers"] = [{"name": "a", "type": "Conv", "ms": 1.0}]
        if FAULT == "twice the same layer" and "layers" in answer:
            answer["layers"] *= 2
        return answer

    def load(self, fields):
        if FAULT == "takes any option":
            fields.left.pop("options", None)
        if FAULT == "takes any device":
            fields.left.pop("device", None)
        if FAULT == "takes any floats":
            fields.left.pop("floats", None)
        if FAULT == "takes any field":
            fields.left = {name: value for name, value in fields.left.items() if name in ("model", "threads")}
        return super().load(fields)

    def unload(self, fields):
        if FAULT == "forgets nothing":
            fields.finish()
            return {}
        return super().unload(fields)

    def time(self, fields):
        answer = super().time(fields)
        if FAULT == "prints":
            os.write(pare_harness.guard_stdout().fileno(), b"done\n")
        return answer

    def bye(self, fields):
        if FAULT == "stays":
            fields.finish()
            return {}
        return super().bye(fields)


def main():
    pare_harness.Harness = Server
    if FAULT == "ends badly":
        os._exit = lambda code: os.kill(os.getpid(), 11)
    if FAULT == "never ends":
        os._exit = lambda code: time.sleep(1000)
    pare_harness.serve(Broken(), [])


if __name__ == "__main__":
    main()
