"""The way in: one service and what it holds."""
from __future__ import annotations

import pathlib
from types import TracebackType
from typing import Any, Iterator, Dict, Mapping, Optional, Sequence, Type, Union

import httpx

from .. import documents
from .._decode import read
from .._jobs import JobLike, StartLike, job_document, job_id
from .._requests import Request, new_key, path
from .._settings import settings
from .._sources import Path, file_source
from ..errors import NotFound
from ..goals import Goal
from ._catalog import (Candidates, Datasets, Models, Plans, Supernets, Targets, Tokens, Workers,
                       pages, upload)
from ._job import ORIGINAL, Comparison, Job
from ._transport import Transport, Progress

Compared = Union[str, documents.Member, documents.Trial, documents.Plan]


class Jobs:
    def __init__(self, client: Client) -> None:
        self._client = client

    def list(self) -> Iterator[Job]:
        """Oldest first, and without `best`."""
        for document in pages(self._client.transport, "/v1/jobs", documents.JobDocument):
            yield Job(self._client, document)

    def get(self, id: int) -> Job:
        """One with its fronts."""
        document = self._client.transport.json(Request("GET", path("v1", "jobs", id)))
        return Job(self._client, read(documents.JobDocument, document)).refresh()


class Comparisons:
    def __init__(self, client: Client) -> None:
        self._client = client

    def list(self) -> Iterator[Comparison]:
        for document in pages(self._client.transport, "/v1/comparisons", documents.ComparisonDocument):
            yield Comparison(self._client, document)

    def get(self, id: int) -> Comparison:
        document = self._client.transport.json(Request("GET", path("v1", "comparisons", id)))
        return Comparison(self._client, read(documents.ComparisonDocument, document))


class Client:
    """A service at `url` (PARE_URL, or http://127.0.0.1:7070), shown `token` (PARE_TOKEN, or what is in the file PARE_TOKEN_FILE).
    `patience`: seconds for which a service that is away or overloaded is asked again, where that is safe.  `http`: an httpx client of
    your own (a proxy, other certificates); it stays yours to close.  Not to be shared between threads without a lock of yours."""

    def __init__(self, url: Optional[str] = None, token: Optional[str] = None, *, patience: float = 30.0,
                 http: Optional[httpx.Client] = None) -> None:
        self.transport = Transport(settings(url, token, patience), http)
        self.models = Models(self)
        self.datasets = Datasets(self)
        self.targets = Targets(self)
        self.workers = Workers(self)
        self.jobs = Jobs(self)
        self.plans = Plans(self)
        self.candidates = Candidates(self)
        self.supernets = Supernets(self)
        self.comparisons = Comparisons(self)
        self.tokens = Tokens(self)

    @property
    def url(self) -> str:
        return self.transport.settings.url

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()

    def close(self) -> None:
        self.transport.close()

    def health(self) -> documents.Health:
        """How the service is, also where it cannot work: `status` and `reason` say so then."""
        return read(documents.Health, self.transport.json(Request("GET", "/healthz", documents=(503,))))

    def whoami(self) -> documents.Identity:
        return read(documents.Identity, self.transport.json(Request("GET", "/v1/whoami")))

    def audit(self) -> Iterator[documents.AuditEntry]:
        """What changed something, and what was refused for who asked, oldest first."""
        return pages(self.transport, "/v1/audit", documents.AuditEntry)

    def upload(self, file: Path, *, progress: Optional[Progress] = None) -> str:
        """Brings bytes to the service and returns their SHA-256; add() of models and so on do that by themselves."""
        return upload(self.transport, file_source(file), progress)

    def submit(self, model: Union[str, documents.Model], dataset: Union[str, documents.Dataset],
                     targets: Sequence[Union[str, documents.Target]], *, goal: Optional[Goal] = None, trials: Optional[int] = None,
                     seconds: Optional[float] = None, device_seconds: Optional[float] = None, stagnation: Optional[int] = None,
                     across: Optional[str] = None, weights: Optional[Mapping[str, float]] = None, begin_with: Sequence[StartLike] = (),
                     transfer: Optional[JobLike] = None, measure: Optional[int] = None, space: Optional[Mapping[str, Any]] = None,
                     held_back: Optional[float] = None, try_preprocessings: Optional[bool] = None,
                     recovery: Union[str, Mapping[str, Any], None] = None, strategy: Optional[str] = None,
                     seed: Optional[int] = None) -> Job:
        """Submits a search.  What is not said is left to the service (docs/api.md, A job).  `goal`: what it is for (pare.goals);
        `trials`, `seconds`, `device_seconds`, `stagnation`: its budget; `begin_with`: plans, members, SHA-256 or jobs whose fronts
        are tried first; `transfer`: a job to go on from on new targets, with `measure` of its plans first."""
        budget = {"trials": trials, "seconds": seconds, "device_seconds": device_seconds, "stagnation": stagnation}
        validation = {"held_back": held_back, "try_preprocessings": try_preprocessings}
        return self.submit_document(job_document(
            model, dataset, targets, goal=goal, budget=budget, validation=validation, across=across, weights=weights,
            begin_with=begin_with, transfer=transfer, measure=measure, space=space, recovery=recovery, strategy=strategy, seed=seed))

    def submit_document(self, document: Mapping[str, Any]) -> Job:
        """Submits a job document as it is."""
        made = self.transport.json(Request("POST", "/v1/jobs", body=document, key=new_key()))
        return Job(self, read(documents.JobDocument, made))

    def compare(self, job: JobLike, a: Compared, b: Compared, *, target: str, alpha: Optional[float] = None,
                      latency_margin: Optional[float] = None, map_margin: Optional[float] = None,
                      max_blocks: Optional[int] = None) -> Comparison:
        """Begins an A/B experiment between two plans of a job on a target; "original" is the plan that changes nothing."""
        number = job_id(job)
        body: Dict[str, Any] = {"job": number, "target": target, "a": self._compared(number, a), "b": self._compared(number, b)}
        wishes = {"alpha": alpha, "latency_margin": latency_margin, "map_margin": map_margin, "max_blocks": max_blocks}
        body.update({name: value for name, value in wishes.items() if value is not None})
        made = self.transport.json(Request("POST", "/v1/comparisons", body=body, key=new_key()))
        return Comparison(self, read(documents.ComparisonDocument, made))

    def download(self, plan: Compared, file: Optional[Path] = None) -> pathlib.Path:
        """The ONNX of a member, a trial, a plan or a candidate (8 digits of its SHA-256 or more).  The file appears only whole and
        with the SHA-256 that was measured; `file` None: NAME.onnx here, a folder: in it."""
        return self.candidates.download(self._candidate_of(plan), file)

    def _candidate_of(self, plan: Compared) -> str:
        if isinstance(plan, documents.Member):
            return plan.candidate_sha256
        if isinstance(plan, str):
            try:
                return (self.candidates.get(plan)).sha256
            except NotFound:
                plan = self.plans.get(plan)
        trials = [plan] if isinstance(plan, documents.Trial) else plan.trials
        for trial in trials:
            if trial.candidate_sha256 is not None:
                return trial.candidate_sha256
        name = plan.plan_sha256 if isinstance(plan, documents.Trial) else plan.sha256
        raise NotFound(f"plan {name[:10]} has not been built", 404)

    def _compared(self, job: int, plan: Compared) -> str:
        if plan == ORIGINAL:
            document = self.transport.json(Request("GET", path("v1", "jobs", job)))
            return Job(self, read(documents.JobDocument, document)).original_sha256()
        if isinstance(plan, str):
            return plan
        return plan.sha256 if isinstance(plan, documents.Plan) else plan.plan_sha256
