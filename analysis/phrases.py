"""How numbers, rows and protocols are written out for a reader."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from analysis import style
from bench.ranking.protocol import FOR_GIVEN, PROTOCOLS, describe
from bench.ranking.ruler import GIVEN
from bench.runs.schemas.calibrated import calibrated_word, is_calibrated, is_raw
from bench.runs.words import count as count  # re-exported: figures count things too

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Row = dict[str, Any]

NOTHING = "-"


def name_protocol(protocol: str) -> str:
    """Name a protocol and its recipe, and say what it does."""
    if protocol == FOR_GIVEN.name:
        return f"protocol {protocol}: {describe(FOR_GIVEN)}"
    if (known := PROTOCOLS.get(protocol)) is None:
        return f"protocol {protocol}"
    return f"recipe {known.recipe}, protocol {protocol}: {describe(known)}"


def name_ms(ms: Iterable[int]) -> str:
    """Write values of m: 'm = 4', 'm = 2 and 4', 'm = 1 to 4' where none is left out."""
    ordered = sorted(set(ms))
    first, last = ordered[0], ordered[-1]
    if len(ordered) == 1:
        return f"m = {first}"
    if len(ordered) > 2 and ordered == list(range(first, last + 1)):
        return f"m = {first} to {last}"
    return f"m = {', '.join(map(str, ordered[:-1]))} and {last}"


def name_row(row: Row) -> str:
    """Name a row's method, or its baseline."""
    if row["bn"] in (NOTHING, GIVEN):
        return style.label(row["scorer"])
    return f"{style.label(row['bn'])}, {calibrated_word(row['calibrated'])}"


def describe_n(row: Row, *others: Row) -> str:
    """Say how many cells, architectures and seeds a row rests on, and others of its cells."""
    cells, architectures = (_average(row[name]) for name in ("num_cells", "num_architectures"))
    parts = [f"{cells} cells"]
    if row["m"] != 0 or row["num_cells"] != row["num_architectures"]:
        parts.append(f"{architectures} architectures")
    if seeds := [one["num_seeds"] for one in (row, *others) if has_seeds(one)]:
        parts.append(between(seeds))
    return ", ".join(parts)


def between(nums: Iterable[int]) -> str:
    """Write how many seeds there are of several methods: '10 seeds', '3 to 10 seeds'."""
    least, most = min(nums := [*nums]), max(nums)
    return f"{least} to {count(most, 'seed')}" if least < most else count(most, "seed")


def has_seeds(row: Row) -> bool:
    """Tell whether seeds differ in a row: what costs nothing has none of its own."""
    return bool(row["bn"] != NOTHING or row["tau_std"] > 0)


def describe_tau(row: Row, name: str = "tau") -> str:
    """Write a row's tau, or one within, with its interval where it has one."""
    mean = row["tau_mean" if name == "tau" else name]
    return with_interval(mean, row[f"{name}_low"], row[f"{name}_high"], 2)


def excluded(low: float, high: float) -> str:
    """Say what an interval of a difference that holds 0 excludes, both ways."""
    return f"leads above {number(high, 2)}, deficits above {number(-low, 2)} excluded"


def covers(num_seeds: int) -> str:
    """Say what the interval of a mean over so many seeds covers: of one seed, cells alone."""
    return "seeds and cells" if num_seeds > 1 else "cells"


def number(value: float, digits: int = 3) -> str:
    """Write a number, unknown ones as a dash, and never a minus before zero."""
    return NOTHING if isnan(value) else f"{round(value, digits) + 0.0:.{digits}f}"


def with_interval(mean: float, low: float, high: float, digits: int) -> str:
    """Write a figure, and its interval where it has one: '0.51 [0.38, 0.62]'.

    A bound that rounds to zero without being zero has a digit more: on which side it lies matters.
    """
    if isnan(low):
        return number(mean, digits)
    ends = (number(v, digits + (v != 0 and not round(v, digits))) for v in (low, high))
    return "{} [{}, {}]".format(number(mean, digits), *ends)


def signed(value: float) -> str:
    """Write a difference, zero as +0.000, an unknown one as a dash."""
    return NOTHING if isnan(value) else f"{round(value, 3) + 0.0:+.3f}"


def interval(low: float, high: float, write: Callable[[float], str]) -> str:
    """Write an interval, its ends by `write`; an unknown one as a dash."""
    return NOTHING if isnan(low) else f"[{write(low)}, {write(high)}]"


def yes(calibrated: Any) -> str:
    """Write whether statistics were calibrated in one word; baselines have none."""
    if is_calibrated(calibrated):
        return "yes"
    return "no" if is_raw(calibrated) else NOTHING


def _average(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"on average {value:.1f}"
