"""Requests and answers as values, and what is to be done about an answer: pure.  Both clients send what is made here."""
from __future__ import annotations

import dataclasses
import json
import urllib.parse
import uuid
from typing import Any, Dict, Mapping, Optional, Tuple

from . import errors
from ._sources import Source

JSON = "application/json"
BYTES = "application/octet-stream"

_BUSY = (429, 502, 503, 504)  # asking again may help
_KINDS = {401: errors.Unauthenticated, 403: errors.Forbidden, 404: errors.NotFound, 409: errors.Conflict,
          422: errors.Unsupported, 429: errors.TooManyRequests}


@dataclasses.dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    body: Optional[Mapping[str, Any]] = None
    source: Optional[Source] = None
    key: Optional[str] = None  # the same key makes one thing, however often it is sent
    reads: bool = False  # a POST that changes nothing
    documents: Tuple[int, ...] = ()  # statuses beyond 2xx whose answer is what was asked for

    @property
    def target(self) -> str:
        given = {name: _text(value) for name, value in self.query.items() if value is not None}
        return self.path + ("?" + urllib.parse.urlencode(given) if given else "")

    @property
    def headers(self) -> Dict[str, str]:
        out: Dict[str, str] = {}
        if self.source is not None:
            out = {"Content-Type": BYTES, "Content-Length": str(self.source.size)}
        elif self.body is not None:
            out = {"Content-Type": JSON}
        if self.key is not None:
            out["Idempotency-Key"] = self.key
        return out

    @property
    def content(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body).encode()

    @property
    def repeatable(self) -> bool:
        """Whether it does no harm twice."""
        return self.reads or self.key is not None or self.method in ("GET", "HEAD", "PUT", "DELETE")


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    content: bytes = b""

    def json(self) -> Any:
        try:
            return json.loads(self.content)
        except ValueError:
            raise errors.Unexpected(f"the service answered something that is not JSON: {self.content[:60]!r}") from None


def path(*parts: Any) -> str:
    """path("v1", "models", "a b") is /v1/models/a%20b."""
    return "/" + "/".join(urllib.parse.quote(str(part), safe="") for part in parts)


def new_key() -> str:
    return f"pare-{uuid.uuid4().hex}"


def _text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def problem_of(request: Request, answer: Answer) -> Optional[errors.PareError]:
    """What an answer says went wrong; None: nothing."""
    if 200 <= answer.status < 300 or answer.status in request.documents:
        return None
    try:
        said = json.loads(answer.content)
    except ValueError:
        said = {}
    if not isinstance(said, dict):
        said = {}
    detail = str(said.get("detail") or said.get("reason") or f"{request.method} {request.path}: the service answered {answer.status}")
    if answer.status >= 500:
        return errors.Unavailable(detail, answer.status)
    if answer.status == 401:
        detail += "; token=, PARE_TOKEN or PARE_TOKEN_FILE hands one over"
    kind = _KINDS.get(answer.status, errors.Invalid)
    field = said.get("field")
    return kind(detail, answer.status, str(said.get("title", "")), None if field is None else str(field), said.get("value"))


def should_repeat(request: Request, status: Optional[int], sent: bool) -> bool:
    """After an answer of that status, or none (None); `sent`: whether the service may have heard the request."""
    if status is None:
        return request.repeatable or not sent
    return status in _BUSY and status not in request.documents and (request.repeatable or status == 429)


def pause_before(attempt: int, spent: float, patience: float) -> Optional[float]:
    """Seconds to wait before the next attempt (the first one after a failure is 1); None: patience is at its end."""
    pause = min(4.0, 0.25 * 2.0 ** (attempt - 1))
    return pause if spent + pause <= patience else None
