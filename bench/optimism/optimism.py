#!/usr/bin/env python3
"""Question: how much of "fastest within 1.0 point" is luck on the images that chose it?

  pare up …; pare target add …
  ./dev bench optimism --model M.onnx --card M.json --images shared/data/coco [--target ov] [--trials 40] [--seeds 1]
                       [--url http://127.0.0.1:7070]

The labelled images are halved, and either half chooses once while the other one only looks on (`validation.held_back`).
Of each job: what the plan chosen so loses on the images that chose it, which is what was said before images were held
back, and on those that did not, which is what is said now.  One JSON line a job; the last line has the means.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

BENCH = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(BENCH / "support"))
from service import URL, Service  # noqa: E402

ENDED = ("succeeded", "failed", "cancelled")
POINT = 0.01


def pare(args, *words):
    done = subprocess.run([args.build / "bin/pare", *map(str, words)], env={**os.environ, "PARE_URL": args.url},
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("bench: " + done.stderr.strip())


def halves(args, folder):
    """Two datasets of the same images: what chooses in one is held back in the other.

    Which images are held back follows from their ids alone (engine/pipeline/validation_split): the first half of a known
    shuffle.  A swap of ids swaps the halves."""
    labels = json.loads((args.images / "val.json").read_text())
    ids = sorted(image["id"] for image in labels["images"])
    held_back = shuffled(ids)[:round(len(ids) / 2)]
    choosing = [one for one in ids if one not in set(held_back)]
    swap = dict(zip(held_back, choosing)) | dict(zip(choosing, held_back))
    for image in labels["images"]:
        image["id"] = swap.get(image["id"], image["id"])
    for box in labels["annotations"]:
        box["image_id"] = swap.get(box["image_id"], box["image_id"])
    (folder / "swapped.json").write_text(json.dumps(labels))
    names = {"optimism-a": args.images / "val.json", "optimism-b": folder / "swapped.json"}
    for name, path in names.items():
        pare(args, "dataset", "add", "--name", name, "--calibration", args.images / "calibration", "--val",
             args.images / "val", "--labels", path)
    return list(names)


def shuffled(ids):
    """Fisher and Yates with the 64-bit Mersenne Twister of C++, seed 20."""
    draw = mersenne_twister_64(20)
    ids = list(ids)
    for i in range(len(ids), 1, -1):
        j = next(draw) % i
        ids[i - 1], ids[j] = ids[j], ids[i - 1]
    return ids


def mersenne_twister_64(seed):
    """std::mt19937_64 (Nishimura 2000)."""
    size, middle, mask = 312, 156, (1 << 64) - 1
    state = [seed]
    for i in range(1, size):
        state.append((6364136223846793005 * (state[-1] ^ (state[-1] >> 62)) + i) & mask)
    while True:
        for i in range(size):
            x = (state[i] & 0xFFFFFFFF80000000) | (state[(i + 1) % size] & 0x7FFFFFFF)
            state[i] = state[(i + middle) % size] ^ (x >> 1) ^ (0xB5026F5AA96619E9 if x & 1 else 0)
        for x in state:
            x ^= (x >> 29) & 0x5555555555555555
            x ^= (x << 17) & 0x71D67FFFEDA60000
            x ^= (x << 37) & 0xFFF7EEE000000000
            yield x ^ (x >> 43)


def ended(service, job):
    while (found := service.ask(f"/v1/jobs/{job}"))["state"] not in ENDED:
        time.sleep(3)
    return found


def chosen(service, job, target):
    """The fastest trial that loses at most a point on the images that chose; what it loses on both kinds, in points."""
    trials = [t["outcomes"].get(target, {}) | {"number": t["number"]} for t in service.trials(job)]
    scored = [t for t in trials if "held_back" in t and "latency_ms" in t]
    original = min(scored, key=lambda t: t["number"])
    near = [t for t in scored if original["map_50_95"] - t["map_50_95"] <= POINT]
    best = min(near, key=lambda t: t["latency_ms"])
    return {"trial": best["number"], "speedup": round(original["latency_ms"] / best["latency_ms"], 3),
            "original": [round(100 * original["map_50_95"], 2), round(100 * original["held_back"]["map_50_95"], 2)],
            "lost_on_choosing": round(100 * (original["map_50_95"] - best["map_50_95"]), 2),
            "lost_on_others": round(100 * (original["held_back"]["map_50_95"] - best["held_back"]["map_50_95"]), 2)}


def said(found, target):
    best = next((b for b in found["best"] if b["target"] == target), {})
    member = best.get("fastest") or {}
    kept = ("map_lost", "map_lost_low", "map_lost_high")
    return {"speedup": member.get("speedup"), **{k: member.get("held_back", {}).get(k) for k in kept}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--card", type=pathlib.Path)
    parser.add_argument("--images", type=pathlib.Path, required=True, help="folder with calibration/, val/ and val.json")
    parser.add_argument("--target", default="ov")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--url", default=URL)
    args = parser.parse_args()
    service, found = Service(args.url), []
    with tempfile.TemporaryDirectory(prefix="pare-optimism-") as folder:
        pare(args, "model", "add", args.model, "--name", args.model.stem, *(["--card", args.card] if args.card else []))
        for dataset in halves(args, pathlib.Path(folder)):
            for seed in range(1, args.seeds + 1):
                job = service.ask("/v1/jobs", {"model": args.model.stem, "dataset": dataset, "targets": [args.target],
                                               "budget": {"trials": args.trials}, "seed": seed,
                                               "validation": {"held_back": 0.5}})["id"]
                end = ended(service, job)
                row = {"model": args.model.stem, "half": dataset[-1], "job": job, "state": end["state"],
                       **chosen(service, job, args.target), "said": said(end, args.target)}
                print(json.dumps(row), flush=True)
                found.append(row)
    before = [row["lost_on_others"] - row["lost_on_choosing"] for row in found]
    print(json.dumps({"model": args.model.stem, "jobs": len(found), "flattered_by_points": round(statistics.mean(before), 2),
                      "each": [round(one, 2) for one in before]}))


if __name__ == "__main__":
    main()
