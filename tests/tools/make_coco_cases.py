#!/usr/bin/env python3
"""Writes evaluation cases with the figures that pycocotools gives: make_coco_cases.py OUT.json

Random and adversarial: crowds, equal scores, overlaps that hit a threshold exactly, areas on the
borders of the ranges, classes without boxes, images without anything, many detections, subsets.
Category ids are 1 + the index that the C++ side uses.
"""
import contextlib
import copy
import io
import json
import sys

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def box(rng, grid, largest):
    x, y, w, h = rng.uniform(0, largest, 4) * [1, 1, 0.6, 0.6]
    values = np.array([x, y, w, h])
    return [float(v) for v in (np.round(values / grid) * grid if grid else values)]


def near(rng, bbox, grid, spread):
    values = np.array(bbox) * (1 + rng.normal(0, spread, 4))
    values[2:] = np.maximum(values[2:], 0)
    return [float(v) for v in (np.round(values / grid) * grid if grid else values)]


def annotations(rng, image, o):
    made = []
    for _ in range(rng.integers(0, o["boxes"] + 1)):
        bbox = box(rng, o["grid"], o["largest"])
        area = bbox[2] * bbox[3] * (rng.uniform(0.4, 1) if o["masks"] else 1)
        if rng.random() < o["border"]:
            area = float(rng.choice([0, 1024, 9216]))
        made.append({"image_id": image, "bbox": bbox, "area": area,
                     "iscrowd": int(rng.random() < o["crowds"]),
                     "category_id": int(rng.integers(1, o["classes"] + 1 - o["empty"]))})
    return made


def detections(rng, image, truths, o):
    made = []
    for _ in range(rng.integers(0, o["detections"] + 1)):
        aimed = truths and rng.random() < 0.7
        truth = truths[rng.integers(len(truths))] if aimed else None
        bbox = near(rng, truth["bbox"], o["grid"], o["spread"]) if aimed else box(
            rng, o["grid"], o["largest"])
        kept = aimed and rng.random() < 0.85
        score = float(rng.random())
        made.append({"image_id": image, "bbox": bbox,
                     "category_id": truth["category_id"] if kept else int(
                         rng.integers(1, o["classes"] + 1)),
                     "score": round(score, o["digits"])})
    return made


PLAIN = {"images": 12, "classes": 4, "empty": 0, "boxes": 8, "detections": 25, "grid": 0,
         "largest": 400, "spread": 0.12, "crowds": 0.0, "masks": False, "border": 0.0,
         "digits": 9, "subset": False}
VARIANTS = {
    "plain": {}, "crowds": {"crowds": 0.3}, "all_crowds": {"crowds": 1.0},
    "ties": {"digits": 1}, "one_score": {"digits": 0}, "grid": {"grid": 8, "spread": 0.3},
    "tiny": {"largest": 20, "grid": 1}, "borders": {"border": 0.6, "masks": True},
    "empty_classes": {"classes": 9, "empty": 5}, "sparse": {"boxes": 1, "detections": 2},
    "no_detections": {"detections": 0}, "no_boxes": {"boxes": 0},
    "many": {"images": 4, "classes": 2, "boxes": 60, "detections": 500},
    "crowded_ties": {"crowds": 0.4, "digits": 1, "grid": 16, "boxes": 20, "detections": 150,
                     "classes": 2, "border": 0.3},
    "subset": {"subset": True, "images": 30, "digits": 2, "crowds": 0.1},
    "one_image": {"images": 1, "classes": 1, "boxes": 15},
}


def evaluate(case):
    truth, found = COCO(), COCO()
    images = [{"id": i} for i in case["images"]]
    categories = [{"id": c + 1} for c in range(case["categories"])]
    boxes = [dict(a, id=n + 1) for n, a in enumerate(case["ground_truth"])]
    results = [dict(d, id=n + 1, area=d["bbox"][2] * d["bbox"][3], iscrowd=0)
               for n, d in enumerate(case["detections"])]
    for coco, anns in ((truth, boxes), (found, results)):
        coco.dataset = {"images": images, "categories": categories, "annotations": anns}
        coco.createIndex()
    score = COCOeval(copy.deepcopy(truth), copy.deepcopy(found), "bbox")
    score.params.imgIds = case["subset"]
    score.evaluate()
    score.accumulate()
    score.summarize()
    case["stats"] = [float(s) for s in score.stats]
    case["per_class"] = []
    for k in range(case["categories"]):
        values = score.eval["precision"][:, :, k, 0, 2]
        case["per_class"].append(float(np.mean(values)) if (values > -1).any() else -1.0)


def make_case(name, seed, o):
    rng = np.random.default_rng(seed)
    images = [int(i) for i in rng.permutation(10 * o["images"])[:o["images"]]]
    case = {"name": f"{name}/{seed}", "images": images, "categories": o["classes"],
            "ground_truth": [], "detections": [], "subset": images}
    if o["subset"]:
        case["subset"] = images[:rng.integers(1, len(images))]
    for image in images:
        truths = annotations(rng, image, o)
        case["ground_truth"] += truths
        case["detections"] += detections(rng, image, truths, o)
    evaluate(case)
    return case


def main(out):
    with contextlib.redirect_stdout(io.StringIO()):
        cases = [make_case(name, seed, {**PLAIN, **changes})
                 for name, changes in VARIANTS.items() for seed in range(1, 7)]
    with open(out, "w") as file:
        json.dump(cases, file)
    print(f"{len(cases)} cases, {sum(len(c['detections']) for c in cases)} detections")


if __name__ == "__main__":
    main(sys.argv[1])
