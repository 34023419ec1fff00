"""What moves tau: one field of protocol or recipe changed at a time.

From the reference (protocol `sound`, negative loss, calibrated) each variation changes one thing
and ranks the same runs again. Fields of the protocol are changed on scores.csv. Fields of the
recipe that a re-scored run can show come from calibration_sweep.csv, which has one architecture
per cell: that choice is a variation itself, and the reference of those on the sweep.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bench.base.files import read_csv
from bench.ranking.correlation import kendall_tau
from bench.ranking.entries import select_entries
from bench.ranking.outputs import HEADLINE
from bench.ranking.protocol import PROTOCOLS, Protocol
from bench.runs.layout import CALIBRATION_SWEEP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bench.runs.run import Run
    from bench.table.table import Table

SOUND = PROTOCOLS["sound"]
DROPPED = 0.3  # the released code drops 30 of 100
REFERENCE = "reference"
COLUMNS = ["m", "bn", "seed", "variation", "field", "tau", "num_entries", "num_cells"]
ONE_PER_CELL = "one per cell"


@dataclass(frozen=True, kw_only=True)
class Variation:
    """What is changed from the reference."""

    name: str
    protocol: Protocol = SOUND
    scorer: str = HEADLINE
    calibrated: bool = True


def variations(num_architectures: int) -> Iterator[Variation]:
    """List the reference, and every protocol field changed by itself."""
    yield Variation(name=REFERENCE)
    yield Variation(name="accuracy, not loss", scorer="accuracy")
    yield Variation(name="not calibrated", calibrated=False)
    yield Variation(name="copies kept", protocol=replace(SOUND, copies="keep"))
    yield Variation(name="70 drawn", protocol=replace(SOUND, selection="sampler", num_drawn=70))
    yield Variation(name="one repeat as truth", protocol=replace(SOUND, truth_repeats="random"))
    yield Variation(name="validation truth", protocol=replace(SOUND, truth_split="valid"))
    num = round(DROPPED * num_architectures)
    yield Variation(name="lowest 30% dropped", protocol=replace(SOUND, drop_lowest=num))


def vary(runs: Iterable[Run], table: Table) -> pd.DataFrame:
    """Rank every `sound` run under every variation.

    A variation that the table or the space can't offer (no repeats, too few architectures left)
    has no row.

    Returns:
        Columns m, bn, seed, variation, field ('protocol' or 'recipe'), tau, num_entries, num_cells.
    """
    rows = [
        {"m": run.recipe.m, "bn": run.variant, "seed": run.seed} | row
        for run in runs
        if run.recipe.name == SOUND.recipe
        for row in (*_vary_protocol(run, table), *_vary_recipe(run, table))
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def sweep_taus(run: Run, table: Table) -> pd.DataFrame:
    """Rank one architecture per cell under every calibration that the run was swept over.

    Returns:
        A row per setting and scorer with tau, the mean accuracy, and the number of cells.
    """
    sweep = read_csv(run.folder / CALIBRATION_SWEEP)
    sweep = sweep[~sweep["cell_hash"].isin(_unknown(sweep["cell_hash"], table))]
    truth = {key: table.mean_accuracy(key, SOUND.truth_split) for key in set(sweep["cell_hash"])}
    settings = ["factor", "split", "num_images", "batch", "reset"]
    rows = []
    for setting, part in sweep.groupby(settings, dropna=False, sort=False):
        truths = part["cell_hash"].map(truth).to_numpy(dtype=np.float64)
        scores = {HEADLINE: -part["loss"].to_numpy(), "accuracy": part["accuracy"].to_numpy()}
        for scorer, values in scores.items():
            row: dict[str, Any] = dict(zip(settings, setting, strict=True))
            row |= {"scorer": scorer, "tau": kendall_tau(values, truths)}
            row |= {"accuracy": part["accuracy"].mean(), "num_cells": len(part)}
            rows.append(row)
    return pd.DataFrame(rows)


def sweep_all(runs: Iterable[Run], table: Table) -> pd.DataFrame:
    """Rank every swept run: `sweep_taus`, with columns m, bn and seed before."""
    parts = [
        sweep_taus(run, table).assign(m=run.recipe.m, bn=run.variant, seed=run.seed)
        for run in runs
        if (run.folder / CALIBRATION_SWEEP).is_file()
    ]
    frame = pd.concat(parts, ignore_index=True)
    first = ["m", "bn", "seed"]
    return frame[first + [name for name in frame.columns if name not in first]]


def _vary_protocol(run: Run, table: Table) -> Iterator[dict[str, Any]]:
    scores = run.scores()
    for one in variations(len(run.space.architectures())):
        try:
            entries = select_entries(
                scores, run.space, table, one.protocol, run.seed, allow_missing=True
            )
        except ValueError:  # this table or space has nothing to rank under it
            continue
        part = entries[entries["calibrated"] == one.calibrated]
        yield {
            "variation": one.name,
            "field": "protocol",
            "tau": kendall_tau(part[one.scorer].to_numpy(), part["truth"].to_numpy()),
            "num_entries": len(part),
            "num_cells": part["cell_hash"].nunique(),
        }


def _vary_recipe(run: Run, table: Table) -> Iterator[dict[str, Any]]:
    """Name the sweep's settings as variations: no reset, other images, few images."""
    if not (run.folder / CALIBRATION_SWEEP).is_file():
        return
    taus = sweep_taus(run, table)
    taus = taus[taus["scorer"] == HEADLINE]
    most = taus[taus["factor"] == "split"]["num_images"].max()
    chosen = {
        ONE_PER_CELL: taus["factor"] == "none",
        "no reset": taus["factor"] == "reset",
        f"{most:.0f} validation images": (taus["factor"] == "split") & (taus["num_images"] == most),
        "16 images": (taus["factor"] == "images") & (taus["num_images"] == 16),
    }
    for name, is_it in chosen.items():
        for row in taus[is_it].to_dict("records"):
            yield {
                "variation": name,
                "field": "recipe",
                "tau": row["tau"],
                "num_entries": row["num_cells"],
                "num_cells": row["num_cells"],
            }


def _unknown(hashes: pd.Series[str], table: Table) -> set[str]:
    return {str(key) for key in table.missing(list(set(hashes)), SOUND.truth_split)}
