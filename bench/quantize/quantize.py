#!/usr/bin/env python3
"""Question: how much accuracy does int8 cost, how much time does it save, and how long does a candidate take to make,
beside NNCF and ONNX Runtime's own quantizer?

  ./dev bench quantize [--model NAME ...] [--runtime R ...] [--quick] [--plans FILE] [--limit POINTS]

Each detector on each runtime, one thread on one core.  mAP by pycocotools on the runtime itself; speed as the
candidate's time over that of the original, which alternates with it in blocks, on the same runtime in the same run.
Peers get their usual settings: NNCF's MIXED preset and its 7-bit overflow fix; ONNX Runtime's min-max and percentile
99.99, per channel, all after the last convolutions left in fp32, and 7 bit weights where the processor has no VNNI.
Pare makes a list of plans, scores them on the first images, and those that look best are measured like the peers'.

Prints one JSON line a result and a table: the fastest file of each tool that loses at most --limit points, or the one
that loses least.  --plans names a file of your own: a JSON list of "quantization" objects (docs/tasks.md, Plan).
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import detectors  # noqa: E402
import peers  # noqa: E402
import plans  # noqa: E402
from pare_engine import Engine, TaskFailed, link_dataset  # noqa: E402

RUNTIMES = ("onnxruntime", "openvino")


def say(document):
    rounded = {key: round(value, 4) if isinstance(value, float) else value for key, value in document.items()}
    print(json.dumps(rounded), flush=True)


def note(text):
    print(f"# {text}", flush=True)


class Measurer:
    """A process that scores and times on one runtime (support/measurer.py); started again if a file kills it."""

    def __init__(self, subject, runtime, core):
        self.command = [sys.executable, HERE.parent / "support" / "measurer.py",
                        json.dumps({"runtime": runtime, "core": core, "head": subject.head, "model": str(subject.model),
                                    "images": str(subject.images), "labels": str(subject.labels)})]
        self.child = None

    def ask(self, **request):
        if self.child is None or self.child.poll() is not None:
            self.child = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                          stderr=subprocess.DEVNULL, text=True)
        try:
            self.child.stdin.write(json.dumps(request) + "\n")
            self.child.stdin.flush()
            line = self.child.stdout.readline()
        except BrokenPipeError:
            line = ""
        if line:
            return json.loads(line)
        return {"error": f"the runtime's process ended with {self.child.wait()}"}

    def close(self):
        if self.child is not None:
            self.child.stdin.close()
            self.child.wait()


class Bench:
    """One detector: makes files, measures them, and collects the results."""

    def __init__(self, subject, args, folder):
        self.subject, self.args, self.folder, self.results = subject, args, folder, []
        cores = sorted(os.sched_getaffinity(0))
        self.measurers = {runtime: Measurer(subject, runtime, cores[index % len(cores)])
                          for index, runtime in enumerate(args.runtime)}
        self.pool = concurrent.futures.ThreadPoolExecutor(len(self.measurers) if len(cores) > 1 else 1)
        self.original = {}

    def scores(self, file, first=None):
        """By runtime; scoring disturbs nothing but itself, so the runtimes take a core each."""
        asked = {runtime: self.pool.submit(measurer.ask, do="score", file=str(file), first=first)
                 for runtime, measurer in self.measurers.items()}
        return {runtime: answer.result() for runtime, answer in asked.items()}

    def measure_original(self):
        self.original = self.scores(self.subject.model, self.args.score_images)
        for runtime, scored in self.original.items():
            if "error" in scored:
                sys.exit(f"bench: {self.subject.name} on {runtime}: {scored['error']}")
            say({"detector": self.subject.name, "runtime": runtime, "tool": "fp32", **scored})

    def measure(self, tool, name, file, seconds, runtimes=None, scores=None, **more):
        """Scores and times one file; what does not run is said."""
        scores = scores or self.scores(file, self.args.score_images)
        for runtime in runtimes or self.args.runtime:
            result = {"detector": self.subject.name, "runtime": runtime, "tool": tool, "file": name,
                      "seconds_to_make": round(seconds, 2), **more, **scores[runtime]}
            if "error" not in result:
                result["map_lost_points"] = 100 * (self.original[runtime]["map_50_95"] - result["map_50_95"])
                result.update(self.measurers[runtime].ask(do="compare", file=str(file), blocks=self.args.blocks,
                                                          block_seconds=self.args.block_seconds))
            say(result)
            self.results.append(result)

    def peer(self, tool):
        out = self.folder / f"{tool}.onnx"
        command = [sys.executable, HERE / "peers.py", tool, self.subject.model, out, "--head", self.subject.head,
                   "--calibration", self.subject.calibration]
        command += ["--images", str(self.args.calibration_images)] if self.args.calibration_images else []
        made = subprocess.run(command, capture_output=True, text=True)
        if made.returncode != 0:
            reason = (made.stderr.strip().splitlines() or ["no reason"])[-1]
            return note(f"{tool} makes no file of {self.subject.name}: {reason[:300]}")
        self.measure(tool.split("_")[0], tool, out, json.loads(made.stdout.strip().splitlines()[-1])["seconds"])

    def pare(self):
        engine = Engine(self.args.build, self.folder / "pare")
        try:
            dataset = link_dataset(self.folder / "dataset", self.subject)
            maker = plans.PlanMaker(engine, self.subject, dataset)
        except TaskFailed as failed:
            return note(f"pare makes no candidate of {self.subject.name}: {failed}")
        note(f"pare prepared {self.subject.name} in {maker.prepare_seconds:.1f} s, once for all plans")
        given = json.loads(self.args.plans.read_text()) if self.args.plans else None
        search = plans.Screening(maker, lambda file: self.scores(file, self.args.screen_images), note, self.args.quick)
        for runtime, candidates in search.finalists(given, self.args.runtime).items():
            for made in candidates:
                self.measure("pare", made.name, made.file, made.seconds, [runtime], self.final_scores(made),
                             quantization=made.quantization)

    def final_scores(self, made):
        if made.final is None:
            made.final = self.scores(made.file, self.args.score_images)
        return made.final

    def run(self):
        self.measure_original()
        for tool in self.args.peers:
            self.peer(tool)
        if "pare" not in self.args.skip:
            self.pare()
        for measurer in self.measurers.values():
            measurer.close()
        return self.results


def best(results, limit):
    """The fastest within the limit, else the most accurate."""
    usable = [r for r in results if "ratio" in r]
    within = [r for r in usable if r["map_lost_points"] <= limit]
    if within:
        return min(within, key=lambda r: r["ratio"])
    return min(usable, key=lambda r: r["map_lost_points"], default=None)


def print_table(results, limit):
    print(f"\nbest int8 of each tool: the fastest that loses at most {limit:g} points of mAP, else (*) the one that loses least")
    print(f"{'detector':16} {'runtime':12} {'tool':5} {'mAP (images)':>13} {'lost':>6} {'time':>6}  {'of its blocks':15} {'made in':>8}  file")
    for key in dict.fromkeys((r["detector"], r["runtime"], r["tool"]) for r in results):
        found = best([r for r in results if (r["detector"], r["runtime"], r["tool"]) == key], limit)
        if found is None:
            print(f"{key[0]:16} {key[1]:12} {key[2]:5} {'none runs':>13}")
            continue
        star = "*" if found["map_lost_points"] > limit else " "
        accuracy = f"{found['map_50_95']:.4f} ({found['images']})"
        print(f"{key[0]:16} {key[1]:12} {key[2]:5} {accuracy:>13} {found['map_lost_points']:6.2f}{star}{found['ratio']:5.2f}x "
              f" {found['low']:.2f} to {found['high']:.2f}    {found['seconds_to_make']:6.1f} s  {found['file']}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    detectors.add_arguments(parser, list(detectors.HEADS))
    parser.add_argument("--runtime", nargs="+", choices=RUNTIMES, default=list(RUNTIMES))
    parser.add_argument("--quick", action="store_true", help="few images and blocks: does it run, not how good it is")
    parser.add_argument("--plans", type=pathlib.Path, help='a JSON list of "quantization" objects')
    parser.add_argument("--skip", nargs="+", choices=("nncf", "ort", "pare"), default=[])
    parser.add_argument("--limit", type=float, default=1.0, help="mAP points that may be lost")
    args = parser.parse_args()
    if args.quick and args.file is None and args.model == list(detectors.HEADS):
        args.model = ["yolox_nano_416"]
    args.calibration_images = 8 if args.quick else None
    args.score_images, args.screen_images = (16, 8) if args.quick else (None, 32)
    args.blocks, args.block_seconds = (2, 0.1) if args.quick else (5, 0.4)
    wanted = ["nncf", "nncf_7bit", "ort_min_max", "ort_percentile"] + ([] if plans.has_vnni() else ["ort_percentile_7bit"])
    assert set(wanted) <= set(peers.TOOLS)
    args.peers = [tool for tool in wanted if tool.split("_")[0] not in args.skip]
    return args


def main():
    args = arguments()
    start, results = time.perf_counter(), []
    for subject in detectors.subjects(args):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="pare-bench-"))
        try:
            results += Bench(subject, args, folder).run()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print_table(results, args.limit)
    print(f"\n{time.perf_counter() - start:.0f} s, one thread, interleaved with the original on the same runtime")


if __name__ == "__main__":
    main()
