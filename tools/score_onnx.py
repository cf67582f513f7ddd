#!/usr/bin/env python3
"""Scores a detector without any code of Pare's: pycocotools on the runtime itself.

  tools/score_onnx.py MODEL.onnx --head yolov5 --images DIR --labels labels.json [--runtime onnxruntime] [--threads 1]
                      [--baseline OTHER.onnx]

Prints one JSON line: mAP, image count, median latency in ms; with --baseline, latency as a ratio to the other
model's, the two timed alternately in one run.  Preprocessing, decoding and NMS are written here again, from the
papers and the detectors' own code, so that a mistake in the engine cannot hide.
"""
import argparse
import contextlib
import io
import json
import pathlib
import time

import cv2
import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

RUNTIMES = ("onnxruntime", "openvino")
STRIDES = (8, 16, 32)
ULTRALYTICS = ("yolov3", "yolov5", "yolov6", "yolov8", "yolov10")


class OnnxRuntimeModel:
    def __init__(self, path, threads):
        import onnxruntime as ort
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.name, self.shape = self.session.get_inputs()[0].name, self.session.get_inputs()[0].shape

    def run(self, tensor):
        return self.session.run(None, {self.name: tensor})


class OpenvinoModel:
    """Set as the harness sets it: precision is the file's, nothing but the model's threads."""

    def __init__(self, path, threads):
        import openvino
        settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1,
                    "INFERENCE_PRECISION_HINT": "f32", "ENABLE_CPU_PINNING": False}
        compiled = openvino.Core().compile_model(str(path), "CPU", settings)
        self.request, self.outputs = compiled.create_infer_request(), len(compiled.outputs)
        self.shape = list(compiled.inputs[0].shape)

    def run(self, tensor):
        self.request.infer([tensor], share_inputs=True)
        return [self.request.get_output_tensor(i).data for i in range(self.outputs)]


def open_model(path, runtime, threads):
    return {"onnxruntime": OnnxRuntimeModel, "openvino": OpenvinoModel}[runtime](path, threads)


def letterbox(image, height, width, centred):
    scale = min(height / image.shape[0], width / image.shape[1])
    h, w = round(image.shape[0] * scale), round(image.shape[1] * scale)
    if not centred:
        h, w = int(image.shape[0] * scale), int(image.shape[1] * scale)
    resized = cv2.resize(image, (w, h), interpolation=cv2.INTER_LINEAR) if (h, w) != image.shape[:2] else image
    top = round((height - h) / 2 - 0.1) if centred else 0
    left = round((width - w) / 2 - 0.1) if centred else 0
    canvas = np.full((height, width, 3), 114, np.uint8)
    canvas[top:top + h, left:left + w] = resized
    return canvas, (scale, scale, left, top)


def placed(image, head, height, width):
    """The image at the network's size, and how it lies there: scales of x and y, left, top."""
    if head in (*ULTRALYTICS, "yolox", "centernet"):
        return letterbox(image, height, width, head in ULTRALYTICS)
    scales = (width / image.shape[1], height / image.shape[0], 0, 0)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR), scales


def normalised(canvas, head):
    values = canvas.astype(np.float32)
    if head in ULTRALYTICS:
        values = values[:, :, ::-1] / 255
    elif head == "fastestdet":
        values = values / 255
    elif head == "nanodet":
        values = (values - np.float32([103.53, 116.28, 123.675])) / np.float32([57.375, 57.12, 58.395])
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


def cells(height, width):
    ys, xs = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    return np.stack([xs.ravel(), ys.ravel()], 1)


