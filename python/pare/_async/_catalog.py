"""What is registered with a service: models, datasets, targets, workers, super-networks, tokens, plans and candidates."""
from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any, AsyncIterator, Dict, Mapping, Optional, Sequence, Tuple, Type, TypeVar, Union

from .. import documents
from .._cards import card_of
from .._decode import read
from .._landing import Landing, place_of
from .._requests import Request, new_key, path
from .._sources import Path, Source, dataset_archive, file_source
from ..errors import Rejected, Unsupported
from ._clock import sleep
from ._transport import AsyncTransport, Progress, digest_of

if TYPE_CHECKING:
    from ._client import AsyncClient

T = TypeVar("T")

_PAGE = 1000
_LOOK = 0.25  # seconds between two looks at what is inspected


async def every(transport: AsyncTransport, where: str, query: Mapping[str, Any], kind: Type[T]) -> AsyncIterator[T]:
    """Every entry of a list that comes as a whole."""
    for item in (await transport.json(Request("GET", where, query)))["items"]:
        yield read(kind, item)


async def pages(transport: AsyncTransport, where: str, kind: Type[T], after: int = 0) -> AsyncIterator[T]:
    """Every entry of a list, asked for page by page as it is read."""
    cursor: Optional[str] = str(after) if after else None
    while True:
        page = await transport.json(Request("GET", where, {"limit": _PAGE, "cursor": cursor}))
        for item in page["items"]:
            yield read(kind, item)
        cursor = page.get("next")
        if cursor is None:
            return


async def upload(transport: AsyncTransport, source: Source, progress: Optional[Progress] = None) -> str:
    """Brings bytes to the service, which it may have already; their SHA-256."""
    sha256 = await digest_of(source)
    blob = path("v1", "blobs", sha256)
    there = await transport.send(Request("HEAD", blob, documents=(404,)))
    if there.status == 200:
        return sha256
    limit = (await transport.json(Request("GET", "/healthz", documents=(503,)))).get("max_blob_bytes")
    if limit is not None and source.size > limit:
        raise Unsupported(f"{source.size} bytes are to be uploaded, the service takes at most {limit}", 413)
    await transport.send(Request("PUT", blob, source=source), progress)
    return sha256


class _AsyncPart:
    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._transport = client.transport

    async def _document(self, kind: Type[T], request: Request) -> T:
        return read(kind, await self._transport.json(request))

    async def _save(self, sha256: str, where: str, file: pathlib.Path) -> pathlib.Path:
        with Landing(file, sha256) as landing:
            await self._transport.fetch(Request("GET", where), landing)
            return landing.keep()


class AsyncModels(_AsyncPart):
    """Detectors as they were given: an ONNX file each, known by name or SHA-256 (8 digits of it or more)."""

    def list(self) -> AsyncIterator[documents.Model]:
        """Without their summaries."""
        return pages(self._transport, "/v1/models", documents.Model)

    async def get(self, name: str) -> documents.Model:
        return await self._document(documents.Model, Request("GET", path("v1", "models", name)))

    async def add(self, file: Path, *, name: str, preset: Optional[str] = None, card: Optional[Mapping[str, Any]] = None,
                  input: Optional[Tuple[int, int]] = None, wait: bool = True, progress: Optional[Progress] = None) -> documents.Model:
        """Uploads an ONNX file and waits for its inspection.  `preset`: a head with its preprocessing ("yolox"); `card`: more of
        that; `input`: height and width, where the file leaves them open.  The same again changes nothing."""
        sha256 = await upload(self._transport, file_source(file), progress)
        return await self._register(name, sha256, card_of(preset, card, input), wait)

    async def set_card(self, model: Union[str, documents.Model], *, preset: Optional[str] = None, card: Optional[Mapping[str, Any]] = None,
                       input: Optional[Tuple[int, int]] = None, wait: bool = True) -> documents.Model:
        """Another card, and another inspection: jobs posted from now on go by it."""
        known = model if isinstance(model, documents.Model) else await self.get(model)
        return await self._register(known.name, known.sha256, card_of(preset, card, input), wait)

    async def download(self, model: Union[str, documents.Model], file: Optional[Path] = None) -> pathlib.Path:
        """The ONNX as it was given."""
        known = model if isinstance(model, documents.Model) else await self.get(model)
        return await self._save(known.sha256, path("v1", "models", known.sha256, "file"), place_of(file, f"{known.sha256[:10]}.onnx"))

    async def _register(self, name: str, sha256: str, card: Optional[Mapping[str, Any]], wait: bool) -> documents.Model:
        body: Dict[str, Any] = {"name": name, "sha256": sha256, **({"card": card} if card else {})}
        model = await self._document(documents.Model, Request("PUT", "/v1/models", body=body))
        while wait and model.state == "inspecting":
            await sleep(_LOOK)
            model = await self.get(sha256)
        if wait and model.state == "rejected":
            raise Rejected(f"model {name}", model.reason or "the service does not say why")
        return await self.get(sha256) if wait else model


