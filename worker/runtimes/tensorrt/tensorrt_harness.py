#!/usr/bin/env python3
"""The harness of TensorRT 10 by itself (docs/runtimes.md).  Written against NVIDIA's documentation; not yet verified on hardware.

The engine is built from the ONNX file when it is loaded, which takes minutes: `keep` holds it for this version on this
device.  TF32 is turned off: it is a narrower float32.  Q/DQ nodes are explicit quantization.  Plugins by name in the file
(EfficientNMS_TRT) are those of TensorRT's own library.
"""
import pathlib
import sys
import time

import numpy as np
import tensorrt as trt
from cuda.bindings import runtime as cudart

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "frame"))
from pare_conversion import Converted, OnnxFile, identity_of, read_kept  # noqa: E402
from pare_harness import Model, Option, Runtime, serve, unsupported  # noqa: E402

FLAGS = {"fp32": (), "fp16": (trt.BuilderFlag.FP16,), "bf16": (trt.BuilderFlag.BF16,)}
PART = "engine"
TO_DEVICE, TO_HOST = cudart.cudaMemcpyKind.cudaMemcpyHostToDevice, cudart.cudaMemcpyKind.cudaMemcpyDeviceToHost


def cuda(call, *arguments):
    """The result of a CUDA call; its error is a refusal."""
    code, *results = call(*arguments)
    if code != cudart.cudaError_t.cudaSuccess:
        raise unsupported(f"CUDA: {call.__name__} gave {code}")
    return results[0] if results else None


class Log(trt.ILogger):
    """Everything to the log; errors are remembered for the refusal."""

    def __init__(self):
        super().__init__()
        self.errors = []

    def log(self, severity, message):
        if int(severity) <= int(trt.ILogger.Severity.WARNING):
            print(message, file=sys.stderr)
        if int(severity) <= int(trt.ILogger.Severity.ERROR):
            self.errors.append(message)


class Buffer:
    """A tensor's memory on the device; a result has memory of ours, too."""

    def __init__(self, array):
        self.array = array
        self.device = cuda(cudart.cudaMalloc, max(array.nbytes, 1))

    def free(self):
        cudart.cudaFree(self.device)


class TensorRt(Runtime):
    name, title, keeps = "tensorrt", "TensorRT", True
    options = {"optimization_level": Option("3", ("0", "1", "2", "3", "4", "5")), "workspace_mib": Option()}

    def __init__(self):
        if not trt.__version__.startswith("10."):
            sys.exit(f"this harness is for TensorRT 10, which takes precisions as flags; here is {trt.__version__}")
        self.log = Log()
        trt.init_libnvinfer_plugins(self.log, "")
        self.engine = self.context = self.converted = self.file = None
        self.buffers = {}

    def versions(self):
        return {"tensorrt": trt.__version__, "cuda_runtime": str(cuda(cudart.cudaRuntimeGetVersion))}

    def precisions(self):
        builder = trt.Builder(self.log)
        have = {"fp32": True, "int8": builder.platform_has_fast_int8, "fp16": builder.platform_has_fast_fp16,
                "bf16": cuda(cudart.cudaGetDeviceProperties, 0).major >= 8}
        return [name for name, offered in have.items() if offered]

    def devices(self):
        return [f"CUDA:{index}" for index in range(cuda(cudart.cudaGetDeviceCount))]

    def load(self, wanted):
        self.file = OnnxFile(wanted.model, self.title)
        self.file.require(floats_only=False, quantized=True)
        index = int(wanted.device.removeprefix("CUDA:"))
        cuda(cudart.cudaSetDevice, index)
        chip = cuda(cudart.cudaGetDeviceProperties, index).name.decode()
        identity = identity_of(wanted.model, trt.__version__, chip, wanted.floats, str(wanted.options))
        kept = wanted.kept and read_kept(wanted.kept, identity)
        plan = kept[PART] if kept else self.build(wanted)
        self.converted = Converted(identity, {PART: plan})
        start = time.perf_counter()
        self.engine = trt.Runtime(self.log).deserialize_cuda_engine(plan)
        self.context = self.engine and self.engine.create_execution_context()
        if self.context is None:
            raise unsupported(f"TensorRT cannot load its engine of {wanted.model}: {self.last_errors()}")
        self.stream = cuda(cudart.cudaStreamCreate)
        settings = {"device": chip, "floats": wanted.floats, "tf32": "off"} | wanted.options
        return Model(self.file.inputs, self.file.outputs, settings, (time.perf_counter() - start) * 1e3)

    def build(self, wanted):
        self.log.errors.clear()
        builder = trt.Builder(self.log)
        network, config = builder.create_network(0), builder.create_builder_config()
        if not trt.OnnxParser(network, self.log).parse_from_file(wanted.model):
            raise unsupported(f"TensorRT cannot parse {wanted.model}: {self.last_errors()}")
        config.clear_flag(trt.BuilderFlag.TF32)
        config.builder_optimization_level = int(wanted.options["optimization_level"])
        if "workspace_mib" in wanted.options:
            config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, int(wanted.options["workspace_mib"]) << 20)
        for flag in FLAGS[wanted.floats] + ((trt.BuilderFlag.INT8,) if "QuantizeLinear" in self.file.operators else ()):
            config.set_flag(flag)
        plan = builder.build_serialized_network(network, config)
        if plan is None:
            raise unsupported(f"TensorRT cannot build {wanted.model}: {self.last_errors()}")
        return bytes(plan)

    def last_errors(self):
        return "; ".join(self.log.errors[-3:])[:800]

    def bind(self, inputs, rooms):
        """A sample has the ways to the device and back in it: images come from the processor here."""
        self.free()
        for name, array in inputs.items():
            self.buffers[name] = Buffer(array)
            self.context.set_input_shape(name, array.shape)
        for tensor in self.file.outputs:
            shape = tuple(self.context.get_tensor_shape(tensor["name"]))
            if min(shape, default=1) < 0:
                raise unsupported(f"TensorRT does not know the size of {tensor['name']} beforehand: {shape}")
            self.buffers[tensor["name"]] = Buffer(np.empty(shape, tensor["dtype"]))
        for name, buffer in self.buffers.items():
            self.context.set_tensor_address(name, buffer.device)
        ins = [self.buffers[name] for name in inputs]
        outs = [self.buffers[tensor["name"]] for tensor in self.file.outputs]

        def run():
            for buffer in ins:
                cuda(cudart.cudaMemcpyAsync, buffer.device, buffer.array.ctypes.data, buffer.array.nbytes, TO_DEVICE, self.stream)
            done = self.context.execute_async_v3(self.stream)
            for buffer in outs:
                cuda(cudart.cudaMemcpyAsync, buffer.array.ctypes.data, buffer.device, buffer.array.nbytes, TO_HOST, self.stream)
            cuda(cudart.cudaStreamSynchronize, self.stream)
            return done, [buffer.array for buffer in outs]
        return run

    def results(self, returned):
        done, arrays = returned
        if not done:
            raise unsupported(f"TensorRT cannot run this model: {self.last_errors()}")
        return arrays

    def keep(self, file):
        self.converted.keep(file)

    def free(self):
        for buffer in self.buffers.values():
            buffer.free()
        self.buffers = {}

    def unload(self):
        self.free()
        self.context = self.engine = self.converted = self.file = None


if __name__ == "__main__":
    serve(TensorRt())
