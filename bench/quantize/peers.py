#!/usr/bin/env python3
"""Makes one int8 file with another toolkit, and prints how long that took: {"seconds"}.

  peers.py TOOL MODEL.onnx OUT.onnx --head HEAD --calibration DIR [--images N]

Only quantizing is timed, not the imports nor the reading of images.  The file is first brought to what the tools
need: weights that are listed as graph inputs are taken off that list, opset 13 for scales per channel.
"""
import argparse
import json
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import cv2  # noqa: E402
import onnx  # noqa: E402
import score_onnx  # noqa: E402

TOOLS = ("nncf", "nncf_7bit", "ort_min_max", "ort_percentile", "ort_percentile_7bit")
DEFAULT_IMAGES = {"nncf": 64, "nncf_7bit": 64, "ort_min_max": 64}  # the percentile calibrator keeps all values
PERCENTILE_IMAGES = 32


def usable(path):
    model = onnx.load(path)
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    return onnx.version_converter.convert_version(model, 13) if opset < 13 else model


def calibration(model, head, folder, count):
    size = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim][2:]
    files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))[:count]
    images = (cv2.imread(str(path)) for path in files)
    return [{model.graph.input[0].name: score_onnx.normalised(score_onnx.placed(image, head, *size)[0], head)}
            for image in images if image is not None]


def tail_nodes(model):
    """Everything that no convolution follows, the convolutions themselves apart."""
    readers, before_a_convolution = {}, set()
    for node in reversed(model.graph.node):
        after = any(reader.op_type == "Conv" or id(reader) in before_a_convolution
                    for output in node.output for reader in readers.get(output, []))
        if after:
            before_a_convolution.add(id(node))
        for name in node.input:
            readers.setdefault(name, []).append(node)
    return [node.name for node in model.graph.node if node.op_type != "Conv" and id(node) not in before_a_convolution]


def by_nncf(model, inputs, seven_bit):
    import nncf
    fix = {"advanced_parameters": nncf.AdvancedQuantizationParameters(overflow_fix=nncf.OverflowFix.ENABLE)}
    start = time.perf_counter()
    made = nncf.quantize(model, nncf.Dataset(inputs), preset=nncf.QuantizationPreset.MIXED, subset_size=len(inputs),
                         **(fix if seven_bit else {}))
    return made, time.perf_counter() - start


def by_onnxruntime(model, inputs, percentile, seven_bit, folder):
    from onnxruntime.quantization import (CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType,
                                          quantize_static)
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.left = iter(inputs)

        def get_next(self):
            return next(self.left, None)

    source, prepared, out = (folder / name for name in ("source.onnx", "prepared.onnx", "out.onnx"))
    for index, node in enumerate(model.graph.node):
        node.name = node.name or f"node_{index}"
    onnx.save(model, source)
    start = time.perf_counter()
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    quantize_static(str(prepared), str(out), Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
                    reduce_range=seven_bit, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                    nodes_to_exclude=tail_nodes(onnx.load(prepared)),
                    calibrate_method=CalibrationMethod.Percentile if percentile else CalibrationMethod.MinMax,
                    extra_options={"CalibPercentile": 99.99} if percentile else {})
    return onnx.load(out), time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", choices=TOOLS)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--head", required=True)
    parser.add_argument("--calibration", type=pathlib.Path, required=True)
    parser.add_argument("--images", type=int)
    args = parser.parse_args()
    count = args.images or DEFAULT_IMAGES.get(args.tool, PERCENTILE_IMAGES)
    model = usable(args.model)
    inputs = calibration(model, args.head, args.calibration, count)
    seven_bit = args.tool.endswith("7bit")
    if args.tool.startswith("nncf"):
        made, seconds = by_nncf(model, inputs, seven_bit)
    else:
        with tempfile.TemporaryDirectory() as folder:
            made, seconds = by_onnxruntime(model, inputs, "percentile" in args.tool, seven_bit, pathlib.Path(folder))
    onnx.save(made, args.out)
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()
