"""Waiting, async.  The one module that both folders have of their own."""
from __future__ import annotations

import anyio
import anyio.lowlevel


async def sleep(seconds: float) -> None:
    await anyio.sleep(seconds)


async def breathe() -> None:
    """Lets others go on between two blocks of a file."""
    await anyio.lowlevel.checkpoint()
