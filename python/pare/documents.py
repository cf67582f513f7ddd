"""What the service answers, as frozen dataclasses: values, which compare, pickle and go from one client to another.

The names are the API's (docs/api.md); where it says `map_50_95` (the mAP over IoU .50 to .95) these say `map`.  Accuracies are
shares (0 to 1), `map_lost` is in points (0 to 100), latencies are in milliseconds, sizes in bytes, times are in UTC.  What a newer
service says beside is in `extra`.
"""
from __future__ import annotations

import json
import os
import pathlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union, overload

from . import _text
from ._decode import read

if TYPE_CHECKING:
    import pandas

Json = Mapping[str, Any]

_MAP = {"wire": "map_50_95"}


def _extra() -> Any:
    return field(default_factory=dict, repr=False)


def _quiet(default: Any = None) -> Any:
    """A field that is too long to be printed with the rest."""
    return field(default_factory=default, repr=False) if callable(default) else field(default=default, repr=False)


# -- the service


@dataclass(frozen=True)
class Health:
    status: str
    version: Optional[str] = None
    workers: Optional[int] = None
    database: Optional[str] = None
    artifacts: Optional[str] = None
    waiting: Optional[int] = None
    waiting_reason: Optional[str] = None
    reason: Optional[str] = None
    since: Optional[datetime] = None
    max_blob_bytes: Optional[int] = None
    extra: Json = _extra()


@dataclass(frozen=True)
class Identity:
    access: str
    scopes: Tuple[str, ...]
    owner: Optional[str] = None
    extra: Json = _extra()


@dataclass(frozen=True)
class Token:
    name: str
    owner: str
    scopes: Tuple[str, ...]
    created_at: datetime
    expires_at: Optional[datetime] = None
    revoked_at: Optional[datetime] = None
    used_at: Optional[datetime] = None
    token: Optional[str] = field(default=None, repr=False)  # its text, once: when it is made
    extra: Json = _extra()


@dataclass(frozen=True)
class Enrolment:
    name: str
    code: str = field(repr=False)
    expires_at: datetime
    extra: Json = _extra()


@dataclass(frozen=True)
class AuditEntry:
    at: datetime
    method: str
    path: str
    status: int
    token: Optional[str] = None
    owner: Optional[str] = None
    times: Optional[int] = None
    extra: Json = _extra()


# -- models, datasets, targets, workers


@dataclass(frozen=True)
class Group:
    """Channels that can only go together, and the widths that may be left of them."""

    name: str
    channels: int
    widths: Tuple[int, ...]
    producers: Tuple[str, ...] = ()
    consumers: Tuple[str, ...] = ()
    extra: Json = _extra()


@dataclass(frozen=True)
class FrozenLayer:
    layer: str
    channels: int
    reason: str
    extra: Json = _extra()


@dataclass(frozen=True)
class Layer:
    name: str
    op: str
    macs: int
    parameters: int
    extra: Json = _extra()


@dataclass(frozen=True)
class Summary:
    """What an inspection understood of a model."""

    card: Json
    macs: int
    parameters: int
    bytes: int
    stride: int
    opset: int
    groups: Tuple[Group, ...] = _quiet(tuple)
    frozen: Tuple[FrozenLayer, ...] = _quiet(tuple)
    layers: Tuple[Layer, ...] = _quiet(tuple)
    notes: Tuple[str, ...] = _quiet(tuple)
    class_count: Optional[int] = None
    extra: Json = _extra()


@dataclass(frozen=True)
class Model:
    name: str
    sha256: str
    state: str
    card_version: int
    created_at: datetime
    card: Optional[Json] = _quiet()
    summary: Optional[Summary] = _quiet()  # not in lists
    reason: Optional[str] = None
    owner: Optional[str] = None
    extra: Json = _extra()


@dataclass(frozen=True)
class Dataset:
    name: str
    sha256: str
    state: str
    calibration_images: int
    validation_images: int
    boxes: int
    labelled: bool
    created_at: datetime
    classes: Tuple[str, ...] = _quiet(tuple)
    class_boxes: Tuple[int, ...] = _quiet(tuple)
    notes: Tuple[str, ...] = _quiet(tuple)
    reason: Optional[str] = None
    owner: Optional[str] = None
    extra: Json = _extra()


@dataclass(frozen=True)
class Target:
    name: str
    runtime: str
    pool: str
    threads: int
    precisions: Tuple[str, ...]
    served: bool
    workers: int
    extra: Json = _extra()


