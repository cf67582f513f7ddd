"""What a search is for, as objectives and constraints of a job document.

    client.submit("boards", "boards", ["x86"], goal=goals.fastest(min_map=0.43))

The service knows bounds that are absolute; "at most 1.0 point lost" is one as soon as the original was measured, which
`max_lost` with `original` (a front, its original, or a figure) works out.  Before that, search for the whole trade-off (the default), and
ask the front: front.fastest(max_lost=1.0).
"""
from __future__ import annotations

import dataclasses
from typing import Any, Dict, Optional, Tuple, Union

from .documents import Front, Member

MAP = "map_50_95"
LATENCY = "latency_ms"
BYTES = "bytes"
MEMORY = "peak_memory_bytes"

Original = Union[Front, Member, float]


@dataclasses.dataclass(frozen=True)
class Goal:
    """One to five metrics to do well in, and bounds.  Several metrics make a front; one makes it a single plan."""

    objectives: Tuple[str, ...] = (MAP, LATENCY)
    constraints: Tuple[Dict[str, Any], ...] = ()

    def where(self, metric: str, *, max: Optional[float] = None, min: Optional[float] = None, target: Optional[str] = None) -> Goal:
        """The same with one more bound, on one target or on all of them."""
        if (max is None) == (min is None):
            raise ValueError(f"a bound on {metric} is either max= or min=")
        bound: Dict[str, Any] = {"metric": metric, **({"max": max} if max is not None else {"min": min})}
        if target is not None:
            bound["target"] = target
        return dataclasses.replace(self, constraints=(*self.constraints, bound))

    def document(self) -> Dict[str, Any]:
        """The part of a job document that says it."""
        return {"objectives": list(self.objectives), "constraints": [dict(bound) for bound in self.constraints]}


def trade_off(*metrics: str) -> Goal:
    """The whole front between metrics: accuracy and latency, where none are named."""
    return Goal(metrics) if metrics else Goal()


def fastest(*, min_map: Optional[float] = None, max_lost: Optional[float] = None, original: Optional[Original] = None) -> Goal:
    """The fastest that keeps an accuracy: `min_map` (a share), or at most `max_lost` points below the `original`'s."""
    return Goal((LATENCY,)).where(MAP, min=_floor(min_map, max_lost, original))


def smallest(*, min_map: Optional[float] = None, max_lost: Optional[float] = None, original: Optional[Original] = None) -> Goal:
    """The smallest file that keeps an accuracy; weights may then stand in fewer bits, too."""
    return Goal((BYTES,)).where(MAP, min=_floor(min_map, max_lost, original))


def most_accurate(*, max_latency_ms: float, target: Optional[str] = None) -> Goal:
    """The most accurate within a latency, on one target or on all of them."""
    return Goal((MAP,)).where(LATENCY, max=max_latency_ms, target=target)


def keep_class(name: str) -> Goal:
    """The front between the mAP of one class and latency, whatever becomes of the others."""
    return Goal((f"class:{name}", LATENCY))


def _floor(min_map: Optional[float], max_lost: Optional[float], original: Optional[Original]) -> float:
    if (min_map is None) == (max_lost is None):
        raise ValueError("say either min_map= or max_lost=")
    if min_map is not None:
        return min_map
    if max_lost is None or original is None:
        raise ValueError("max_lost= needs original=, whose accuracy it is below (a front, its original, or a figure); "
                         "where nothing was measured yet, search the trade-off and ask front.fastest(max_lost=...)")
    return _map_of(original) - max_lost / 100


def _map_of(original: Original) -> float:
    if isinstance(original, Front):
        if original.original is None:
            raise ValueError("the original of this front has not been measured yet")
        return original.original.map
    return original.map if isinstance(original, Member) else float(original)
