"""Jobs and comparisons that somebody follows: handles, whose `document` is what was read last."""
from __future__ import annotations

import pathlib
import time
from typing import TYPE_CHECKING, Any, Iterator, Dict, List, Mapping, Optional, Sequence, TextIO, Union

from .. import _html, _text, documents
from .._decode import read
from .._progress import display_for
from .._requests import Request, path
from .._sources import Path
from ..errors import ComparisonFailed, JobFailed, NotFound, PareError, TimedOut
from ._catalog import pages
from ._clock import sleep
from ._transport import Transport

if TYPE_CHECKING:
    import pandas

    from ._client import Client

PlanLike = Union[str, Mapping[str, Any], documents.Plan, documents.Member, documents.Trial]

ORIGINAL = "original"
_ORIGINAL_TRIAL = 1  # every job begins with it


def _write_report(transport: Transport, routes: Mapping[str, str], file: Path) -> pathlib.Path:
    """The report that a file's ending asks for."""
    place = pathlib.Path(file)
    if place.suffix not in routes:
        raise ValueError(f"a report is {' or '.join(routes)}, and not {place.name}")
    place.write_bytes((transport.send(Request("GET", routes[place.suffix]))).content)
    return place


class Job:
    """One search.  `document` and `fronts` are as they were read last; refresh(), wait() and watch() read them anew."""

    def __init__(self, client: Client, document: documents.JobDocument) -> None:
        self._client = client
        self._transport = client.transport
        self.document = document
        self.fronts: Dict[str, documents.Front] = {}

    @property
    def id(self) -> int:
        return self.document.id

    @property
    def state(self) -> str:
        return self.document.state

    @property
    def reason(self) -> Optional[str]:
        return self.document.reason

    @property
    def targets(self) -> Sequence[str]:
        return self.document.targets

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {_text.progress(self.document)}>"

    def __str__(self) -> str:
        return "\n".join([_text.progress(self.document), *self.document.sentences])

    def _repr_html_(self) -> str:
        return _html.job(self.document, self.fronts.values())

    def refresh(self) -> Job:
        """Reads the job and its fronts."""
        self.document = self._read()
        for target in self.document.targets:
            self.front(target)
        return self

    def _read(self) -> documents.JobDocument:
        return read(documents.JobDocument, self._transport.json(Request("GET", path("v1", "jobs", self.id))))

    # -- following it

    def follow(self, *, every: float = 1.0, timeout: Optional[float] = None) -> Iterator[documents.JobDocument]:
        """The job now and whenever it has changed, at most once in `every` seconds, until it has ended.  A service that is away
        is waited for as long as the client's patience lasts."""
        deadline = None if timeout is None else time.monotonic() + timeout
        before: Optional[documents.JobDocument] = None
        while True:
            self.document = self._read()
            if self.document != before:
                yield self.document
            before = self.document
            if self.document.ended:
                return
            if deadline is not None and time.monotonic() + every > deadline:
                raise TimedOut(f"job {self.id} has not ended within {timeout:g} s; it goes on")
            sleep(every)

    def wait(self, *, timeout: Optional[float] = None, every: float = 1.0) -> Job:
        """Returns when the job has succeeded, with its fronts; JobFailed if it failed or was cancelled, TimedOut if it goes on."""
        for _ in self.follow(every=every, timeout=timeout):
            pass
        return self._ended()

    def watch(self, *, timeout: Optional[float] = None, every: float = 1.0, file: Optional[TextIO] = None) -> Job:
        """As wait(), and shows how far it is: a line that is drawn over in a terminal, one cell in a notebook, and elsewhere a line
        when something changes that counts.  `file`: stderr if none is given."""
        with display_for(file) as display:
            for document in self.follow(every=every, timeout=timeout):
                if display.shows_fronts and document.best:
                    self.refresh()
                display.show(document, list(self.fronts.values()))
            try:
                return self._ended()
            finally:
                display.end(self.document, list(self.fronts.values()))

    def _ended(self) -> Job:
        self.refresh()
        if self.document.state != "succeeded":
            raise JobFailed(self.document)
        return self

    def events(self, *, every: float = 1.0) -> Iterator[documents.Trial]:
        """Each trial (as a summary) when it has ended, until the job has."""
        told: Dict[int, bool] = {}
        first_open = 0  # trials up to here have all ended and been told
        for _ in self.follow(every=every):
            for trial in self.trials(after=first_open):
                if trial.state == "running" or trial.number in told:
                    continue
                told[trial.number] = True
                yield trial
            while told.pop(first_open + 1, False):
                first_open += 1

    # -- what it found

    def front(self, target: str, *, max_latency_ms: Optional[float] = None, min_map: Optional[float] = None,
                    max_bytes: Optional[int] = None, all: bool = False) -> documents.Front:
        """The front of a target, fastest first; `all`: with those of no use (docs/api.md, A job)."""
        query = {"max_latency_ms": max_latency_ms, "min_map": min_map, "max_bytes": max_bytes, "all": all or None}
        front = read(documents.Front, self._transport.json(Request("GET", path("v1", "jobs", self.id, "fronts", target), query)))
        if not any(value is not None for value in query.values()):
            self.fronts[target] = front
        return front

    def front_across(self, *, max_latency_ms: Optional[float] = None, min_map: Optional[float] = None,
                           max_bytes: Optional[int] = None, all: bool = False) -> documents.Front:
        """The front over all targets, of what a plan reaches where it does worst."""
        query = {"max_latency_ms": max_latency_ms, "min_map": min_map, "max_bytes": max_bytes, "all": all or None}
        return read(documents.Front, self._transport.json(Request("GET", path("v1", "jobs", self.id, "front"), query)))

    def trials(self, *, after: int = 0) -> Iterator[documents.Trial]:
        """Every trial, in short: what its plan does, and what came of it on each target."""
        return pages(self._transport, path("v1", "jobs", self.id, "trials", "summaries"), documents.Trial, after)

    def trials_with_plans(self) -> Iterator[documents.Trial]:
        """Every trial with its whole plan."""
        return pages(self._transport, path("v1", "jobs", self.id, "trials"), documents.Trial)

    def trial(self, number: int) -> documents.Trial:
        where = path("v1", "jobs", self.id, "trials", "summaries")
        page = self._transport.json(Request("GET", where, {"cursor": number - 1, "limit": 1}))
        items = [read(documents.Trial, item) for item in page["items"]]
        if not items or items[0].number != number:
            raise NotFound(f"job {self.id} has no trial {number}", 404)
        return items[0]

    def samples(self, number: int, target: str) -> List[float]:
        """Every sample of the latency that is reported, in milliseconds and in the order they were taken."""
        where = path("v1", "jobs", self.id, "trials", number, "samples", target)
        return [float(ms) for ms in (self._transport.json(Request("GET", where)))["samples_ms"]]

    def to_pandas(self) -> pandas.DataFrame:
        """One row a trial and target."""
        from .. import _frames
        return _frames.trials(self.id, [trial for trial in self.trials()])

    def checks(self) -> List[documents.Check]:
        """What the reality check of each target found, as many as are there."""
        found = self._transport.json(Request("GET", path("v1", "jobs", self.id, "checks")))
        return [read(documents.Check, item) for item in found["items"]]

    def tasks(self) -> Iterator[documents.Task]:
        return pages(self._transport, path("v1", "jobs", self.id, "tasks"), documents.Task)

    def series(self, task: int) -> List[documents.Point]:
        """What a task told while it ran."""
        found = self._transport.json(Request("GET", path("v1", "tasks", task, "series")))
        return [read(documents.Point, point) for point in found["points"]]

    def predict(self, *plans: PlanLike, trials: Optional[int] = None) -> List[documents.PredictedPlan]:
        """What the job's trials say of plans that it has not tried: never a result.  `trials`: by its first so many alone."""
        body: Dict[str, Any] = {"plans": [self._recipe(plan) for plan in plans]}
        if trials is not None:
            body["trials"] = trials
        request = Request("POST", path("v1", "jobs", self.id, "predict"), body=body, reads=True)
        return documents.predicted_plans(self._transport.json(request))

    def _recipe(self, plan: PlanLike) -> Mapping[str, Any]:
        if isinstance(plan, (str, documents.Member)) or (isinstance(plan, documents.Trial) and plan.plan is None):
            plan = self._client.plans.get(plan)
        if isinstance(plan, (documents.Plan, documents.Trial)):
            return plan.plan or {}
        return plan

    def report(self, file: Path) -> pathlib.Path:
        """What came of it, for people: one page without scripts (.html) or Markdown (.md)."""
        routes = {".html": path("v1", "jobs", self.id, "report.html"), ".md": path("v1", "jobs", self.id, "report.md")}
        return _write_report(self._transport, routes, file)

    def original_sha256(self) -> str:
        """The plan that changes nothing."""
        return (self.trial(_ORIGINAL_TRIAL)).plan_sha256

    # -- what it is told

    def cancel(self) -> Job:
        """Ends it and what runs for it; it keeps what it has found."""
        return self._told("cancel")

    def pause(self) -> Job:
        """Lets the search stand still: what runs ends, nothing begins."""
        return self._told("pause")

    def resume(self) -> Job:
        return self._told("resume")

    def set_priority(self, priority: int) -> Job:
        """How urgent it is among its owner's jobs, -100 to 100."""
        return self._told("priority", {"priority": priority})

    def _told(self, what: str, body: Optional[Mapping[str, Any]] = None) -> Job:
        request = Request("POST", path("v1", "jobs", self.id, what), body=body)
        self.document = read(documents.JobDocument, self._transport.json(request))
        return self


