"""A file that appears whole and verified, or not at all."""
from __future__ import annotations

import hashlib
import os
import pathlib
import secrets
from types import TracebackType
from typing import Optional, Type

from .errors import Damaged


class Landing:
    """Takes blocks beside the file's place; keep() moves them there if their SHA-256 is right."""

    def __init__(self, path: pathlib.Path, sha256: str) -> None:
        self._path = path
        self._sha256 = sha256
        self._digest = hashlib.sha256()
        self._part = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
        self._file = os.fdopen(os.open(self._part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o666), "wb")

    def __enter__(self) -> Landing:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self._file.close()
        if self._part.exists():
            self._part.unlink()

    def restart(self) -> None:
        """Forgets what came: an attempt broke off."""
        self._file.seek(0)
        self._file.truncate()
        self._digest = hashlib.sha256()

    def write(self, block: bytes) -> None:
        self._file.write(block)
        self._digest.update(block)

    def keep(self) -> pathlib.Path:
        seen = self._digest.hexdigest()
        if seen != self._sha256:
            raise Damaged(f"what came for {self._path} has the SHA-256 {seen}, not {self._sha256}; nothing was kept")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        os.replace(self._part, self._path)
        return self._path


def place_of(path: Optional[object], name: str) -> pathlib.Path:
    """Where a download goes: the path, `name` in it where it is a folder, or `name` here."""
    if path is None:
        return pathlib.Path(name)
    place = pathlib.Path(str(path))
    return place / name if place.is_dir() else place
