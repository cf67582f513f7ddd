"""Jobs and comparisons that somebody follows: handles, whose `document` is what was read last."""
from __future__ import annotations

import pathlib
import time
from typing import TYPE_CHECKING, Any, AsyncIterator, Dict, List, Mapping, Optional, Sequence, TextIO, Union

from .. import _html, _text, documents
from .._decode import read
from .._progress import display_for
from .._requests import Request, path
from .._sources import Path
from ..errors import ComparisonFailed, JobFailed, NotFound, PareError, TimedOut
from ._catalog import pages
from ._clock import sleep
from ._transport import AsyncTransport

if TYPE_CHECKING:
    import pandas

    from ._client import AsyncClient

PlanLike = Union[str, Mapping[str, Any], documents.Plan, documents.Member, documents.Trial]

ORIGINAL = "original"
_ORIGINAL_TRIAL = 1  # every job begins with it


async def _write_report(transport: AsyncTransport, routes: Mapping[str, str], file: Path) -> pathlib.Path:
    """The report that a file's ending asks for."""
    place = pathlib.Path(file)
    if place.suffix not in routes:
        raise ValueError(f"a report is {' or '.join(routes)}, and not {place.name}")
    place.write_bytes((await transport.send(Request("GET", routes[place.suffix]))).content)
    return place


