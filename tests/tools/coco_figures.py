#!/usr/bin/env python3
"""Prints pycocotools' twelve figures, one a line: coco_figures.py LABELS.json RESULTS.json"""
import contextlib
import io
import sys

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def main(labels, results):
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(labels)
        score = COCOeval(truth, truth.loadRes(results), "bbox")
        score.evaluate()
        score.accumulate()
        score.summarize()
    for figure in score.stats:
        print(repr(float(figure)))


if __name__ == "__main__":
    main(*sys.argv[1:])
