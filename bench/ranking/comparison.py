"""A comparison: every scorer of the runs of one m under one protocol, beside the baselines.

A group is (batch norm, calibrated, scorer), of baselines the last alone; it holds one `Ranked` per
run. Scores from elsewhere are compared alike, as of one run per seed and of no m.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.ranking.entries import select_entries
from bench.ranking.ruler import NONE, Group, Ranked, Ruler, Scored
from bench.runs.layout import SCORES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from bench.ranking.baselines import Baseline
    from bench.ranking.protocol import Protocol
    from bench.runs.run import Run
    from bench.table.table import Table


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """The groups of one m under one protocol, the entries of its runs, and what was assumed.

    Attributes:
        m: largest number of paths, 0 of scores from elsewhere.
        protocol: its name.
        num_cells: that any run enters.
        groups: what is compared, the baselines last.
        scored: the entries by run.
        note: what was assumed, or empty.
    """

    m: int
    protocol: str
    num_cells: int
    groups: dict[Group, list[Ranked]]
    scored: list[Scored]
    note: str


def compare_runs(
    runs: Sequence[Run],
    table: Table,
    protocol: Protocol,
    baselines: Mapping[str, Baseline],
    *,
    allow_missing: bool = False,
) -> Comparison:
    """Rank the runs of one m under one protocol, and baselines beside them.

    Raises:
        ValueError: as `select_entries`, or scores that are incomplete or no numbers.
    """
    scored = [
        Scored(
            bn=run.variant,
            seed=run.seed,
            space=run.recipe.space,
            skeleton=run.recipe.skeleton,
            entries=_entries(run, table, protocol, allow_missing),
        )
        for run in runs
    ]
    return compare(scored, table, protocol, baselines, m=runs[0].recipe.m)


def compare(
    scored: list[Scored],
    table: Table,
    protocol: Protocol,
    baselines: Mapping[str, Baseline],
    *,
    m: int = 0,
) -> Comparison:
    """Rank entries of one kind, and baselines beside them.

    Args:
        scored: the entries, by run or by seed.
        table: the truth.
        protocol: what they were chosen by.
        baselines: what else to rank, by name.
        m: largest number of paths, 0 of scores from elsewhere.
    """
    cells = sorted({key for one in scored for key in one.entries["cell_hash"]})
    ruler = Ruler(cells, table, protocol, baselines)
    groups = defaultdict[Group, list[Ranked]](list)
    for one in scored:
        for group, ranked in ruler.measure_all(one):
            groups[group].append(ranked)
    baselines_last = sorted(groups, key=lambda group: group.bn == NONE)
    return Comparison(
        m=m,
        protocol=protocol.name,
        num_cells=len(cells),
        groups={group: groups[group] for group in baselines_last},
        scored=scored,
        note=ruler.note,
    )


def _entries(run: Run, table: Table, protocol: Protocol, allow_missing: bool) -> pd.DataFrame:
    scores = run.scores()
    _check_numbers(scores, run.folder)
    return select_entries(scores, run.space, table, protocol, run.seed, allow_missing=allow_missing)


def _check_numbers(scores: pd.DataFrame, folder: Path) -> None:
    remedy = f"delete {folder} to train it anew, or move it away"
    for name, missing in scores.isna().sum().items():
        if missing:
            raise ValueError(
                f"{missing} of {len(scores)} values of {name!r} in {folder / SCORES} are no "
                f"numbers (did training diverge?): {remedy}"
            )
