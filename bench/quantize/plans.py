"""Pare's candidates: which quantizations are tried, and how few of them are worth a whole measurement."""
import dataclasses
import itertools
import pathlib

from pare_engine import TaskFailed

PLACEMENTS = ("operators", "convolutions", "silu_blocks")
LEVERS = ({"bias_correction": True}, {"equalization": True}, {"rounding": "gram"}, {"symmetric": True})
SENSITIVE_BESIDE_OUTPUTS = 3  # layers; the error of a tensor does not show what eight bits do to a box (ADR 8)
RANGES = ("percentile", "mse", "mse_after_activation")


@dataclasses.dataclass
class Candidate:
    name: str
    quantization: dict
    file: pathlib.Path
    seconds: float  # of the whole build task, its process included
    screened: dict  # by runtime
    final: dict = None


def has_vnni():
    """Whether the processor multiplies bytes without saturating: 8-bit weights are safe then."""
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    return any(flag in flags for flag in ("avx512_vnni", "avx_vnni", "asimddp"))


def name_of(quantization):
    said = [quantization["placement"], quantization["ranges"], f"{quantization['weight_bits']} bit"]
    said += [key for key in ("symmetric", "equalization", "bias_correction", "rounding") if quantization.get(key)]
    kept = quantization["keep_fp32"]
    return ", ".join(said + ([f"{len(kept)} layers fp32"] if kept else []))


class PlanMaker:
    """A detector prepared once; make() builds one plan.  Raises TaskFailed where the engine refuses."""

    def __init__(self, engine, subject, dataset):
        self.engine, self.model = engine, subject.model
        summary = engine.run("inspect_model", {"model": subject.model}, {"card": {"head": subject.head}})["result"]
        self.card, self.layers = summary["card"], [layer["name"] for layer in summary["layers"]]
        self.outputs = summary["output_layers"]
        prepared = engine.run("prepare", {"model": subject.model, "dataset": dataset},
                              {"card": self.card, "resolutions": [self.card["input"]], "precisions": ["fp32", "int8"],
                               "seed": 1})
        self.statistics, self.prepare_seconds = prepared["files"]["statistics"], prepared["wall"]
        guidance = prepared["result"].get("guidance") or {}
        self.sensitive = [layer["layer"] for layer in guidance.get("int8_layers", [])]

    def make(self, quantization):
        plan = {"version": 1, "input": self.card["input"], "widths": {}, "importance": "gram",
                "reconstruction": "independent", "quantization": quantization}
        built = self.engine.run("build", {"model": self.model, "statistics": self.statistics},
                                {"card": self.card, "plan": plan})
        return built["files"]["candidate"], built["wall"]


class Screening:
    """Scores plans on few images: all placements and ranges, then layers kept in fp32 on the best of each placement,
    then the other levers on the best of all.

    `scores(file)` gives {"map_50_95"} or {"error"} by runtime."""

    def __init__(self, maker, scores, note, quick):
        self.maker, self.scores, self.note, self.quick = maker, scores, note, quick
        self.tried = {}

    def try_one(self, quantization):
        name = name_of(quantization)
        if name in self.tried:
            return
        try:
            file, seconds = self.maker.make(quantization)
        except TaskFailed as refused:
            return self.note(f"pare skips {name}: {refused}")
        self.tried[name] = Candidate(name, quantization, file, seconds, self.scores(file))
        shown = {runtime: round(s["map_50_95"], 3) if "map_50_95" in s else s["error"]
                 for runtime, s in self.tried[name].screened.items()}
        self.note(f"pare screens {name}: made in {seconds:.1f} s, mAP on the first images {shown}")

    def ranked(self, runtimes, placement=None):
        """The most accurate first, summed over the runtimes; what fails on all of them is left out."""
        def total(candidate):
            return sum(candidate.screened[runtime].get("map_50_95", 0) for runtime in runtimes)
        usable = [c for c in self.tried.values() if placement in (None, c.quantization["placement"]) and total(c) > 0]
        return sorted(usable, key=lambda c: -total(c))

    def kept_layers(self):
        yield self.maker.layers[:1]
        if not self.maker.sensitive:
            return self.note("pare tries no sensitive layers in fp32: preparing named none")
        for share in (0.08,) if self.quick else (0.08, 0.2):
            yield sorted(self.maker.sensitive[:max(2, round(share * len(self.maker.layers)))])
        if self.maker.outputs:
            yield sorted({*self.maker.outputs, *self.maker.sensitive[:SENSITIVE_BESIDE_OUTPUTS]})

    def make_list(self, runtimes):
        bits = 8 if has_vnni() else 7
        ranges = RANGES[1:2] if self.quick else RANGES
        for placement, method in itertools.product(PLACEMENTS, ranges):
            self.try_one({"weight_bits": bits, "ranges": method, "placement": placement, "keep_fp32": []})
        starts = [c for placement in PLACEMENTS for c in self.ranked(runtimes, placement)[:1]]
        for kept in list(self.kept_layers()):
            for start in starts:
                self.try_one({**start.quantization, "keep_fp32": kept})
        for best in self.ranked(runtimes)[:1]:
            for lever in LEVERS[:1] if self.quick else LEVERS:
                self.try_one({**best.quantization, **lever})
            self.try_one({**best.quantization, "weight_bits": 15 - bits})

    def finalists(self, given, runtimes):
        """By runtime the candidates to measure: the best of each placement and the second of all (all, where a list
        was given)."""
        if given is not None:
            for quantization in given:
                self.try_one({"keep_fp32": [], **quantization})
            return {runtime: list(self.tried.values()) for runtime in runtimes}
        self.make_list(runtimes)
        chosen = {}
        for runtime in runtimes:
            best = [c for placement in PLACEMENTS for c in self.ranked([runtime], placement)[:1]]
            others = [c for c in self.ranked([runtime]) if c not in best]
            chosen[runtime] = best + others[:1]
        return chosen
