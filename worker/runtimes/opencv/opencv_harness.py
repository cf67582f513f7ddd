#!/usr/bin/env python3
"""The harness of OpenCV's dnn module (docs/runtimes.md).

OpenCV 5 has two engines: `new`, and `classic`, which OpenCV 4 had; `auto` is OpenCV's own choice, the new one.
Only the new one computes Q/DQ nodes in int8: the classic one rounds, and computes in float32.
"""
import pathlib
import sys

import cv2
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "frame"))
from pare_conversion import OnnxFile, shaped  # noqa: E402
from pare_harness import Model, Option, Runtime, median, serve, unsupported  # noqa: E402

ENGINES = {"auto": cv2.dnn.ENGINE_AUTO, "classic": cv2.dnn.ENGINE_CLASSIC, "new": cv2.dnn.ENGINE_NEW}
SWITCH = ("on", "off")
PROFILED_RUNS = 5  # as in worker/runtimes/frame/serve.cpp


class OpencvDnn(Runtime):
    name, title, profiles = "opencv-dnn", "OpenCV's dnn", True
    options = {"engine": Option("auto", tuple(ENGINES)), "fusion": Option("on", SWITCH), "winograd": Option("on", SWITCH)}

    def __init__(self):
        self.net = self.file = None

    def versions(self):
        return {"opencv-dnn": cv2.__version__}

    def precisions(self):
        return ["fp32", "int8"]

    def load(self, wanted):
        self.file = OnnxFile(wanted.model, self.title)
        self.file.require(quantized=True)
        cv2.setNumThreads(wanted.threads)
        try:
            self.net = cv2.dnn.readNetFromONNX(wanted.model, ENGINES[wanted.options["engine"]])
            self.net.enableFusion(wanted.options["fusion"] == "on")
            self.net.enableWinograd(wanted.options["winograd"] == "on")
        except cv2.error as error:
            raise unsupported(f"OpenCV's dnn cannot load {wanted.model}: {str(error)[:1000]}") from error
        return Model(self.file.inputs, self.file.outputs,
                     {"num_threads": str(cv2.getNumThreads()), "target": "CPU"} | wanted.options)

    def bind(self, inputs, rooms):
        net, names = self.net, [tensor["name"] for tensor in self.file.outputs]

        def run():
            for name, array in inputs.items():
                net.setInput(array, name)
            return net.forward(names)
        return run

    def results(self, returned):
        return [shaped(array, wanted, self.title) for array, wanted in zip(returned, self.file.outputs, strict=True)]

    def profiled_layers(self, inputs):
        """Layers that were fused into another have no time of their own."""
        run, net, ticks = self.bind(inputs, None), self.net, []
        for _ in range(PROFILED_RUNS):
            run()
            ticks.append(net.getPerfProfile()[1].ravel())
        names, times = net.getLayerNames(), np.array(ticks) * 1e3 / cv2.getTickFrequency()
        layers = [(name.removeprefix("onnx_node!"), net.getLayer(net.getLayerId(name)).type, median(of_runs))
                  for name, of_runs in zip(names, times.T.tolist())]
        return [{"name": name, "type": kind, "ms": ms} for name, kind, ms in layers if ms > 0]

    def unload(self):
        self.net = self.file = None


if __name__ == "__main__":
    serve(OpencvDnn())