@dataclass(frozen=True)
class Runtime:
    name: str
    version: str
    precisions: Tuple[str, ...]
    extra: Json = _extra()


@dataclass(frozen=True)
class Worker:
    session: str
    name: str
    device: str
    state: str
    last_seen: datetime
    pools: Tuple[str, ...] = ()
    runtimes: Tuple[Runtime, ...] = ()
    capabilities: Tuple[str, ...] = ()
    tasks: Tuple[int, ...] = ()
    probe: Optional[Json] = _quiet()
    extra: Json = _extra()


# -- fronts


@dataclass(frozen=True)
class HeldBack:
    """The same plan on images that chose nothing."""

    map: float = field(metadata=_MAP)
    images: int
    map_low: Optional[float] = None
    map_high: Optional[float] = None
    map_lost: Optional[float] = None
    map_lost_low: Optional[float] = None
    map_lost_high: Optional[float] = None
    extra: Json = _extra()


@dataclass(frozen=True)
class Member:
    """A plan on a front.  `sure`: the probability that no other trial beats it."""

    plan_sha256: str
    candidate_sha256: str
    trial: int
    map: float = field(metadata=_MAP)
    images: int
    latency_ms: float
    latency_low_ms: float
    latency_high_ms: float
    latency_confirmed: bool
    sure: float = field(metadata={"wire": "on_front"})
    bytes: int
    peak_memory_bytes: int
    macs: int
    input: Tuple[int, int]
    precision: str
    map_lost: float
    speedup: float
    description: str
    weights: str = "original"
    recovered: str = "original"
    map_low: Optional[float] = None
    map_high: Optional[float] = None
    map_lost_low: Optional[float] = None
    map_lost_high: Optional[float] = None
    held_back: Optional[HeldBack] = None
    figures: Mapping[str, float] = _quiet(dict)
    latency_suspect: Optional[str] = None
    accuracy_alarm: Optional[str] = None
    accuracy_runtime: Optional[str] = None
    labels: Optional[str] = None  # what the accuracies are scored against: the front's, or the job's
    extra: Json = _extra()

    def __str__(self) -> str:
        return _text.member_line(self)


def _labelled(member: Optional[Member], labels: Optional[str]) -> Optional[Member]:
    return member if member is None or labels is None else replace(member, labels=labels)


@dataclass(frozen=True)
class Front(Sequence[Member]):
    """What nothing else beats on a target, fastest first.  `target` None: over all targets of the job."""

    hypervolume: float
    members: Tuple[Member, ...]
    target: Optional[str] = None
    labels: Optional[str] = None
    original: Optional[Member] = None
    hidden: int = 0  # of no use, and not among `members`
    extra: Json = _extra()

    def __post_init__(self) -> None:
        object.__setattr__(self, "original", _labelled(self.original, self.labels))
        object.__setattr__(self, "members", tuple(_labelled(member, self.labels) for member in self.members))

    @overload
    def __getitem__(self, index: int) -> Member: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Member]: ...

    def __getitem__(self, index: Union[int, slice]) -> Union[Member, Sequence[Member]]:
        return self.members[index]

    def __len__(self) -> int:
        return len(self.members)

    def __str__(self) -> str:
        return _text.front_table(self)

    def fastest(self, *, max_lost: Optional[float] = None, min_map: Optional[float] = None) -> Optional[Member]:
        """The fastest that lost at most so many points, and is at least so accurate; None: there is none."""
        fits = [m for m in self.members if (max_lost is None or m.map_lost <= max_lost) and (min_map is None or m.map >= min_map)]
        return min(fits, key=lambda m: m.latency_ms, default=None)

    def most_accurate(self, *, max_latency_ms: Optional[float] = None, max_bytes: Optional[int] = None) -> Optional[Member]:
        """The most accurate within a latency and a size; None: there is none."""
        fits = [m for m in self.members
                if (max_latency_ms is None or m.latency_ms <= max_latency_ms) and (max_bytes is None or m.bytes <= max_bytes)]
        return max(fits, key=lambda m: m.map, default=None)

    def to_pandas(self) -> pandas.DataFrame:
        """One row a member."""
        from . import _frames
        return _frames.front(self)

    def _repr_html_(self) -> str:
        from . import _html
        return _html.front(self)


# -- jobs


@dataclass(frozen=True)
class Counts:
    asked: int
    finished: int
    failed: int
    extra: Json = _extra()


@dataclass(frozen=True)
class Budget:
    trials: int
    seconds: Optional[float] = None
    device_seconds: Optional[float] = None
    stagnation: Optional[int] = None
    extra: Json = _extra()


