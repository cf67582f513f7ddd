"""What can go wrong, by who would have to do something about it.

Everything derives from PareError; `str(error)` is one sentence that names the thing and the value.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from .documents import ComparisonDocument, JobDocument


class PareError(Exception):
    """Any failure of this package."""


class Unavailable(PareError):
    """Nobody answers, or the service cannot work now (a 5xx): it was tried again first, where that is safe."""

    def __init__(self, detail: str, status: Optional[int] = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status


class Refused(PareError):
    """The service understood the request and will not carry it out (a 4xx); `field` is at fault, where it says one."""

    def __init__(self, detail: str, status: int, title: str = "", field: Optional[str] = None, value: Any = None) -> None:
        at = "" if field is None or field in detail else f" ({field}{'' if value is None else f': {value}'})"
        super().__init__(detail + at)
        self.detail = detail
        self.status = status
        self.title = title
        self.field = field
        self.value = value


class Invalid(Refused):
    """400, 411 to 416: the request is not one that the service takes."""


class Unauthenticated(Refused):
    """401: the service asks for a token, or for another one."""


class Forbidden(Refused):
    """403: the token's scopes do not reach, or the thing belongs to somebody else."""


class NotFound(Refused):
    """404: there is no such thing."""


class Conflict(Refused):
    """409: it is not in the state for that, or a name is taken, or a prefix stands for several."""


class Unsupported(Refused):
    """422: understood, and cannot be met: a target that nobody serves, a model that was rejected."""


class TooManyRequests(Refused):
    """429: more than the service takes of one token; it was waited first."""


class Rejected(PareError):
    """A model or dataset was uploaded, and its inspection found that Pare cannot use it."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what} was rejected: {reason}")
        self.what = what
        self.reason = reason


class JobFailed(PareError):
    """A job that was waited for failed or was cancelled; `job` is its document."""

    def __init__(self, job: JobDocument) -> None:
        super().__init__(f"job {job.id} {job.state}" + (f": {job.reason}" if job.reason else ""))
        self.job = job
        self.reason = job.reason


class ComparisonFailed(PareError):
    """A comparison that was waited for failed; `comparison` is its document."""

    def __init__(self, comparison: ComparisonDocument) -> None:
        super().__init__(f"comparison {comparison.id} failed" + (f": {comparison.reason}" if comparison.reason else ""))
        self.comparison = comparison
        self.reason = comparison.reason


class TimedOut(PareError, TimeoutError):
    """What was waited for is not over; it goes on."""


class Damaged(PareError):
    """What came is not what its SHA-256 says; no file was left."""


class Unexpected(PareError):
    """An answer that is not what docs/api.md says: another kind of service, or a much older or newer one."""
