"""Shows a job while it runs: over one line of a terminal, in one cell of a notebook, or line by line."""
from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import Any, Optional, Sequence, TextIO, Type

from . import _html, _text
from .documents import Front, JobDocument

_QUIET = 10.0  # seconds in which nothing is repeated where nobody draws over a line


class Display:
    """Nobody looks: nothing is shown."""

    shows_fronts = False

    def __enter__(self) -> Display:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        pass

    def show(self, job: JobDocument, fronts: Sequence[Front]) -> None:
        pass

    def end(self, job: JobDocument, fronts: Sequence[Front]) -> None:
        pass


class Lines(Display):
    """A line when a state or a count changes, else at most one in ten seconds; at last what was found."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._key = self._line = ""
        self._told = 0.0

    def show(self, job: JobDocument, fronts: Sequence[Front]) -> None:
        key, line, now = _text.progress_key(job), _text.progress(job), time.monotonic()
        if key == self._key and (line == self._line or now - self._told < _QUIET):
            return
        self._key, self._line, self._told = key, line, now
        print(line, file=self._file, flush=True)

    def end(self, job: JobDocument, fronts: Sequence[Front]) -> None:
        for sentence in job.sentences:
            print(sentence, file=self._file, flush=True)


class Terminal(Lines):
    """One line, drawn over; as wide as the terminal and no wider."""

    def __init__(self, file: TextIO) -> None:
        super().__init__(file)
        self._open = False

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self._close()

    def show(self, job: JobDocument, fronts: Sequence[Front]) -> None:
        self._file.write("\r\x1b[K" + _text.progress(job)[:_columns(self._file) - 1])
        self._file.flush()
        self._open = True

    def end(self, job: JobDocument, fronts: Sequence[Front]) -> None:
        self._close()
        super().end(job, fronts)

    def _close(self) -> None:
        if self._open:
            self._file.write("\n")
            self._file.flush()
        self._open = False


class Notebook(Display):
    """One cell that is replaced: state, sentences, fronts."""

    shows_fronts = True

    def __init__(self, display: Any) -> None:
        self._display = display
        self._handle: Any = None

    def show(self, job: JobDocument, fronts: Sequence[Front]) -> None:
        bundle = {"text/html": _html.job(job, fronts), "text/plain": _text.progress(job)}
        if self._handle is None:
            self._handle = self._display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)

    end = show


def display_for(file: Optional[TextIO]) -> Display:
    """What suits where we run."""
    if file is None and (notebook := _notebook()) is not None:
        return Notebook(notebook)
    out = sys.stderr if file is None else file
    drawn = out.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    return Terminal(out) if drawn else Lines(out)


def _notebook() -> Any:
    """IPython's display where a kernel draws cells; None: elsewhere.  IPython is not imported for that."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display
    return display


def _columns(file: TextIO) -> int:
    try:
        return os.get_terminal_size(file.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
