"""Given scores in, the tables of a ranking out: those that the main job writes of its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.ranking.about import about_ranking
from bench.ranking.baselines import BASELINES, RANDOM, STRUCTURE
from bench.ranking.comparison import compare
from bench.ranking.entries import ENTRY
from bench.ranking.given.entries import score_entries
from bench.ranking.outputs import PLACE, Rankings, gather

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.ranking.baselines import Baseline
    from bench.ranking.given.entries import Chosen
    from bench.ranking.protocol import Protocol
    from bench.table.table import Table

EVERY_BASELINE: dict[str, Baseline] = {**BASELINES, **STRUCTURE}
"""What given scores are ranked beside."""


def rank_given(
    chosen: Chosen,
    table: Table,
    protocol: Protocol,
    baselines: Mapping[str, Baseline] = EVERY_BASELINE,
) -> Rankings:
    """Rank given scores, and baselines on the same cells.

    Args:
        chosen: as from `choose_cells`, by the same table and protocol.
        table: the truth.
        protocol: how they are ranked.
        baselines: what else to rank, by name.

    Raises:
        ValueError: a method has the name of a baseline, or of a column of points.csv.
    """
    for name in chosen.scores.values:
        if name in (*baselines, RANDOM):
            raise ValueError(
                f"method {name!r} has the name of a baseline, which is ranked anyway: rename it or "
                "leave it out"
            )
        if name in (*PLACE, *ENTRY):
            raise ValueError(f"method {name!r} has the name of a column of the tables: rename it")
    entries = score_entries(chosen.scores, table, protocol)
    return gather([compare(entries, table, protocol, baselines)], [protocol])


def about_given(
    chosen: Chosen,
    table: Table,
    protocol: Protocol,
    rankings: Rankings,
    *,
    command: str = "",
    files: Mapping[str, str],
    baselines: Mapping[str, Baseline] = EVERY_BASELINE,
) -> dict[str, Any]:
    """Gather what ranking.json holds of given scores.

    Args:
        chosen: what was ranked.
        table: the truth.
        protocol: how.
        rankings: what was found.
        command: the command line that asked for it.
        files: names of those that the scores come from, with their SHA-256.
        baselines: those ranked.
    """
    about = about_ranking(
        {},
        table,
        [protocol],
        headline=next(iter(chosen.scores.values)),
        command=command,
        notes=rankings.notes,
        baselines=list(baselines),
    )
    given = {"cells": chosen.statement, "files": dict(files), "lower": list(chosen.scores.lower)}
    return about | {"given": given}
