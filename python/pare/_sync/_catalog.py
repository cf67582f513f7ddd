"""What is registered with a service: models, datasets, targets, workers, super-networks, tokens, plans and candidates."""
from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any, Iterator, Dict, Mapping, Optional, Sequence, Tuple, Type, TypeVar, Union

from .. import documents
from .._cards import card_of
from .._decode import read
from .._landing import Landing, place_of
from .._requests import Request, new_key, path
from .._sources import Path, Source, dataset_archive, file_source
from ..errors import Rejected, Unsupported
from ._clock import sleep
from ._transport import Transport, Progress, digest_of

if TYPE_CHECKING:
    from ._client import Client

T = TypeVar("T")

_PAGE = 1000
_LOOK = 0.25  # seconds between two looks at what is inspected


def every(transport: Transport, where: str, query: Mapping[str, Any], kind: Type[T]) -> Iterator[T]:
    """Every entry of a list that comes as a whole."""
    for item in (transport.json(Request("GET", where, query)))["items"]:
        yield read(kind, item)


def pages(transport: Transport, where: str, kind: Type[T], after: int = 0) -> Iterator[T]:
    """Every entry of a list, asked for page by page as it is read."""
    cursor: Optional[str] = str(after) if after else None
    while True:
        page = transport.json(Request("GET", where, {"limit": _PAGE, "cursor": cursor}))
        for item in page["items"]:
            yield read(kind, item)
        cursor = page.get("next")
        if cursor is None:
            return


def upload(transport: Transport, source: Source, progress: Optional[Progress] = None) -> str:
    """Brings bytes to the service, which it may have already; their SHA-256."""
    sha256 = digest_of(source)
    blob = path("v1", "blobs", sha256)
    there = transport.send(Request("HEAD", blob, documents=(404,)))
    if there.status == 200:
        return sha256
    limit = (transport.json(Request("GET", "/healthz", documents=(503,)))).get("max_blob_bytes")
    if limit is not None and source.size > limit:
        raise Unsupported(f"{source.size} bytes are to be uploaded, the service takes at most {limit}", 413)
    transport.send(Request("PUT", blob, source=source), progress)
    return sha256


class _Part:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._transport = client.transport

    def _document(self, kind: Type[T], request: Request) -> T:
        return read(kind, self._transport.json(request))

    def _save(self, sha256: str, where: str, file: pathlib.Path) -> pathlib.Path:
        with Landing(file, sha256) as landing:
            self._transport.fetch(Request("GET", where), landing)
            return landing.keep()


class Models(_Part):
    """Detectors as they were given: an ONNX file each, known by name or SHA-256 (8 digits of it or more)."""

    def list(self) -> Iterator[documents.Model]:
        """Without their summaries."""
        return pages(self._transport, "/v1/models", documents.Model)

    def get(self, name: str) -> documents.Model:
        return self._document(documents.Model, Request("GET", path("v1", "models", name)))

    def add(self, file: Path, *, name: str, preset: Optional[str] = None, card: Optional[Mapping[str, Any]] = None,
                  input: Optional[Tuple[int, int]] = None, wait: bool = True, progress: Optional[Progress] = None) -> documents.Model:
        """Uploads an ONNX file and waits for its inspection.  `preset`: a head with its preprocessing ("yolox"); `card`: more of
        that; `input`: height and width, where the file leaves them open.  The same again changes nothing."""
        sha256 = upload(self._transport, file_source(file), progress)
        return self._register(name, sha256, card_of(preset, card, input), wait)

    def set_card(self, model: Union[str, documents.Model], *, preset: Optional[str] = None, card: Optional[Mapping[str, Any]] = None,
                       input: Optional[Tuple[int, int]] = None, wait: bool = True) -> documents.Model:
        """Another card, and another inspection: jobs posted from now on go by it."""
        known = model if isinstance(model, documents.Model) else self.get(model)
        return self._register(known.name, known.sha256, card_of(preset, card, input), wait)

    def download(self, model: Union[str, documents.Model], file: Optional[Path] = None) -> pathlib.Path:
        """The ONNX as it was given."""
        known = model if isinstance(model, documents.Model) else self.get(model)
        return self._save(known.sha256, path("v1", "models", known.sha256, "file"), place_of(file, f"{known.sha256[:10]}.onnx"))

    def _register(self, name: str, sha256: str, card: Optional[Mapping[str, Any]], wait: bool) -> documents.Model:
        body: Dict[str, Any] = {"name": name, "sha256": sha256, **({"card": card} if card else {})}
        model = self._document(documents.Model, Request("PUT", "/v1/models", body=body))
        while wait and model.state == "inspecting":
            sleep(_LOOK)
            model = self.get(sha256)
        if wait and model.state == "rejected":
            raise Rejected(f"model {name}", model.reason or "the service does not say why")
        return self.get(sha256) if wait else model


