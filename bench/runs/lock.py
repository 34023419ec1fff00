"""One command at a time is at work in a folder: the system's lock, which ends with its process."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.runs.layout import LOCK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE_S = 6.0
"""Longer than the processes that decode images outlive one that was killed."""


RANKING_S = 600.0
"""How long a command waits for another that ranks the same folder, a matter of minutes at most."""


class BusyFolderError(ValueError):
    """Another command is at work in a folder."""


@contextmanager
def at_work(folder: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Keep other commands from working in a folder, which is made where there is none.

    Args:
        folder: the folder.
        patience_s: how long to wait for another command to end.

    Raises:
        BusyFolderError: another command is still at work there.
    """
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK, timeout=patience_s)
    try:
        lock.acquire()
    except Timeout:
        raise BusyFolderError(
            f"another command is at work in {folder}: start this one again when that has ended"
        ) from None
    try:
        yield
    finally:
        lock.release()
