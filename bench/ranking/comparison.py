"""A comparison: every scorer of the runs of one m under one protocol, beside the baselines.

A group is (batch norm, calibrated, scorer), of baselines the last alone; it holds one `Ranked` per
run.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.ranking.entries import select_entries
from bench.ranking.ruler import NONE, Group, Ranked, Ruler
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
    """The groups of one m under one protocol, the entries of its runs, and what was assumed."""

    m: int
    protocol: str
    num_cells: int
    groups: dict[Group, list[Ranked]]
    entries: list[tuple[Run, pd.DataFrame]]
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
    entries = [(run, _entries(run, table, protocol, allow_missing)) for run in runs]
    cells = sorted({key for _, frame in entries for key in frame["cell_hash"]})
    ruler = Ruler(cells, table, protocol, baselines)
    groups = defaultdict[Group, list[Ranked]](list)
    for run, frame in entries:
        for group, ranked in ruler.measure_run(run, frame):
            groups[group].append(ranked)
    baselines_last = sorted(groups, key=lambda group: group.bn == NONE)
    return Comparison(
        m=runs[0].recipe.m,
        protocol=protocol.name,
        num_cells=len(cells),
        groups={group: groups[group] for group in baselines_last},
        entries=entries,
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
