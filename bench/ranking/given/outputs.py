"""Given scores in, the tables of a ranking out: those that the main job writes of its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.base.digests import sha256_of
from bench.ranking.about import about_ranking, read_earlier
from bench.ranking.baselines import BASELINE_LABELS, BASELINES, RANDOM, STRUCTURE
from bench.ranking.comparison import compare
from bench.ranking.entries import ENTRY, digest_entries
from bench.ranking.given.entries import score_entries
from bench.ranking.outputs import PLACE, Rankings, gather, write

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

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
        ValueError: a method has the name or label of a baseline, or the name of a column.
    """
    check_names(chosen.scores.values, baselines)
    entries = score_entries(chosen.scores, table, protocol)
    return gather([compare(entries, table, protocol, baselines)], [protocol])


def check_names(methods: Iterable[str], baselines: Iterable[str]) -> None:
    """Refuse a method whose name stands for something else.

    Raises:
        ValueError: it is a baseline's, its label's, or a column's.
    """
    taken = {*baselines, RANDOM}
    taken |= {BASELINE_LABELS[name] for name in taken & BASELINE_LABELS.keys()}
    for name in methods:
        if name in taken:
            raise ValueError(
                f"method {name!r} has the name of a baseline, which is ranked anyway: rename it or "
                "leave it out"
            )
        if name in (*PLACE, *ENTRY):
            raise ValueError(f"method {name!r} has the name of a column of the tables: rename it")


def check_folder(folder: Path) -> None:
    """Refuse a folder of something else.

    Raises:
        ValueError: it holds a ranking of supernets.
    """
    earlier = read_earlier(folder)
    if earlier and not earlier["given"]:
        raise ValueError(f"{folder} holds a ranking of supernets: name another folder with --out")


def write_given(
    folder: Path,
    rankings: Rankings,
    chosen: Chosen,
    table: Table,
    protocol: Protocol,
    *,
    command: str = "",
    files: Sequence[Path] = (),
) -> None:
    """Write the CSV files and ranking.json.

    Args:
        folder: where to; one that holds a ranking of supernets is refused.
        rankings: as from `rank_given`.
        chosen: what was ranked.
        table: the truth.
        protocol: how.
        command: the command line that asked for it, for the page.
        files: those that the scores come from.

    Raises:
        ValueError: the folder holds a ranking of supernets.
    """
    check_folder(folder)
    methods = list(chosen.scores.values)
    entries = score_entries(chosen.scores, table, protocol)[0].entries
    about = about_ranking(
        {},
        table,
        [protocol],
        headline=next(iter(methods), ""),
        command=command,
        notes=rankings.notes,
    )
    given = {
        "cells": chosen.statement,
        "digest": digest_entries(entries["cell_hash"], entries["truth"]),
        "methods": methods,
        "lower is better of": list(chosen.scores.lower),
        "files (SHA-256)": {path.name: sha256_of(path) for path in files},
    }
    write(folder, rankings, about | {"given": given})
