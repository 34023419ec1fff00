"""Entries of given scores: which of their cells are ranked, with their truths, seed by seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from bench.ranking.entries import cells_without_truth, truths_of
from bench.ranking.ruler import GIVEN, Scored
from bench.scores.sample import Sample, quick_look, stated_cells

if TYPE_CHECKING:
    from bench.ranking.protocol import Protocol
    from bench.scores.given import Scores
    from bench.table.table import Table

SEED = 0
EVERY = "all cells of the table"


class Chosen(NamedTuple):
    """The scores of the cells that are ranked, and a sentence that says which these are."""

    scores: Scores
    statement: str


def choose_cells(
    scores: Scores,
    table: Table,
    protocol: Protocol,
    *,
    cells: str = "",
    limit: int | None = None,
    allow_missing: bool = False,
) -> Chosen:
    """Choose the cells to rank among those scored.

    Args:
        scores: what was given.
        table: the truth.
        protocol: what counts as truth.
        cells: `sample:NUM:SEED` of the table's, or a file of hashes; all that are scored unless
            given.
        limit: rank no more than so many of them, drawn with a fixed seed, for a quick look.
        allow_missing: leave out cells that have no truth, or of a sample no scores.

    Raises:
        ValueError: cells without truth or scores that may not be left out, or fewer than two left.
    """
    statement = f"{len(scores.cells):,} cells that were scored" if scores.values else EVERY
    num_asked = len(scores.cells) + scores.num_missing
    if cells:
        sample = stated_cells(table, cells, allow_missing=allow_missing)
        num_lacking = _check_scored(scores, sample.hashes, allow_missing=allow_missing)
        scores, num_asked = scores.only(sample.hashes), len(sample.hashes)
        statement = sample.statement + _left_out(num_lacking, "without scores")
    missing = set(cells_without_truth(scores.cells, table, protocol))
    if missing and not allow_missing:
        raise ValueError(
            f"{table.path} lacks the {protocol.truth_split} accuracy of {len(missing)} of the "
            f"{len(scores.cells)} cells scored, such as {min(missing)}: import them, or rank the "
            "others with --allow-missing"
        )
    scores = scores.only(key for key in scores.cells if key not in missing)
    looked_at, statement = quick_look(Sample(scores.cells, statement), limit)
    scores = scores.only(looked_at)
    if len(scores.cells) < 2:
        raise ValueError(
            f"no ranking of {len(scores.cells)} of {num_asked} cells with score and truth: score "
            "at least 2 that the table has, and set no smaller --limit"
        )
    statement += _left_out(len(missing), "without truth")
    statement += _left_out(scores.num_missing, "without a score of every method and seed")
    return Chosen(scores, statement)


def score_entries(scores: Scores, table: Table, protocol: Protocol) -> list[Scored]:
    """Return the entries of every seed, each with the methods that have it."""
    truths = truths_of(pd.Series(scores.cells), table, protocol, SEED)
    known = {"calibrated": pd.NA, "architecture": "", "cell_hash": scores.cells}
    known |= {"num_copies": scores.num_copies, "truth": truths}
    seeds = sorted({seed for by_seed in scores.values.values() for seed in by_seed}) or [SEED]
    return [
        Scored(
            bn=GIVEN,
            seed=seed,
            space=GIVEN,
            skeleton=table.skeleton,
            entries=pd.DataFrame(
                known | {m: values[seed] for m, values in scores.values.items() if seed in values}
            ),
        )
        for seed in seeds
    ]


def _check_scored(scores: Scores, hashes: list[str], *, allow_missing: bool) -> int:
    """Count the cells of a sample that have no scores; refuse them unless they may be missing."""
    known = set(scores.cells)
    lacking = [key for key in hashes if key not in known]
    if lacking and not allow_missing:
        raise ValueError(
            f"no scores of {len(lacking)} of the {len(hashes)} cells asked for, such as "
            f"{lacking[0]}: score them, or rank the others with --allow-missing"
        )
    return len(lacking)


def _left_out(num: int, why: str) -> str:
    return f"; {num:,} left out {why}" if num else ""
