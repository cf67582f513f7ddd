"""Documents as pandas data frames: one row a thing, units in the names of the columns.  pandas is imported here alone."""
from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping

if TYPE_CHECKING:
    import pandas

    from .documents import Front, Report, Trial


def _frame(rows: List[Dict[str, Any]]) -> pandas.DataFrame:
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError("to_pandas() needs pandas: pip install 'pare-client[pandas]'") from error
    return pd.DataFrame(rows)


def _flat(document: Any, prefix: str = "") -> Dict[str, Any]:
    """The plain fields of a document; those of a document in it with its name before theirs; figures by their metric."""
    row: Dict[str, Any] = {}
    for field in dataclasses.fields(document):
        value = getattr(document, field.name)
        if field.name == "input" and value is not None:
            row[prefix + "input_height"], row[prefix + "input_width"] = value
        elif field.name == "figures" and value:
            row.update({prefix + metric: figure for metric, figure in value.items()})
        elif dataclasses.is_dataclass(value):
            row.update(_flat(value, f"{prefix}{field.name}_"))
        elif value is None or isinstance(value, (bool, int, float, str)) or hasattr(value, "isoformat"):
            row[prefix + _column(field.name)] = value
    return row


def _column(name: str) -> str:
    return {"bytes": "size_bytes", "map_lost": "map_lost_points", "map_lost_low": "map_lost_low_points",
            "map_lost_high": "map_lost_high_points"}.get(name, name)


def front(document: Front) -> pandas.DataFrame:
    return _frame([{"target": document.target, **_flat(member)} for member in document.members])


def trials(job: int, items: Iterable[Trial]) -> pandas.DataFrame:
    """One row a trial and target; a trial without outcomes is one row without a target."""
    rows: List[Dict[str, Any]] = []
    for trial in items:
        own = {"job": job, **{name: value for name, value in _flat(trial).items() if name != "job"}}
        outcomes: Mapping[str, Any] = trial.outcomes or {}
        rows += [{**own, "target": target, **_flat(outcome)} for target, outcome in outcomes.items()] or [{**own, "target": None}]
    return _frame(rows)


def report(document: Report) -> pandas.DataFrame:
    rows: List[Dict[str, Any]] = []
    for layer in document.layers:
        times = {f"{target}_{name}": getattr(time, name) for target, time in layer.times.items() for name in ("ms", "share", "original_ms")}
        rows.append({**_flat(layer), **{f"original_{name}": value for name, value in layer.original.items()}, **times})
    return _frame(rows)
