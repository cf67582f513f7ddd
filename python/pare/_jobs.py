"""Job documents from what a caller says: pure.  What is not said is not in them."""
from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Protocol, Sequence, Union

from . import documents
from .goals import Goal


class HasId(Protocol):
    """A job of either client, or its document."""

    @property
    def id(self) -> int: ...


JobLike = Union[int, HasId]
StartLike = Union[str, Mapping[str, Any], documents.Plan, documents.Member, documents.Trial, HasId]


def job_id(job: JobLike) -> int:
    return job if isinstance(job, int) else job.id


def job_document(model: Union[str, documents.Model], dataset: Union[str, documents.Dataset],
                 targets: Sequence[Union[str, documents.Target]], *, goal: Optional[Goal], budget: Mapping[str, Any],
                 validation: Mapping[str, Any], begin_with: Sequence[StartLike], transfer: Optional[JobLike], measure: Optional[int],
                 **parts: Any) -> Dict[str, Any]:
    if isinstance(targets, str):
        raise TypeError(f"targets is a list, [{targets!r}], and not one name")
    document: Dict[str, Any] = {
        "model": model if isinstance(model, str) else model.name,  # names stand for one thing for good, and people read them
        "dataset": dataset if isinstance(dataset, str) else dataset.name,
        "targets": [target if isinstance(target, str) else target.name for target in targets],
        **(goal.document() if goal else {}),
    }
    parts.update(budget=_said(budget), validation=_said(validation), begin_with=[_start(one) for one in begin_with])
    if transfer is not None:
        parts["transfer"] = {"from": job_id(transfer), **({} if measure is None else {"measure": measure})}
    document.update({name: value for name, value in parts.items() if value not in (None, {}, [])})
    return document


def _said(part: Mapping[str, Any]) -> Dict[str, Any]:
    return {name: value for name, value in part.items() if value is not None}


def _start(one: StartLike) -> Dict[str, Any]:
    if isinstance(one, str):
        return {"sha256": one}
    if isinstance(one, (documents.Member, documents.Trial)):
        return {"sha256": one.plan_sha256}
    if isinstance(one, documents.Plan):
        return {"plan": dict(one.plan)}
    if isinstance(one, Mapping):
        return {"plan": dict(one)}
    return {"front_of": one.id}
