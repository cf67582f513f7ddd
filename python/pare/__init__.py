"""Pare from Python: a search for the detectors that nothing else beats on your devices, followed and used from a program.

    import pare
    with pare.Client() as client:
        job = client.submit("boards", "boards", ["x86"], trials=24).watch()
        client.download(job.front("x86").fastest(max_lost=1.0), "small.onnx")

AsyncClient is the same with `await`.  docs/python.md is the guide, docs/api.md has what every figure means.
"""
from __future__ import annotations

import importlib.metadata

from . import documents, goals
from ._async._client import AsyncClient
from ._async._job import AsyncComparison, AsyncJob
from ._sync._client import Client
from ._sync._job import Comparison, Job
from ._torch import export_torch, from_torch
from .documents import Front, Member, Plan, Trial
from .errors import (ComparisonFailed, Conflict, Damaged, Forbidden, Invalid, JobFailed, NotFound, PareError, Refused, Rejected, TimedOut,
                     TooManyRequests, Unauthenticated, Unavailable, Unexpected, Unsupported)

try:
    __version__ = importlib.metadata.version("pare-client")
except importlib.metadata.PackageNotFoundError:  # a folder of sources on the path
    __version__ = "0"

__all__ = [
    "AsyncClient", "AsyncComparison", "AsyncJob", "Client", "Comparison", "ComparisonFailed", "Conflict", "Damaged", "Forbidden", "Front",
    "Invalid", "Job", "JobFailed", "Member", "NotFound", "PareError", "Plan", "Refused", "Rejected", "TimedOut", "TooManyRequests", "Trial",
    "Unauthenticated", "Unavailable", "Unexpected", "Unsupported", "documents", "export_torch", "from_torch", "goals",
]