def decode_yolox(rows, height, width):
    strides = (16,) if len(rows) == (height // 16) * (width // 16) else STRIDES
    grids = [cells(height // s, width // s) for s in strides]
    stride = np.concatenate([np.full((len(g), 1), s) for g, s in zip(grids, strides)])
    boxes = np.concatenate([(rows[:, :2] + np.concatenate(grids)) * stride, np.exp(rows[:, 2:4]) * stride], 1)
    return boxes, rows[:, 4:5] * rows[:, 5:]


def decode_scored_rows(rows, corners):
    """Centre and size, or corners, in network pixels, and a score for each class."""
    low, high = rows[:, :2], rows[:, 2:4]
    boxes = np.concatenate([(low + high) / 2, high - low], 1) if corners else rows[:, :4]
    return boxes, rows[:, 4:]


def decode_nanodet(outputs, height, width):
    """Generalized focal loss: a distance to each side is the mean of a distribution over the bins."""
    boxes, scores = [], []
    for stride in STRIDES:
        points = (cells(-(-height // stride), -(-width // stride)) + 0.5) * stride
        score, bins = (next(o[0] for o in outputs if o.shape[1] == len(points) and (o.shape[2] == 80) == is_score)
                       for is_score in (True, False))
        bins = bins.reshape(len(points), 4, -1)
        weights = np.exp(bins - bins.max(2, keepdims=True))
        weights /= weights.sum(2, keepdims=True)
        sides = weights @ np.arange(bins.shape[2]) * stride
        low, high = points - sides[:, :2], points + sides[:, 2:]
        low, high = np.clip(low, 0, [width, height]), np.clip(high, 0, [width, height])
        boxes.append(np.concatenate([(low + high) / 2, high - low], 1))
        scores.append(score)
    return np.concatenate(boxes), np.concatenate(scores)


def decode_fastestdet(maps, height, width):
    rows = maps.reshape(maps.shape[0], -1).T
    size = np.array([width, height])
    centre = (np.tanh(rows[:, 1:3]) + cells(*maps.shape[1:])) / np.array(maps.shape[:0:-1]) * size
    boxes = np.concatenate([centre, size / (1 + np.exp(-rows[:, 3:5]))], 1)
    return boxes, np.maximum(rows[:, :1], 0) ** 0.6 * np.maximum(rows[:, 5:], 0) ** 0.4


def decode_centernet(heat, size, offset, height, width):
    """A cell that no neighbour exceeds is an object; sizes and offsets are in cells."""
    classes, ny, nx = heat.shape
    padded = np.pad(heat, ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    around = np.max([padded[:, y:y + ny, x:x + nx] for y in range(3) for x in range(3)], 0)
    scores = np.where(heat >= around, heat, 0).reshape(classes, -1).T
    cell = np.array([width / nx, height / ny])
    centre = cells(ny, nx) + offset.reshape(2, -1).T
    return np.concatenate([centre * cell, size.reshape(2, -1).T * cell], 1), scores


def decode(outputs, head, height, width):
    """Boxes (cx, cy, w, h) in network pixels and a score for each class."""
    if head == "nanodet":
        return decode_nanodet(outputs, height, width)
    if head == "centernet":
        return decode_centernet(*(o[0] for o in outputs), height, width)
    first = outputs[0].reshape(outputs[0].shape[-2:]) if head in ULTRALYTICS else outputs[0][0]
    if head in ULTRALYTICS and first.shape[0] < first.shape[1]:
        first = first.T
    if head in ("yolov8", "yolov10"):
        return decode_scored_rows(first, corners=head == "yolov10")
    if head == "fastestdet":
        return decode_fastestdet(first, height, width)
    if head == "yolox":
        return decode_yolox(first, height, width)
    return first[:, :4], first[:, 4:5] * first[:, 5:]


def suppress(boxes, scores, classes, iou_limit=0.65, most=100):
    corners = np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], 1)
    area = boxes[:, 2] * boxes[:, 3]
    order, kept = np.argsort(-scores, kind="stable"), []
    while order.size and len(kept) < most:
        best, order = order[0], order[1:]
        kept.append(best)
        low = np.maximum(corners[best, :2], corners[order, :2])
        high = np.minimum(corners[best, 2:], corners[order, 2:])
        inter = np.prod(np.clip(high - low, 0, None), 1)
        iou = inter / (area[best] + area[order] - inter + 1e-12)
        order = order[(iou <= iou_limit) | (classes[order] != classes[best])]
    return kept


def boxes_found(outputs, head, size, placement, image_size):
    """(x, y, w, h, score, class) in pixels of the image, after NMS."""
    boxes, scores = decode(outputs, head, *size)
    rows, classes = np.nonzero(scores > 0.01)
    boxes, scores = boxes[rows].astype(np.float64), scores[rows, classes].astype(np.float64)
    finite = np.isfinite(boxes).all(1) & np.isfinite(scores)
    boxes, scores, classes = boxes[finite], scores[finite], classes[finite]
    scale_x, scale_y, left, top = placement
    for k in suppress(boxes, scores, classes):
        (x1, y1), (x2, y2) = boxes[k, :2] - boxes[k, 2:] / 2, boxes[k, :2] + boxes[k, 2:] / 2
        x1, x2 = np.clip([(x1 - left) / scale_x, (x2 - left) / scale_x], 0, image_size[1])
        y1, y2 = np.clip([(y1 - top) / scale_y, (y2 - top) / scale_y], 0, image_size[0])
        yield x1, y1, x2 - x1, y2 - y1, scores[k], classes[k]


class LabelledImages:
    """The images of a set, placed once at one size for one head (uint8), and their labels."""

    def __init__(self, folder, labels, head, size, first=None):
        self.head, self.size = head, tuple(size)
        with contextlib.redirect_stdout(io.StringIO()):
            self.truth = COCO(str(labels))
        self.categories = sorted(self.truth.getCatIds())
        self.items = []
        for entry in self.truth.loadImgs(sorted(self.truth.getImgIds()))[:first]:
            image = cv2.imread(str(pathlib.Path(folder) / entry["file_name"]))
            canvas, placement = placed(image, head, *size)
            self.items.append((entry["id"], canvas, placement, image.shape[:2]))

    def detections(self, model, first=None):
        found = []
        for image_id, canvas, placement, image_size in self.items[:first]:
            outputs = model.run(normalised(canvas, self.head))
            found += [{"image_id": image_id, "category_id": self.categories[c], "bbox": [x, y, w, h], "score": score}
                      for x, y, w, h, score, c in boxes_found(outputs, self.head, self.size, placement, image_size)]
        return found

    def mean_average_precision(self, found, first=None):
        if not found:
            return 0.0
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation = COCOeval(self.truth, self.truth.loadRes(found), "bbox")
            evaluation.params.imgIds = [item[0] for item in self.items[:first]]
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        return float(evaluation.stats[0])

    def score(self, model, first=None):
        """mAP@[.50:.95] and the number of images."""
        return self.mean_average_precision(self.detections(model, first), first), len(self.items[:first])


def timed(model, tensor, runs):
    samples = []
    for _ in range(runs):
        start = time.perf_counter()
        model.run(tensor)
        samples.append((time.perf_counter() - start) * 1e3)
    return samples


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--head", choices=[*ULTRALYTICS, "yolox", "nanodet", "fastestdet", "centernet"], required=True)
    parser.add_argument("--images", type=pathlib.Path, required=True)
    parser.add_argument("--labels", type=pathlib.Path, required=True)
    parser.add_argument("--runtime", choices=RUNTIMES, default="onnxruntime")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--baseline", type=pathlib.Path)
    args = parser.parse_args()
    model = open_model(args.model, args.runtime, args.threads)
    images = LabelledImages(args.images, args.labels, args.head, model.shape[2:])
    accuracy, count = images.score(model)
    models = [model] + ([open_model(args.baseline, args.runtime, args.threads)] if args.baseline else [])
    tensors = [np.random.default_rng(0).random(m.shape, np.float32) for m in models]
    samples = [[timed(m, t, 1)[0] for m, t in zip(models, tensors)] for _ in range(args.runs + 10)][10:]
    medians = np.median(np.array(samples), 0)
    report = {"model": args.model.name, "runtime": args.runtime, "map_50_95": round(accuracy, 4), "images": count,
              "latency_ms": round(float(medians[0]), 3)}
    if args.baseline:
        report["latency_ratio"] = round(float(medians[0] / medians[1]), 3)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
