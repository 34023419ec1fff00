"""Stopping between steps with everything saved: at a time limit, or when a signal asks for it.

    with stoppable(limit_s=1500):   # a command line: SIGTERM and SIGUSR1 are heard within
        ...
        check()                     # at every place where stopping loses nothing: raises Stopped

Work that `in_parallel` gives to other processes is told by a file in a folder that all of them
see, so that local workers and those of a cluster stop alike; local ones hear signals themselves
too, since SLURM and a terminal send them to every process.
"""

from __future__ import annotations

import re
import secrets
import signal
import threading
import time
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, NoReturn

from bench.base.checks import show

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGUSR1") if hasattr(signal, name))
POLL_S = 0.5
OTHERS = "another process"
UNITS_S = {"d": 86400, "h": 3600, "m": 60, "s": 1}
MOST_DAYS = 365
_WITH_UNITS = re.compile(r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,9}):([0-5]\d):([0-5]\d)", re.ASCII)


class Stopped(BaseException):
    """Work was asked to stop and has: no error, so that nothing takes it for one."""


@dataclass
class Stop:
    """Whether work is to stop, asked between steps.

    Attributes:
        deadline: seconds since the epoch.
        file: there once work is to stop, for those that no signal reaches; None: there are none.
        reason: what has asked for it; empty: nothing has.
        looked_at: when the file was last looked for, on this process's clock.
    """

    deadline: float = inf
    file: Path | None = None
    reason: str = ""
    looked_at: float = -inf

    def ask(self, reason: str) -> None:
        """Ask for it: here, and of all who know the file."""
        self.reason = self.reason or reason
        if self.file is not None:
            with suppress(OSError):  # a full disk: those who hear signals stop all the same
                self.file.touch()

    @property
    def is_asked(self) -> bool:
        """Whether anything has asked for it; takes about a microsecond."""
        if not self.reason and time.time() >= self.deadline:
            self.ask("the time limit")
        if not self.reason and self._is_file_there():
            self.reason = OTHERS
        return bool(self.reason)

    def check(self) -> None:
        """Stop here if that was asked for.

        Raises:
            Stopped: it was.
        """
        if self.is_asked:
            raise Stopped(self.reason)

    def _is_file_there(self) -> bool:
        now = time.monotonic()
        if self.file is None or now - self.looked_at < POLL_S:
            return False
        self.looked_at = now
        return self.file.exists()


_CURRENT: ContextVar[Stop] = ContextVar("stop")


def current() -> Stop:
    """Return what may stop the work at hand; without a `stoppable` nothing does."""
    return _CURRENT.get(None) or Stop()


def is_asked() -> bool:
    """Whether the work at hand is to stop."""
    return current().is_asked


def stop_now() -> NoReturn:
    """Stop here; whoever has not asked for it was asked by others.

    Raises:
        Stopped: always.
    """
    raise Stopped(current().reason or OTHERS)


def check() -> None:
    """Stop here if that was asked for.

    Raises:
        Stopped: it was.
    """
    current().check()


@contextmanager
def stoppable(limit_s: float | None = None) -> Iterator[None]:
    """Let the work within be stopped by a time limit, SIGTERM or SIGUSR1.

    Args:
        limit_s: seconds from now; None: no limit.
    """
    stop = Stop(deadline=inf if limit_s is None else time.time() + limit_s)
    with heeding(stop), hearing_signals(stop):
        yield


@contextmanager
def heeding(stop: Stop) -> Iterator[None]:
    """Let `check` and `is_asked` be about this from here on."""
    token = _CURRENT.set(stop)
    try:
        yield
    finally:
        _CURRENT.reset(token)


@contextmanager
def hearing_signals(stop: Stop) -> Iterator[None]:
    """Take SIGTERM and SIGUSR1 as asking for it; in a thread, which can't hear them, do nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def hear(number: int, _: FrameType | None) -> None:
        stop.ask(signal.Signals(number).name)

    before = {number: signal.signal(number, hear) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def telling(stop: Stop, folder: Path) -> Iterator[Stop]:
    """Yield what tasks take along, so that other processes stop when this one is asked to.

    Args:
        stop: this process's.
        folder: one that all of them see under this name.
    """
    stop.file = folder / f".stop-{secrets.token_hex(4)}"
    if stop.is_asked:
        stop.ask(stop.reason)
    try:
        yield Stop(stop.deadline, stop.file)
    finally:
        stop.file.unlink(missing_ok=True)
        stop.file = None


def read_duration(text: str) -> int:
    """Read 90s, 25m, 1h30m, 2d or 1:30:00 as seconds.

    Raises:
        ValueError: it is none of these, no time at all, or more than a year.
    """
    clock, units = _CLOCK.fullmatch(text), _WITH_UNITS.fullmatch(text)
    if clock:
        parts = ["0", *clock.groups()]
    elif units:
        parts = [part or "0" for part in units.groups()]
    else:
        parts = []
    seconds = sum(int(part) * unit for part, unit in zip(parts, UNITS_S.values(), strict=False))
    if not 0 < seconds <= MOST_DAYS * UNITS_S["d"]:
        meant = f"90s, 25m, 1h30m or 1:30:00, of at most {MOST_DAYS} days"
        raise ValueError(f"{show(text)} is no time such as {meant}")
    return seconds
