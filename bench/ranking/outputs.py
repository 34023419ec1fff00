"""The ranking stage: runs, a table and protocols in; CSV files out.

Writes into the results folder
    kendall_tau.csv            one row per m, batch norm, calibrated, scorer and protocol
    kendall_tau_by_seed.csv    the same for each seed
    differences.csv            tau of one batch norm minus another's, in pairs of equal seed
    points.csv                 truth and scores of every entry, to draw
    kendall_tau.json, differences.json    the same rows, with the version of their columns
    ranking.json               command, recipes, protocols and table in words and figures
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bench.ranking.about import about_ranking
from bench.ranking.baselines import BASELINES
from bench.ranking.comparison import compare_runs
from bench.ranking.entries import scorers
from bench.ranking.ruler import GIVEN
from bench.ranking.summary import difference_rows, seed_rows, summary_rows
from bench.runs import schemas
from bench.runs.words import describe_recipes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bench.ranking.baselines import Baseline
    from bench.ranking.comparison import Comparison
    from bench.ranking.protocol import Protocol
    from bench.runs.run import Run
    from bench.table.table import Table

KENDALL_TAU, BY_SEED, DIFFERENCES, POINTS, ABOUT = (
    schemas.KENDALL_TAU.name,
    schemas.KENDALL_TAU_BY_SEED.name,
    schemas.DIFFERENCES.name,
    schemas.POINTS.name,
    schemas.RANKING.name,
)
IDENTITY = schemas.KENDALL_TAU.keys
PLACE = ("m", "space", "bn", "seed", "calibrated", "protocol", "cell_hash", "truth")
DIGITS = 6
MAX_POINTS = 2_000  # cells; more hide each other
HEADLINE = "accuracy"
"""The scorer shown first: the paper's, the only one to be set beside its figures."""