@dataclass(frozen=True)
class Constraint:
    metric: str
    max: Optional[float] = None
    min: Optional[float] = None
    target: Optional[str] = None
    extra: Json = _extra()


@dataclass(frozen=True)
class Best:
    """A target's front in short: `fastest` is the fastest at no more than 1.0 point lost, `front` how many are of use."""

    target: str
    hypervolume: float
    front: int
    original: Optional[Member] = None
    fastest: Optional[Member] = None
    note: Optional[str] = None
    extra: Json = _extra()


@dataclass(frozen=True)
class Waiting:
    kind: str
    reason: str
    task: Optional[int] = None
    trial: Optional[int] = None
    times: Optional[int] = None
    until: Optional[datetime] = None
    extra: Json = _extra()


@dataclass(frozen=True)
class UnderWay:
    task: int
    kind: str
    progress: float
    message: str
    trial: Optional[int] = None
    extra: Json = _extra()


@dataclass(frozen=True)
class Preprocessing:
    """What came of preparing images in several ways before the search."""

    images: int
    findings: Tuple[str, ...] = ()
    alarms: Tuple[str, ...] = ()
    tried: Tuple[Json, ...] = _quiet(tuple)
    extra: Json = _extra()


@dataclass(frozen=True)
class TunedMember:
    trial: int
    state: str
    tuned_trial: Optional[int] = None
    before: Optional[float] = None
    after: Optional[float] = None
    reason: Optional[str] = None
    extra: Json = _extra()


@dataclass(frozen=True)
class Tuning:
    members: Tuple[TunedMember, ...]
    ended: int
    extra: Json = _extra()


@dataclass(frozen=True)
class JobDocument:
    """A job as it was when it was read.  `best` is not there in lists."""

    id: int
    state: str
    revision: int
    model: str
    dataset: str
    targets: Tuple[str, ...]
    objectives: Tuple[str, ...]
    budget: Budget
    trials: Counts
    progress: float
    created_at: datetime
    model_sha256: str
    dataset_sha256: str
    card_version: int
    priority: int = 0
    constraints: Tuple[Constraint, ...] = ()
    across: str = "each"
    strategy: str = "pare"
    seed: int = 1
    recovery: Any = "reconstruct"
    space: Json = _quiet(dict)
    validation: Json = _quiet(dict)
    weights: Mapping[str, float] = _quiet(dict)
    begin_with: Tuple[Json, ...] = _quiet(tuple)
    transfer: Optional[Json] = _quiet()
    supernet_sha256: Optional[str] = None
    started_at: Optional[datetime] = None
    finished_at: Optional[datetime] = None
    seconds_left: Optional[float] = None
    labels: Optional[str] = None
    reason: Optional[str] = None
    owner: Optional[str] = None
    warnings: Tuple[str, ...] = ()
    best: Optional[Tuple[Best, ...]] = _quiet()
    waiting: Tuple[Waiting, ...] = _quiet(tuple)
    under_way: Tuple[UnderWay, ...] = _quiet(tuple)
    preprocessing: Optional[Preprocessing] = _quiet()
    tuning: Optional[Tuning] = _quiet()
    extra: Json = _extra()

    def __post_init__(self) -> None:
        if self.best is not None:
            best = tuple(replace(one, original=_labelled(one.original, self.labels), fastest=_labelled(one.fastest, self.labels))
                         for one in self.best)
            object.__setattr__(self, "best", best)

    @property
    def ended(self) -> bool:
        return self.state in ("succeeded", "failed", "cancelled")

    @property
    def sentences(self) -> Tuple[str, ...]:
        """What was found, a sentence a target."""
        return tuple(_text.offers(self))


@dataclass(frozen=True)
class Outcome:
    """What a trial came to on a target; either `infeasible` says why nothing, or the figures are there that were taken."""

    infeasible: Optional[str] = None
    map: Optional[float] = field(default=None, metadata=_MAP)
    map_low: Optional[float] = None
    map_high: Optional[float] = None
    map_lost: Optional[float] = None
    map_lost_low: Optional[float] = None
    map_lost_high: Optional[float] = None
    expected_map: Optional[float] = None
    images: Optional[int] = None
    held_back: Optional[HeldBack] = None
    labels: Optional[str] = None
    figures: Mapping[str, float] = _quiet(dict)
    latency_ms: Optional[float] = None
    latency_low_ms: Optional[float] = None
    latency_high_ms: Optional[float] = None
    first_latency_ms: Optional[float] = None
    speedup: Optional[float] = None
    samples: Optional[int] = None
    peak_memory_bytes: Optional[int] = None
    latency_suspect: Optional[str] = None
    accuracy_alarm: Optional[str] = None
    accuracy_runtime: Optional[str] = None
    layers_ms: Optional[Mapping[str, float]] = _quiet()  # of one plan or candidate, not in lists
    measurement: Optional[Json] = _quiet()  # likewise
    extra: Json = _extra()