class AsyncDatasets(_AsyncPart):
    """Images, with COCO annotations or without, in a calibration and a validation part."""

    def list(self) -> AsyncIterator[documents.Dataset]:
        return pages(self._transport, "/v1/datasets", documents.Dataset)

    async def get(self, name: str) -> documents.Dataset:
        return await self._document(documents.Dataset, Request("GET", path("v1", "datasets", name)))

    async def add(self, name: str, *, calibration: Path, validation: Path, labels: Optional[Path] = None, wait: bool = True,
                  progress: Optional[Progress] = None) -> documents.Dataset:
        """Sends the images of two folders and COCO labels of the second, and waits for the inspection.  Nothing is written on the
        way; the same images make the same dataset, as with `pare dataset add`.  Without labels the original's detections stand for them."""
        sha256 = await upload(self._transport, dataset_archive(calibration, validation, labels), progress)
        dataset = await self._document(documents.Dataset, Request("PUT", "/v1/datasets", body={"name": name, "sha256": sha256}))
        while wait and dataset.state == "inspecting":
            await sleep(_LOOK)
            dataset = await self.get(sha256)
        if wait and dataset.state == "rejected":
            raise Rejected(f"dataset {name}", dataset.reason or "the service does not say why")
        return dataset


class AsyncTargets(_AsyncPart):
    """What a job optimises for: a pool of devices, a runtime and its settings."""

    def list(self) -> AsyncIterator[documents.Target]:
        return every(self._transport, "/v1/targets", {}, documents.Target)

    async def get(self, name: str) -> documents.Target:
        return await self._document(documents.Target, Request("GET", path("v1", "targets", name)))

    async def add(self, name: str, *, runtime: str, threads: int = 1, pool: str = "default",
                  precisions: Optional[Sequence[str]] = None) -> documents.Target:
        """The same again is the same target; another one under that name is a Conflict."""
        body: Dict[str, Any] = {"name": name, "runtime": runtime, "threads": threads, "pool": pool}
        if precisions is not None:
            body["precisions"] = list(precisions)
        return await self._document(documents.Target, Request("POST", "/v1/targets", body=body, key=new_key()))


class AsyncWorkers(_AsyncPart):
    """Who does the work: on each device one or more."""

    def list(self) -> AsyncIterator[documents.Worker]:
        return every(self._transport, "/v1/workers", {}, documents.Worker)

    async def enroll(self, name: str, *, minutes: Optional[float] = None) -> documents.Enrolment:
        """A code that lets one worker join, once: `pare-worker --join CODE`."""
        body: Dict[str, Any] = {"name": name, **({} if minutes is None else {"minutes": minutes})}
        return await self._document(documents.Enrolment, Request("POST", "/v1/workers/enrolments", body=body))


class AsyncPlans(_AsyncPart):
    async def get(self, plan: Union[str, documents.Member, documents.Trial]) -> documents.Plan:
        """The recipe and its trials, by SHA-256 (8 digits of it or more) or of a member or trial."""
        sha256 = plan if isinstance(plan, str) else plan.plan_sha256
        return await self._document(documents.Plan, Request("GET", path("v1", "plans", sha256)))


class AsyncCandidates(_AsyncPart):
    async def get(self, candidate: Union[str, documents.Member]) -> documents.Candidate:
        sha256 = candidate if isinstance(candidate, str) else candidate.candidate_sha256
        return await self._document(documents.Candidate, Request("GET", path("v1", "candidates", sha256)))

    async def report(self, candidate: Union[str, documents.Member], *, job: Optional[int] = None) -> documents.Report:
        """What was cut or lowered, where and why, and what it cost; in that job, else in the newest that made it."""
        sha256 = candidate if isinstance(candidate, str) else candidate.candidate_sha256
        return await self._document(documents.Report, Request("GET", path("v1", "candidates", sha256, "report"), {"job": job}))

    async def download(self, candidate: Union[str, documents.Member], file: Optional[Path] = None) -> pathlib.Path:
        known = await self.get(candidate)
        return await self._save(known.sha256, path("v1", "candidates", known.sha256, "file"), place_of(file, f"{known.sha256[:10]}.onnx"))


class AsyncSupernets(_AsyncPart):
    """Trained weights: super-networks, and those of tuned plans."""

    def list(self) -> AsyncIterator[documents.Supernet]:
        return pages(self._transport, "/v1/supernets", documents.Supernet)

    async def get(self, sha256: str) -> documents.Supernet:
        return await self._document(documents.Supernet, Request("GET", path("v1", "supernets", sha256)))

    async def add(self, file: Path, *, progress: Optional[Progress] = None) -> documents.Supernet:
        """One that was trained elsewhere; its model must be here."""
        sha256 = await upload(self._transport, file_source(file), progress)
        return await self._document(documents.Supernet, Request("PUT", "/v1/supernets", body={"sha256": sha256}))

    async def download(self, sha256: str, file: Optional[Path] = None) -> pathlib.Path:
        known = await self.get(sha256)
        place = place_of(file, f"{known.sha256[:10]}.safetensors")
        return await self._save(known.sha256, path("v1", "supernets", known.sha256, "file"), place)


class AsyncTokens(_AsyncPart):
    """Who may do what, where the service asks for tokens; for administrators."""

    def list(self, *, revoked: bool = False) -> AsyncIterator[documents.Token]:
        return every(self._transport, "/v1/tokens", {"revoked": revoked or None}, documents.Token)

    async def create(self, name: str, scopes: Sequence[str], *, owner: Optional[str] = None,
                     days: Optional[float] = None) -> documents.Token:
        """Its text is in `.token`, this once."""
        body: Dict[str, Any] = {"name": name, "scopes": list(scopes)}
        body.update({key: value for key, value in (("owner", owner), ("days", days)) if value is not None})
        return await self._document(documents.Token, Request("POST", "/v1/tokens", body=body))

    async def revoke(self, name: str) -> None:
        await self._transport.send(Request("DELETE", path("v1", "tokens", name)))
