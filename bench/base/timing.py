"""How speed is measured: CPU time of the process, medians, what is compared by turns."""

from __future__ import annotations

import statistics
import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    T = TypeVar("T")


def cpu_s(function: Callable[[], object]) -> float:
    """Return the CPU time of one call, in s; other work on the machine disturbs it little."""
    started = time.process_time()
    function()
    return time.process_time() - started


def in_turns(rounds: Iterable[T], *functions: Callable[[T], object]) -> list[float]:
    """Return each function's median CPU time over the rounds, in s, run in turns.

    Args:
        rounds: what the functions are called with, round by round; the first also warms them up.
        functions: what to compare.
    """
    arguments = list(rounds)
    times: list[list[float]] = [[] for _ in functions]
    for function in functions:
        function(arguments[0])
    for argument in arguments:
        for function, taken in zip(functions, times, strict=True):
            taken.append(cpu_s(partial(function, argument)))
    return [statistics.median(taken) for taken in times]


def row(name: str, value: float, unit: str, aim: float) -> dict[str, Any]:
    """Make a row of speed.csv."""
    return {"name": name, "value": round(value, 4), "unit": unit, "aim": aim}
