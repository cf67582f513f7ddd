"""Waiting, sync.  The one module that both folders have of their own."""
from __future__ import annotations

import time


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def breathe() -> None:
    """Nobody else is to go on."""
