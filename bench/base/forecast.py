"""What a dry run measures, and says at its end: how long it would take."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")


def a_few(every: Sequence[T], num: int) -> Sequence[T]:
    """Return no more than `num` of a sequence, evenly from it; none of an empty one."""
    return every[:: -(-len(every) // num) or 1]


def seconds_each(every: Sequence[T], num: int, work: Callable[[T], object]) -> float:
    """Do `num` parts of the work, the first of them before as well, which is slow; time one."""
    some = a_few(every, num)
    work(some[0])
    started = time.perf_counter()
    for one in some:
        work(one)
    return (time.perf_counter() - started) / len(some)


def say_look(num: int, of: int, what: str, unless: str) -> str:
    """Say that this was a quick look, and what is not made of it.

    Args:
        num: how many were looked at.
        of: how many there are.
        what: they are, in words.
        unless: what is left undone as long as not all are.
    """
    told = f"a quick look at {num:,} of {of:,} {what}: {unless}"
    return f"{told}; the same command without --limit goes on from there"


def say_when(jobs: int, time_s: float, measured_on: str) -> str:
    """Say how long work that is shared among jobs takes, from a few of its parts.

    Args:
        jobs: how many at once.
        time_s: seconds of all of it, at the pace of one job alone.
        measured_on: the parts, in words.
    """
    about = duration(time_s / jobs)
    return f"{jobs} at once: about {about}, measured on a few {measured_on}; nothing was written"


def duration(seconds: float) -> str:
    """Write seconds as 1:02:03."""
    return str(timedelta(seconds=round(seconds)))
