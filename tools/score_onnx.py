#!/usr/bin/env python3
"""Scores a detector without any code of Pare's: pycocotools on ONNX Runtime.

  tools/score_onnx.py MODEL.onnx --head yolov5 --images DIR --labels labels.json [--threads 1] [--baseline OTHER.onnx]

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
import onnxruntime as ort
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def session(path, threads):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


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
    return canvas, scale, left, top


def prepare(image, head, height, width):
    canvas, scale, left, top = letterbox(image, height, width, head == "yolov5")
    if head == "yolov5":
        canvas = canvas[:, :, ::-1].astype(np.float32) / 255
    return np.ascontiguousarray(canvas.astype(np.float32).transpose(2, 0, 1)[None]), scale, left, top


def decode(output, head, height, width):
    """Boxes (cx, cy, w, h) in network pixels and a score for each class."""
    rows = output[0]
    if head == "yolox":
        grids, strides = [], []
        for stride in (8, 16, 32):
            ys, xs = np.meshgrid(np.arange(height // stride), np.arange(width // stride), indexing="ij")
            grids.append(np.stack([xs.ravel(), ys.ravel()], 1))
            strides.append(np.full((xs.size, 1), stride))
        grid, stride = np.concatenate(grids), np.concatenate(strides)
        boxes = np.concatenate([(rows[:, :2] + grid) * stride, np.exp(rows[:, 2:4]) * stride], 1)
    else:
        boxes = rows[:, :4]
    return boxes, rows[:, 4:5] * rows[:, 5:]


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


def detections(run, path, image_id, category_ids, head, height, width):
    image = cv2.imread(str(path))
    tensor, scale, left, top = prepare(image, head, height, width)
    boxes, scores = decode(run(tensor), head, height, width)
    rows, classes = np.nonzero(scores > 0.01)
    boxes, scores = boxes[rows].astype(np.float64), scores[rows, classes].astype(np.float64)
    for k in suppress(boxes, scores, classes):
        x1, y1 = (boxes[k, :2] - boxes[k, 2:] / 2 - (left, top)) / scale
        x2, y2 = (boxes[k, :2] + boxes[k, 2:] / 2 - (left, top)) / scale
        x1, x2 = np.clip([x1, x2], 0, image.shape[1])
        y1, y2 = np.clip([y1, y2], 0, image.shape[0])
        yield {"image_id": image_id, "category_id": category_ids[classes[k]],
               "bbox": [x1, y1, x2 - x1, y2 - y1], "score": scores[k]}


def score(model, args):
    height, width = model.get_inputs()[0].shape[2:]
    name = model.get_inputs()[0].name
    run = lambda tensor: model.run(None, {name: tensor})[0]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(args.labels))
        ids = sorted(truth.getCatIds())
        found = [d for image in truth.loadImgs(truth.getImgIds())
                 for d in detections(run, args.images / image["file_name"], image["id"], ids, args.head, height, width)]
        evaluation = COCOeval(truth, truth.loadRes(found), "bbox") if found else None
        if evaluation is None:
            return 0.0, len(truth.getImgIds())
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0]), len(truth.getImgIds())


def timer(model):
    shape, name = model.get_inputs()[0].shape, model.get_inputs()[0].name
    tensor = np.random.default_rng(0).random(shape, np.float32)

    def once():
        start = time.perf_counter()
        model.run(None, {name: tensor})
        return (time.perf_counter() - start) * 1e3
    return once


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--head", choices=["yolov5", "yolox"], required=True)
    parser.add_argument("--images", type=pathlib.Path, required=True)
    parser.add_argument("--labels", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--baseline", type=pathlib.Path)
    args = parser.parse_args()
    model = session(args.model, args.threads)
    accuracy, images = score(model, args)
    timers = [timer(model)] + ([timer(session(args.baseline, args.threads))] if args.baseline else [])
    samples = [[once() for once in timers] for _ in range(args.runs + 10)][10:]
    medians = np.median(np.array(samples), 0)
    report = {"model": args.model.name, "map_50_95": round(accuracy, 4), "images": images,
              "latency_ms": round(float(medians[0]), 3)}
    if args.baseline:
        report["latency_ratio"] = round(float(medians[0] / medians[1]), 3)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