@dataclass(frozen=True)
class Trial:
    """One plan inside one job.  Lists with summaries have what the plan does, the others the `plan` itself."""

    number: int
    plan_sha256: str
    state: str
    origin: str
    outcomes: Mapping[str, Outcome]
    created_at: datetime
    finished_at: Optional[datetime] = None
    reason: Optional[str] = None
    candidate_sha256: Optional[str] = None
    bytes: Optional[int] = None
    macs: Optional[int] = None
    plan: Optional[Json] = _quiet()
    job: Optional[int] = None  # of one plan or candidate
    input: Optional[Tuple[int, int]] = None
    precision: Optional[str] = None
    weights: Optional[str] = None
    narrower_groups: Optional[int] = None
    skipped_blocks: Optional[int] = None
    smaller_kernels: Optional[int] = None
    float_layers: Optional[int] = None
    description: Optional[str] = None
    extra: Json = _extra()


@dataclass(frozen=True)
class Task:
    id: int
    kind: Optional[str]  # None: of a newer service, which this one cannot read
    state: str
    attempt: int
    progress: float
    message: str
    suspended: bool
    created_at: datetime
    device: Optional[str] = None
    checkpoint_step: Optional[int] = None
    trial: Optional[int] = None
    waiting_reason: Optional[str] = None
    reason: Optional[str] = None
    finished_at: Optional[datetime] = None
    extra: Json = _extra()


@dataclass(frozen=True)
class Point:
    attempt: int
    step: int
    at: datetime
    numbers: Mapping[str, float]
    extra: Json = _extra()


@dataclass(frozen=True)
class Check:
    """What the reality check of a target found."""

    target: str
    measured_by: int
    measured_at: datetime
    result: Optional[Json] = _quiet()
    reason: Optional[str] = None
    extra: Json = _extra()

    @property
    def findings(self) -> Tuple[str, ...]:
        return tuple((self.result or {}).get("findings", ()))


@dataclass(frozen=True)
class Estimate:
    """What is expected, and where it lies in 9 of 10 cases."""

    mean: float
    low: float
    high: float
    extra: Json = _extra()


@dataclass(frozen=True)
class Prediction:
    """What a job's trials say of a plan on a target: never a result.  `works`: the chance that it does at all."""

    works: float
    metrics: Mapping[str, Estimate]
    reason: Optional[str] = None

    def __getitem__(self, metric: str) -> Estimate:
        return self.metrics[metric]


@dataclass(frozen=True)
class PredictedPlan:
    """By target, what is expected of a plan.  `weights`: whose the answer is about, where not the plan's own."""

    plan_sha256: str
    predicted: Mapping[str, Prediction]
    weights: Optional[str] = None

    def __getitem__(self, target: str) -> Prediction:
        return self.predicted[target]


@dataclass(frozen=True)
class _PredictedItem:
    plan_sha256: str
    predicted: Mapping[str, Mapping[str, Any]]
    weights: Optional[str] = None
    extra: Json = _extra()


def predicted_plans(document: Json) -> List[PredictedPlan]:
    """The answer of `predict`, whose metrics have the names of the job's."""
    items = [read(_PredictedItem, one) for one in document.get("items", ())]
    return [PredictedPlan(item.plan_sha256, {target: _prediction(one) for target, one in item.predicted.items()}, item.weights)
            for item in items]


def _prediction(document: Json) -> Prediction:
    metrics = {name: read(Estimate, value) for name, value in document.items() if isinstance(value, dict)}
    return Prediction(float(document.get("works", 0)), metrics, document.get("reason"))


# -- plans, candidates, super-networks