class Datasets(_Part):
    """Images, with COCO annotations or without, in a calibration and a validation part."""

    def list(self) -> Iterator[documents.Dataset]:
        return pages(self._transport, "/v1/datasets", documents.Dataset)

    def get(self, name: str) -> documents.Dataset:
        return self._document(documents.Dataset, Request("GET", path("v1", "datasets", name)))

    def add(self, name: str, *, calibration: Path, validation: Path, labels: Optional[Path] = None, wait: bool = True,
                  progress: Optional[Progress] = None) -> documents.Dataset:
        """Sends the images of two folders and COCO labels of the second, and waits for the inspection.  Nothing is written on the
        way; the same images make the same dataset, as with `pare dataset add`.  Without labels the original's detections stand for them."""
        sha256 = upload(self._transport, dataset_archive(calibration, validation, labels), progress)
        dataset = self._document(documents.Dataset, Request("PUT", "/v1/datasets", body={"name": name, "sha256": sha256}))
        while wait and dataset.state == "inspecting":
            sleep(_LOOK)
            dataset = self.get(sha256)
        if wait and dataset.state == "rejected":
            raise Rejected(f"dataset {name}", dataset.reason or "the service does not say why")
        return dataset


class Targets(_Part):
    """What a job optimises for: a pool of devices, a runtime and its settings."""

    def list(self) -> Iterator[documents.Target]:
        return every(self._transport, "/v1/targets", {}, documents.Target)

    def get(self, name: str) -> documents.Target:
        return self._document(documents.Target, Request("GET", path("v1", "targets", name)))

    def add(self, name: str, *, runtime: str, threads: int = 1, pool: str = "default",
                  precisions: Optional[Sequence[str]] = None) -> documents.Target:
        """The same again is the same target; another one under that name is a Conflict."""
        body: Dict[str, Any] = {"name": name, "runtime": runtime, "threads": threads, "pool": pool}
        if precisions is not None:
            body["precisions"] = list(precisions)
        return self._document(documents.Target, Request("POST", "/v1/targets", body=body, key=new_key()))


class Workers(_Part):
    """Who does the work: on each device one or more."""

    def list(self) -> Iterator[documents.Worker]:
        return every(self._transport, "/v1/workers", {}, documents.Worker)

    def enroll(self, name: str, *, minutes: Optional[float] = None) -> documents.Enrolment:
        """A code that lets one worker join, once: `pare-worker --join CODE`."""
        body: Dict[str, Any] = {"name": name, **({} if minutes is None else {"minutes": minutes})}
        return self._document(documents.Enrolment, Request("POST", "/v1/workers/enrolments", body=body))


class Plans(_Part):
    def get(self, plan: Union[str, documents.Member, documents.Trial]) -> documents.Plan:
        """The recipe and its trials, by SHA-256 (8 digits of it or more) or of a member or trial."""
        sha256 = plan if isinstance(plan, str) else plan.plan_sha256
        return self._document(documents.Plan, Request("GET", path("v1", "plans", sha256)))


class Candidates(_Part):
    def get(self, candidate: Union[str, documents.Member]) -> documents.Candidate:
        sha256 = candidate if isinstance(candidate, str) else candidate.candidate_sha256
        return self._document(documents.Candidate, Request("GET", path("v1", "candidates", sha256)))

    def report(self, candidate: Union[str, documents.Member], *, job: Optional[int] = None) -> documents.Report:
        """What was cut or lowered, where and why, and what it cost; in that job, else in the newest that made it."""
        sha256 = candidate if isinstance(candidate, str) else candidate.candidate_sha256
        return self._document(documents.Report, Request("GET", path("v1", "candidates", sha256, "report"), {"job": job}))

    def download(self, candidate: Union[str, documents.Member], file: Optional[Path] = None) -> pathlib.Path:
        known = self.get(candidate)
        return self._save(known.sha256, path("v1", "candidates", known.sha256, "file"), place_of(file, f"{known.sha256[:10]}.onnx"))


class Supernets(_Part):
    """Trained weights: super-networks, and those of tuned plans."""

    def list(self) -> Iterator[documents.Supernet]:
        return pages(self._transport, "/v1/supernets", documents.Supernet)

    def get(self, sha256: str) -> documents.Supernet:
        return self._document(documents.Supernet, Request("GET", path("v1", "supernets", sha256)))

    def add(self, file: Path, *, progress: Optional[Progress] = None) -> documents.Supernet:
        """One that was trained elsewhere; its model must be here."""
        sha256 = upload(self._transport, file_source(file), progress)
        return self._document(documents.Supernet, Request("PUT", "/v1/supernets", body={"sha256": sha256}))

    def download(self, sha256: str, file: Optional[Path] = None) -> pathlib.Path:
        known = self.get(sha256)
        place = place_of(file, f"{known.sha256[:10]}.safetensors")
        return self._save(known.sha256, path("v1", "supernets", known.sha256, "file"), place)


class Tokens(_Part):
    """Who may do what, where the service asks for tokens; for administrators."""

    def list(self, *, revoked: bool = False) -> Iterator[documents.Token]:
        return every(self._transport, "/v1/tokens", {"revoked": revoked or None}, documents.Token)

    def create(self, name: str, scopes: Sequence[str], *, owner: Optional[str] = None,
                     days: Optional[float] = None) -> documents.Token:
        """Its text is in `.token`, this once."""
        body: Dict[str, Any] = {"name": name, "scopes": list(scopes)}
        body.update({key: value for key, value in (("owner", owner), ("days", days)) if value is not None})
        return self._document(documents.Token, Request("POST", "/v1/tokens", body=body))

    def revoke(self, name: str) -> None:
        self._transport.send(Request("DELETE", path("v1", "tokens", name)))
