"""What a ranking of given scores would do, and about how long it takes: measured on them."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.base.forecast import a_few, duration
from bench.ranking.baselines import BASELINES
from bench.ranking.given.outputs import check_names, rank_given
from bench.runs.words import count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.ranking.baselines import Baseline
    from bench.ranking.given.entries import Chosen
    from bench.ranking.protocol import Protocol
    from bench.table.table import Table

USUAL = dict(list(BASELINES.items())[:1])

PACED = (3_000, 12_000)
"""Cells that are ranked where there are more: what all take follows from how both differ."""


def forecast(
    chosen: Chosen, table: Table, protocol: Protocol, baselines: Mapping[str, Baseline]
) -> str:
    """Check what `rank_given` checks, and say what it would rank; its arguments are the same.

    One method is ranked alone and beside one baseline, which tells what a further row takes, on
    some of many cells.

    Raises:
        ValueError: as `rank_given`.
    """
    check_names(chosen.scores.values, baselines)
    values, cells = chosen.scores.values, chosen.scores.cells
    first = dict(list(values.items())[:1])
    done = sum(len(seeds) for seeds in first.values())
    num_further = sum(len(seeds) for seeds in values.values()) + len(baselines) - done

    def seconds(some: Sequence[str]) -> float:
        few = chosen._replace(scores=replace(chosen.scores, values=first).only(some))
        alone, beside = (_seconds(few, table, protocol, counts) for counts in ({}, USUAL))
        return alone + max(beside - alone, 0.0) * num_further

    time_s = _extrapolated(seconds, [a_few(cells, num) for num in PACED], len(cells))
    return (
        f"{chosen.statement}: {count(len(values), 'method')} and {len(baselines)} counts: about "
        f"{duration(time_s)} without figures, measured on a few "
        "of them; nothing was written"
    )


def _extrapolated(
    seconds: Callable[[Sequence[str]], float], some: list[Sequence[str]], num: int
) -> float:
    """Measure two parts of the work, and return what all of it takes, of n log n steps."""
    few, more = some
    if len(few) == len(more):
        return seconds(more)
    seconds(few)  # what is imported and remembered is not counted
    times = [seconds(few), seconds(more)]
    steps = [n * math.log(n) for n in (len(few), len(more), num)]
    pace = max(times[1] - times[0], 0.0) / (steps[1] - steps[0])
    return times[1] + pace * (steps[2] - steps[1])


def _seconds(
    chosen: Chosen, table: Table, protocol: Protocol, baselines: Mapping[str, Baseline]
) -> float:
    started = time.process_time()
    rank_given(chosen, table, protocol, baselines)
    return time.process_time() - started