@dataclass(frozen=True)
class Plan:
    """A plan and every trial of it.  `plan` is the recipe, which a job can begin with and `pare apply` replays."""

    sha256: str
    plan: Json = field(repr=False)
    trials: Tuple[Trial, ...] = _quiet(tuple)
    extra: Json = _extra()

    def with_(self, **changes: Any) -> Dict[str, Any]:
        """The recipe with some of its parts replaced: plan.with_(input=[224, 224])."""
        return {**self.plan, **changes}

    def save(self, path: Union[str, os.PathLike[str]]) -> pathlib.Path:
        """Writes the recipe as JSON."""
        file = pathlib.Path(path)
        file.write_text(json.dumps(self.plan, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        return file


@dataclass(frozen=True)
class Candidate:
    sha256: str
    plan_sha256: str
    bytes: int
    macs: int
    build: Optional[Json] = _quiet()
    trials: Tuple[Trial, ...] = _quiet(tuple)
    extra: Json = _extra()


@dataclass(frozen=True)
class Cut:
    """`from_` and `to`: before and after; what is expected of this part alone is no result."""

    kind: str
    from_: str = field(metadata={"wire": "from"})
    to: str
    why: str
    what: Optional[str] = None
    expected_damage: Optional[float] = None
    macs_saved: Optional[float] = None
    extra: Json = _extra()


@dataclass(frozen=True)
class LayerTime:
    ms: Optional[float] = None
    share: Optional[float] = None
    original_ms: Optional[float] = None
    extra: Json = _extra()


@dataclass(frozen=True)
class ReportLayer:
    layer: str
    op: str
    precision: str
    inputs: int
    outputs: int
    macs: int
    bytes: int
    macs_share: float
    bytes_share: float
    gone: bool = False
    why_float: Optional[str] = None
    int8_damage: Optional[float] = None
    original: Json = _quiet(dict)
    times: Mapping[str, LayerTime] = _quiet(dict)
    extra: Json = _extra()


@dataclass(frozen=True)
class ReportTarget:
    target: str
    infeasible: Optional[str] = None
    map: Optional[float] = field(default=None, metadata=_MAP)
    map_lost: Optional[float] = None
    latency_ms: Optional[float] = None
    speedup: Optional[float] = None
    extra: Json = _extra()


@dataclass(frozen=True)
class Report:
    """What was cut or lowered in a candidate, where and why, and what it cost; `unknown` says what is missing, and why."""

    sha256: str
    plan_sha256: str
    job: int
    trial: int
    origin: str
    model_sha256: str
    description: str
    totals: Json
    cuts: Tuple[Cut, ...] = _quiet(tuple)
    layers: Tuple[ReportLayer, ...] = _quiet(tuple)
    targets: Tuple[ReportTarget, ...] = _quiet(tuple)
    unknown: Tuple[str, ...] = _quiet(tuple)
    labels: Optional[str] = None
    extra: Json = _extra()

    def to_pandas(self) -> pandas.DataFrame:
        """One row a layer."""
        from . import _frames
        return _frames.report(self)


@dataclass(frozen=True)
class Supernet:
    """A super-network, or (with `plan_sha256`) the weights of one tuned plan."""

    sha256: str
    bytes: int
    model_sha256: str
    card_version: int
    created_at: datetime
    job: Optional[int] = None
    dataset_sha256: Optional[str] = None
    statistics_sha256: Optional[str] = None
    plan_sha256: Optional[str] = None
    training: Optional[Json] = _quiet()
    extra: Json = _extra()


# -- comparisons


@dataclass(frozen=True)
class LatencyVerdict:
    """`ratio`: B's latency over A's; `high` None: no bound yet."""

    ratio: float
    low: float
    high: Optional[float]
    blocks: int
    verdict: str
    extra: Json = _extra()


@dataclass(frozen=True)
class AccuracyVerdict:
    """`delta`: B's accuracy minus A's."""

    delta: float
    low: float
    high: float
    images: int
    verdict: str
    labels: Optional[str] = None
    extra: Json = _extra()


@dataclass(frozen=True)
class ComparisonResult:
    latency: LatencyVerdict
    accuracy: AccuracyVerdict
    verdict: str
    sentence: str
    extra: Json = _extra()


@dataclass(frozen=True)
class ComparisonDocument:
    """An A/B experiment on a device, as it was when it was read."""

    id: int
    state: str
    job: int
    target: str
    a: str
    b: str
    created_at: datetime
    alpha: Optional[float] = None
    latency_margin: Optional[float] = None
    map_margin: Optional[float] = None
    max_blocks: Optional[int] = None
    finished_at: Optional[datetime] = None
    reason: Optional[str] = None
    result: Optional[ComparisonResult] = None
    extra: Json = _extra()

    @property
    def ended(self) -> bool:
        return self.state in ("succeeded", "failed")