FINER = "negative_loss"
"""The scorer beside it: ours, finer than accuracy, in which many architectures tie."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rankings:
    """What the ranking stage found: the four CSV files, typed as when read, and assumptions."""

    kendall_tau: pd.DataFrame
    by_seed: pd.DataFrame
    differences: pd.DataFrame
    points: pd.DataFrame
    notes: list[str]


def rank(
    runs: Sequence[Run],
    table: Table,
    protocols: Sequence[Protocol],
    *,
    baselines: Mapping[str, Baseline] = BASELINES,
    allow_missing: bool = False,
) -> Rankings:
    """Rank runs under protocols, the headline protocol first.

    Args:
        runs: complete ones, sorted as `find_runs` does; each is ranked under the protocols of its
            recipe.
        table: the truth.
        protocols: how to rank.
        baselines: what else to rank, by name.
        allow_missing: leave out architectures whose truth the table lacks.

    Raises:
        ValueError: a protocol without runs, runs of two spaces at one m, or as `compare_runs`.
    """
    comparisons = [
        compare_runs(same, table, protocol, baselines, allow_missing=allow_missing)
        for protocol in protocols
        for same in _by_m(runs, protocol)
    ]
    return gather(comparisons, protocols)


def gather(comparisons: Sequence[Comparison], protocols: Sequence[Protocol]) -> Rankings:
    """Make the tables of some comparisons.

    Args:
        comparisons: by protocol and m.
        protocols: theirs, the headline first.
    """
    return Rankings(
        kendall_tau=_frame(comparisons, summary_rows, schemas.KENDALL_TAU),
        by_seed=_frame(comparisons, seed_rows, schemas.KENDALL_TAU_BY_SEED),
        differences=_frame(comparisons, difference_rows, schemas.DIFFERENCES),
        points=_points(comparisons, protocols),
        notes=[f"{_name_m(c.m)}protocol {c.protocol}: {c.note}" for c in comparisons if c.note],
    )


def write_rankings(
    results_folder: Path,
    runs: Sequence[Run],
    table: Table,
    protocols: Sequence[Protocol],
    *,
    command: str = "",
    baselines: Mapping[str, Baseline] = BASELINES,
    allow_missing: bool = False,
    truth_note: str = "",
) -> Rankings:
    """Rank runs and write the CSV files and ranking.json into the results folder.

    Args:
        results_folder: `results/<preset>`.
        runs: as for `rank`.
        table: the truth.
        protocols: how to rank, the headline first.
        command: the command line that asked for it, for the page.
        baselines: what else to rank, by name.
        allow_missing: leave out architectures whose truth the table lacks.
        truth_note: where the table is not of these runs' images or networks, how it differs.
    """
    rankings = rank(runs, table, protocols, baselines=baselines, allow_missing=allow_missing)
    names = {protocol.recipe for protocol in protocols}
    about = about_ranking(
        describe_recipes([run for run in runs if run.recipe.name in names]),
        table,
        protocols,
        headline=HEADLINE,
        command=command,
        notes=rankings.notes,
        truth_note=truth_note,
        baselines=list(baselines),
    )
    write(results_folder, rankings, about)
    return rankings


def write(results_folder: Path, rankings: Rankings, about: dict[str, Any]) -> None:
    """Write what was found as CSV, tau and differences as JSON too, and ranking.json.

    Args:
        results_folder: where to.
        rankings: what was found.
        about: what ranking.json holds.
    """
    for frame, schema in (
        (rankings.kendall_tau, schemas.KENDALL_TAU),
        (rankings.by_seed, schemas.KENDALL_TAU_BY_SEED),
        (rankings.differences, schemas.DIFFERENCES),
        (rankings.points, schemas.POINTS),
    ):
        schemas.write(frame, results_folder / schema.name, schema)
    for frame, schema in (
        (rankings.kendall_tau, schemas.KENDALL_TAU),
        (rankings.differences, schemas.DIFFERENCES),
    ):
        schemas.write_rows(frame, results_folder / schema.name, schema, about["truth_note"])
    schemas.write_json(about, results_folder / ABOUT, schemas.RANKING)


def _name_m(m: int) -> str:
    return f"m={m}, " if m else ""


def _by_m(runs: Sequence[Run], protocol: Protocol) -> Iterator[list[Run]]:
    mine = [run for run in runs if run.recipe.name == protocol.recipe]
    if not mine:
        raise ValueError(
            f"protocol {protocol.name!r} ranks runs of recipe {protocol.recipe!r}, of which there "
            f"are none: train some with --protocol {protocol.name}, or use another protocol"
        )
    for m in sorted({run.recipe.m for run in mine}):
        same = [run for run in mine if run.recipe.m == m]
        if len(spaces := sorted({run.recipe.space for run in same})) > 1:
            raise ValueError(
                f"runs of the spaces {', '.join(spaces)} at m={m} can't share one ranking: keep "
                "them in folders of their own with --out"
            )
        yield same


def _frame(
    comparisons: Sequence[Comparison],
    make_rows: Callable[[Comparison], Iterable[dict[str, Any]]],
    schema: schemas.Schema,
) -> pd.DataFrame:
    rows = [
        {"m": comparison.m, "protocol": comparison.protocol} | row
        for comparison in comparisons
        for row in make_rows(comparison)
    ]
    frame = pd.DataFrame(rows, columns=None if rows else [*IDENTITY])
    others = [name for name in frame.columns if name not in IDENTITY]
    return schemas.conform(frame[[*IDENTITY, *others]].round(DIGITS), schema)


def _points(comparisons: Sequence[Comparison], protocols: Sequence[Protocol]) -> pd.DataFrame:
    """Gather the entries to draw: of each recipe under its first protocol.

    Of many cells the first by hash, which is as good as drawn.
    """
    first = {protocol.recipe: protocol.name for protocol in reversed(protocols)}
    parts = [
        one.entries.assign(
            m=comparison.m,
            protocol=comparison.protocol,
            space=one.space,
            bn=one.bn,
            seed=one.seed,
        )
        for comparison in comparisons
        for one in comparison.scored
        if comparison.protocol in first.values()
    ]
    points = pd.concat(parts, ignore_index=True)
    if len(few := sorted(points["cell_hash"].unique())) > MAX_POINTS:
        points = points[points["cell_hash"] <= few[MAX_POINTS - 1]]
    own = [name for name in scorers(points) if name not in PLACE]
    points[own] = points[own].replace([np.inf, -np.inf], np.nan)  # ranked, but nowhere to draw
    is_given = (points["bn"] == GIVEN).all()  # whose scores are of any size
    digits = dict.fromkeys(["truth"] if is_given else ["truth", *own], DIGITS)
    return schemas.conform(points[[*PLACE, *own]].round(digits), schemas.POINTS)
