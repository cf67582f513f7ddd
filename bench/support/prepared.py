"""A detector as pare-engine prepares it: candidates of it are built, scored and timed, one thread, one after the other."""
import dataclasses
import math
import statistics

STUDENT = 2.02  # 95 %, 40 pairs of halves


@dataclasses.dataclass
class Accuracy:
    """mAP50-95 of `images` images, and of 40 pairs of their halves (docs/adr/0020): the same halves for every candidate."""
    value: float
    images: int
    draws: list

    def points_below(self, other):
        """(how many mAP points this one is below the other on the same images, half of the 95 % interval or None)."""
        lost = 100 * (other.value - self.value)
        apart = [100 * (b - a) for a, b in zip(self.draws, other.draws) if a != -1 and b != -1]
        if len(apart) < 4 or len(self.draws) != len(other.draws):
            return lost, None
        return lost, STUDENT * math.sqrt(statistics.variance(apart))


class Prepared:
    def __init__(self, engine, found, dataset, precisions=("fp32",)):
        self.engine, self.model, self.dataset = engine, found.model, dataset
        self.summary = engine.run("inspect_model", {"model": self.model}, {"card": found.card or {"head": found.head}})["result"]
        self.card = self.summary["card"]
        prepared = engine.run("prepare", {"model": self.model, "dataset": dataset},
                              {"card": self.card, "resolutions": [self.card["input"]], "precisions": list(precisions), "seed": 1})
        self.seconds, self.statistics = prepared["wall"], prepared["files"]["statistics"]
        self.guidance = prepared["result"]["guidance"]
        self.original = self.build({})

    def plan(self, parts):
        """`parts`: what of the plan is not the original's."""
        return {"version": 2, "input": self.card["input"], "widths": {}, "importance": "gram", "reconstruction": "independent",
                "quantization": None, "floats": "fp32", "layers": {}, **parts}

    def build(self, parts):
        plan = self.plan(parts)
        files = {"model": self.model, "statistics": self.statistics}
        if plan["reconstruction"] == "sequential":
            files["dataset"] = self.dataset
        return self.engine.run("build", files, {"card": self.card, "plan": plan})

    def saved(self, built):
        return 1 - built["result"]["macs"] / self.original["result"]["macs"]

    def score(self, candidate, runtime="executor"):
        done = self.engine.run("evaluate", {"candidate": candidate, "dataset": self.dataset},
                               {"card": self.card, "runtime": runtime, "threads": 1, "images": None})["result"]
        return Accuracy(done["map_50_95"], done["images"], done.get("draws", []))

    def time(self, candidate, seconds, runtime="onnxruntime", profile=False):
        """Median milliseconds; with `profile` the time of each layer."""
        params = {"card": self.card, "runtime": runtime, "threads": 1, "parity": None, "min_samples": 10,
                  "max_seconds": seconds, **({"profile": True} if profile else {})}
        done = self.engine.run("benchmark", {"candidate": candidate, "dataset": self.dataset}, params)["result"]
        return done["layers_ms"] or {} if profile else done["median_ms"]

    def times_in_turn(self, candidate, blocks, seconds, runtime="onnxruntime"):
        """[(original's, candidate's)], one pair a block."""
        original = self.original["files"]["candidate"]
        return [(self.time(original, seconds, runtime), self.time(candidate, seconds, runtime)) for _ in range(blocks)]

    def speed(self, candidate, blocks, seconds, runtime="onnxruntime"):
        """Original over candidate: the median of the blocks' ratios."""
        return statistics.median(a / b for a, b in self.times_in_turn(candidate, blocks, seconds, runtime))
