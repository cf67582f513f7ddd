"""JSON to frozen dataclasses, by their annotations.

What an annotation asks for must be there and be of that kind, or Unexpected says where; what it does not name is kept
in `extra`, so that a newer service can be read.  A class may say how a field is called on the wire:
field(metadata={"wire": "map_50_95"}).
"""
from __future__ import annotations

import collections.abc
import dataclasses
import datetime
import functools
import typing
from typing import Any, Dict, Tuple, Type, TypeVar, Union

from .errors import Unexpected

T = TypeVar("T")


class _Wrong(Exception):
    """Where, from the outside in, and what is wrong there."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.path: typing.List[str] = []


def read(kind: Type[T], document: Any) -> T:
    """`document` as a `kind`: raises Unexpected, which names the place."""
    try:
        return typing.cast(T, _value(kind, document))
    except _Wrong as wrong:
        where = ".".join([kind.__name__, *reversed(wrong.path)])
        raise Unexpected(f"the service answered something else than expected: {where} {wrong}") from None


@functools.lru_cache(maxsize=None)
def _fields(kind: Any) -> Tuple[Tuple[str, str, Any, bool], ...]:
    """(name, name on the wire, type, required) of every field but `extra`."""
    hints = typing.get_type_hints(kind)
    return tuple(
        (f.name, f.metadata.get("wire", f.name), hints[f.name],
         f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING)
        for f in dataclasses.fields(kind) if f.name != "extra")


def _record(kind: Any, document: Any) -> Any:
    if not isinstance(document, dict):
        raise _Wrong(f"is no object, but {_shown(document)}")
    given: Dict[str, Any] = {}
    rest = dict(document)
    for name, wire, hint, required in _fields(kind):
        if wire not in rest:
            if required:
                raise _Wrong(f"has no \"{wire}\"")
            continue
        given[name] = _at(wire, hint, rest.pop(wire))
    return kind(**given, extra=rest)


def _at(place: str, hint: Any, value: Any) -> Any:
    try:
        return _value(hint, value)
    except _Wrong as wrong:
        wrong.path.append(place)
        raise


def _value(hint: Any, value: Any) -> Any:
    if hint is Any:
        return value
    if dataclasses.is_dataclass(hint):
        return _record(hint, value)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Union:
        inner = [one for one in arguments if one is not type(None)]
        return None if value is None else _value(inner[0], value)
    if origin is tuple:
        return _sequence(arguments, value)
    if origin in (dict, collections.abc.Mapping):
        if not isinstance(value, dict):
            raise _Wrong(f"is no object, but {_shown(value)}")
        return {name: _at(name, arguments[1], one) for name, one in value.items()}
    return _scalar(hint, value)


def _sequence(arguments: Tuple[Any, ...], value: Any) -> Tuple[Any, ...]:
    if not isinstance(value, list):
        raise _Wrong(f"is no list, but {_shown(value)}")
    if arguments[-1] is Ellipsis:
        return tuple(_at(str(i), arguments[0], one) for i, one in enumerate(value))
    if len(value) != len(arguments):
        raise _Wrong(f"has {len(value)} entries, not {len(arguments)}")
    return tuple(_at(str(i), hint, one) for i, (hint, one) in enumerate(zip(arguments, value)))


def _scalar(hint: Any, value: Any) -> Any:
    if hint is datetime.datetime and isinstance(value, str):
        try:
            return datetime.datetime.fromisoformat(value[:-1] + "+00:00" if value.endswith("Z") else value)
        except ValueError:
            raise _Wrong(f"is no time, but {_shown(value)}") from None
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if hint in (int, str, bool) and type(value) is hint:
        return value
    raise _Wrong(f"is no {getattr(hint, '__name__', hint)}, but {_shown(value)}")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