class Comparison:
    """An A/B experiment on a device: is B faster than A, and not less accurate?"""

    def __init__(self, client: Client, document: documents.ComparisonDocument) -> None:
        self._transport = client.transport
        self.document = document

    @property
    def id(self) -> int:
        return self.document.id

    @property
    def state(self) -> str:
        return self.document.state

    @property
    def result(self) -> documents.ComparisonResult:
        if self.document.result is None:
            raise PareError(f"comparison {self.id} is {self.state}: wait() for its result")
        return self.document.result

    @property
    def verdict(self) -> str:
        """BETTER, NOT_BETTER or INCONCLUSIVE."""
        return self.result.verdict

    @property
    def sentence(self) -> str:
        return self.result.sentence

    @property
    def latency(self) -> documents.LatencyVerdict:
        return self.result.latency

    @property
    def accuracy(self) -> documents.AccuracyVerdict:
        return self.result.accuracy

    def __repr__(self) -> str:
        said = "" if self.document.result is None else f": {self.document.result.verdict}"
        return f"<{type(self).__name__} {self.id} {self.state}{said}>"

    def refresh(self) -> Comparison:
        request = Request("GET", path("v1", "comparisons", self.id))
        self.document = read(documents.ComparisonDocument, self._transport.json(request))
        return self

    def report(self, file: Path) -> pathlib.Path:
        """What came of it, for people: one page without scripts (.html) or Markdown (.md)."""
        routes = {".html": path("v1", "comparisons", self.id, "report.html"), ".md": path("v1", "comparisons", self.id, "report.md")}
        return _write_report(self._transport, routes, file)

    def wait(self, *, timeout: Optional[float] = None, every: float = 0.5) -> Comparison:
        """Returns with a result; ComparisonFailed if there is none, TimedOut if it goes on."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not (self.refresh()).document.ended:
            if deadline is not None and time.monotonic() + every > deadline:
                raise TimedOut(f"comparison {self.id} has not ended within {timeout:g} s; it goes on")
            sleep(every)
        if self.state == "failed":
            raise ComparisonFailed(self.document)
        return self
