"""What a ranking of given scores would do, and about how long it takes: measured on them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.base.forecast import duration
from bench.ranking.baselines import BASELINES
from bench.ranking.given.outputs import check_names, rank_given
from bench.runs.words import count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.ranking.baselines import Baseline
    from bench.ranking.given.entries import Chosen
    from bench.ranking.protocol import Protocol
    from bench.table.table import Table

USUAL = dict(list(BASELINES.items())[:1])


def forecast(
    chosen: Chosen, table: Table, protocol: Protocol, baselines: Mapping[str, Baseline]
) -> str:
    """Check what `rank_given` checks, and say what it would rank; its arguments are the same.

    One method is ranked alone and beside one baseline, which tells what a further row takes.

    Raises:
        ValueError: as `rank_given`.
    """
    check_names(chosen.scores.values, baselines)
    values = chosen.scores.values
    first = dict(list(values.items())[:1])
    few = chosen._replace(scores=replace(chosen.scores, values=first))
    alone, beside = (_seconds(few, table, protocol, some) for some in ({}, USUAL))
    num = sum(len(seeds) for seeds in values.values()) + len(baselines)
    done = sum(len(seeds) for seeds in first.values())
    time_s = alone + max(beside - alone, 0.0) * (num - done)
    return (
        f"{chosen.statement}: {count(len(values), 'method')} and {len(baselines)} counts: about "
        f"{duration(time_s)} without figures, measured on a few "
        "of them; nothing was written"
    )


def _seconds(
    chosen: Chosen, table: Table, protocol: Protocol, baselines: Mapping[str, Baseline]
) -> float:
    started = time.process_time()
    rank_given(chosen, table, protocol, baselines)
    return time.process_time() - started
