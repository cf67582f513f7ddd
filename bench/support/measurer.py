#!/usr/bin/env python3
"""Scores and times files of one detector on one runtime, one thread, pinned to one core; asked in JSON lines.

Started as measurer.py with the JSON of its settings: {"runtime", "core", "head", "model", "images", "labels"}.
  {"do": "score", "file", "first"?}                       {"map_50_95", "images"}
  {"do": "compare", "file", "blocks", "block_seconds"}    {"ratio", "low", "high", "fp32_ms", "candidate_ms"}
`ratio` is the candidate's time over that of the original, which alternates with it in blocks; the median of the blocks'
ratios, with the smallest and the largest.  What fails answers {"error"}.
"""
import json
import os
import pathlib
import statistics
import sys
import time

SETTINGS = json.loads(sys.argv[1])
os.sched_setaffinity(0, {SETTINGS["core"]})
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import cv2  # noqa: E402  the core is chosen before any library makes threads
import score_onnx  # noqa: E402

cv2.setNumThreads(1)


def open_model(file):
    return score_onnx.open_model(file, SETTINGS["runtime"], 1)


def cell(model, tensor, seconds):
    samples, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(samples) < 3:
        samples += score_onnx.timed(model, tensor, 1)
    return statistics.median(samples)


class Measurer:
    def __init__(self):
        self.original = open_model(SETTINGS["model"])
        self.images = score_onnx.LabelledImages(SETTINGS["images"], SETTINGS["labels"], SETTINGS["head"],
                                                self.original.shape[2:])
        self.tensor = score_onnx.normalised(self.images.items[0][1], SETTINGS["head"])

    def score(self, file, first=None):
        accuracy, images = self.images.score(open_model(file), first)
        return {"map_50_95": accuracy, "images": images}

    def compare(self, file, blocks, block_seconds):
        models = [self.original, open_model(file)]
        for model in models:
            cell(model, self.tensor, block_seconds / 2)
        times = []
        for block in range(blocks):
            order = [0, 1] if block % 2 == 0 else [1, 0]
            seen = {side: cell(models[side], self.tensor, block_seconds) for side in order}
            times.append((seen[0], seen[1]))
        ratios = [candidate / original for original, candidate in times]
        return {"ratio": statistics.median(ratios), "low": min(ratios), "high": max(ratios),
                "fp32_ms": statistics.median(t[0] for t in times),
                "candidate_ms": statistics.median(t[1] for t in times)}


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print goes to the log
    measurer = Measurer()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(measurer, request.pop("do"))(**request)
        except Exception as error:  # whatever a runtime throws at a file is a result
            answer = {"error": f"{type(error).__name__}: {str(error)[:300]}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