class AsyncJob:
    """One search.  `document` and `fronts` are as they were read last; refresh(), wait() and watch() read them anew."""

    def __init__(self, client: AsyncClient, document: documents.JobDocument) -> None:
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

    async def refresh(self) -> AsyncJob:
        """Reads the job and its fronts."""
        self.document = await self._read()
        for target in self.document.targets:
            await self.front(target)
        return self

    async def _read(self) -> documents.JobDocument:
        return read(documents.JobDocument, await self._transport.json(Request("GET", path("v1", "jobs", self.id))))

    # -- following it

    async def follow(self, *, every: float = 1.0, timeout: Optional[float] = None) -> AsyncIterator[documents.JobDocument]:
        """The job now and whenever it has changed, at most once in `every` seconds, until it has ended.  A service that is away
        is waited for as long as the client's patience lasts."""
        deadline = None if timeout is None else time.monotonic() + timeout
        before: Optional[documents.JobDocument] = None
        while True:
            self.document = await self._read()
            if self.document != before:
                yield self.document
            before = self.document
            if self.document.ended:
                return
            if deadline is not None and time.monotonic() + every > deadline:
                raise TimedOut(f"job {self.id} has not ended within {timeout:g} s; it goes on")
            await sleep(every)

    async def wait(self, *, timeout: Optional[float] = None, every: float = 1.0) -> AsyncJob:
        """Returns when the job has succeeded, with its fronts; JobFailed if it failed or was cancelled, TimedOut if it goes on."""
        async for _ in self.follow(every=every, timeout=timeout):
            pass
        return await self._ended()

    async def watch(self, *, timeout: Optional[float] = None, every: float = 1.0, file: Optional[TextIO] = None) -> AsyncJob:
        """As wait(), and shows how far it is: a line that is drawn over in a terminal, one cell in a notebook, and elsewhere a line
        when something changes that counts.  `file`: stderr if none is given."""
        with display_for(file) as display:
            async for document in self.follow(every=every, timeout=timeout):
                if display.shows_fronts and document.best:
                    await self.refresh()
                display.show(document, list(self.fronts.values()))
            try:
                return await self._ended()
            finally:
                display.end(self.document, list(self.fronts.values()))

    async def _ended(self) -> AsyncJob:
        await self.refresh()
        if self.document.state != "succeeded":
            raise JobFailed(self.document)
        return self

    async def events(self, *, every: float = 1.0) -> AsyncIterator[documents.Trial]:
        """Each trial (as a summary) when it has ended, until the job has."""
        told: Dict[int, bool] = {}
        first_open = 0  # trials up to here have all ended and been told
        async for _ in self.follow(every=every):
            async for trial in self.trials(after=first_open):
                if trial.state == "running" or trial.number in told:
                    continue
                told[trial.number] = True
                yield trial
            while told.pop(first_open + 1, False):
                first_open += 1

    # -- what it found

    async def front(self, target: str, *, max_latency_ms: Optional[float] = None, min_map: Optional[float] = None,
                    max_bytes: Optional[int] = None, all: bool = False) -> documents.Front:
        """The front of a target, fastest first; `all`: with those of no use (docs/api.md, A job)."""
        query = {"max_latency_ms": max_latency_ms, "min_map": min_map, "max_bytes": max_bytes, "all": all or None}
        front = read(documents.Front, await self._transport.json(Request("GET", path("v1", "jobs", self.id, "fronts", target), query)))
        if not any(value is not None for value in query.values()):
            self.fronts[target] = front
        return front

    async def front_across(self, *, max_latency_ms: Optional[float] = None, min_map: Optional[float] = None,
                           max_bytes: Optional[int] = None, all: bool = False) -> documents.Front:
        """The front over all targets, of what a plan reaches where it does worst."""
        query = {"max_latency_ms": max_latency_ms, "min_map": min_map, "max_bytes": max_bytes, "all": all or None}
        return read(documents.Front, await self._transport.json(Request("GET", path("v1", "jobs", self.id, "front"), query)))

    def trials(self, *, after: int = 0) -> AsyncIterator[documents.Trial]:
        """Every trial, in short: what its plan does, and what came of it on each target."""
        return pages(self._transport, path("v1", "jobs", self.id, "trials", "summaries"), documents.Trial, after)

    def trials_with_plans(self) -> AsyncIterator[documents.Trial]:
        """Every trial with its whole plan."""
        return pages(self._transport, path("v1", "jobs", self.id, "trials"), documents.Trial)

    async def trial(self, number: int) -> documents.Trial:
        where = path("v1", "jobs", self.id, "trials", "summaries")
        page = await self._transport.json(Request("GET", where, {"cursor": number - 1, "limit": 1}))
        items = [read(documents.Trial, item) for item in page["items"]]
        if not items or items[0].number != number:
            raise NotFound(f"job {self.id} has no trial {number}", 404)
        return items[0]

    async def samples(self, number: int, target: str) -> List[float]:
        """Every sample of the latency that is reported, in milliseconds and in the order they were taken."""
        where = path("v1", "jobs", self.id, "trials", number, "samples", target)
        return [float(ms) for ms in (await self._transport.json(Request("GET", where)))["samples_ms"]]

    async def to_pandas(self) -> pandas.DataFrame:
        """One row a trial and target."""
        from .. import _frames
        return _frames.trials(self.id, [trial async for trial in self.trials()])

    async def checks(self) -> List[documents.Check]:
        """What the reality check of each target found, as many as are there."""
        found = await self._transport.json(Request("GET", path("v1", "jobs", self.id, "checks")))
        return [read(documents.Check, item) for item in found["items"]]

    def tasks(self) -> AsyncIterator[documents.Task]:
        return pages(self._transport, path("v1", "jobs", self.id, "tasks"), documents.Task)

    async def series(self, task: int) -> List[documents.Point]:
        """What a task told while it ran."""
        found = await self._transport.json(Request("GET", path("v1", "tasks", task, "series")))
        return [read(documents.Point, point) for point in found["points"]]

    async def predict(self, *plans: PlanLike, trials: Optional[int] = None) -> List[documents.PredictedPlan]:
        """What the job's trials say of plans that it has not tried: never a result.  `trials`: by its first so many alone."""
        body: Dict[str, Any] = {"plans": [await self._recipe(plan) for plan in plans]}
        if trials is not None:
            body["trials"] = trials
        request = Request("POST", path("v1", "jobs", self.id, "predict"), body=body, reads=True)
        return documents.predicted_plans(await self._transport.json(request))

    async def _recipe(self, plan: PlanLike) -> Mapping[str, Any]:
        if isinstance(plan, (str, documents.Member)) or (isinstance(plan, documents.Trial) and plan.plan is None):
            plan = await self._client.plans.get(plan)
        if isinstance(plan, (documents.Plan, documents.Trial)):
            return plan.plan or {}
        return plan

    async def report(self, file: Path) -> pathlib.Path:
        """What came of it, for people: one page without scripts (.html) or Markdown (.md)."""
        routes = {".html": path("v1", "jobs", self.id, "report.html"), ".md": path("v1", "jobs", self.id, "report.md")}
        return await _write_report(self._transport, routes, file)

    async def original_sha256(self) -> str:
        """The plan that changes nothing."""
        return (await self.trial(_ORIGINAL_TRIAL)).plan_sha256

    # -- what it is told

    async def cancel(self) -> AsyncJob:
        """Ends it and what runs for it; it keeps what it has found."""
        return await self._told("cancel")

    async def pause(self) -> AsyncJob:
        """Lets the search stand still: what runs ends, nothing begins."""
        return await self._told("pause")

    async def resume(self) -> AsyncJob:
        return await self._told("resume")

    async def set_priority(self, priority: int) -> AsyncJob:
        """How urgent it is among its owner's jobs, -100 to 100."""
        return await self._told("priority", {"priority": priority})

    async def _told(self, what: str, body: Optional[Mapping[str, Any]] = None) -> AsyncJob:
        request = Request("POST", path("v1", "jobs", self.id, what), body=body)
        self.document = read(documents.JobDocument, await self._transport.json(request))
        return self


class AsyncComparison:
    """An A/B experiment on a device: is B faster than A, and not less accurate?"""

    def __init__(self, client: AsyncClient, document: documents.ComparisonDocument) -> None:
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

    async def refresh(self) -> AsyncComparison:
        request = Request("GET", path("v1", "comparisons", self.id))
        self.document = read(documents.ComparisonDocument, await self._transport.json(request))
        return self

    async def report(self, file: Path) -> pathlib.Path:
        """What came of it, for people: one page without scripts (.html) or Markdown (.md)."""
        routes = {".html": path("v1", "comparisons", self.id, "report.html"), ".md": path("v1", "comparisons", self.id, "report.md")}
        return await _write_report(self._transport, routes, file)

    async def wait(self, *, timeout: Optional[float] = None, every: float = 0.5) -> AsyncComparison:
        """Returns with a result; ComparisonFailed if there is none, TimedOut if it goes on."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not (await self.refresh()).document.ended:
            if deadline is not None and time.monotonic() + every > deadline:
                raise TimedOut(f"comparison {self.id} has not ended within {timeout:g} s; it goes on")
            await sleep(every)
        if self.state == "failed":
            raise ComparisonFailed(self.document)
        return self
