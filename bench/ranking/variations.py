"""What moves tau: one field of protocol or recipe changed at a time.

From the reference (protocol `sound`, accuracy, calibrated) each variation changes one thing
and ranks the same runs again. Fields of the protocol are changed on scores.csv. Fields of the
recipe that a re-scored run can show come from calibration_sweep.csv, which has one architecture
per cell: that choice is a variation itself, and the reference of those on the sweep.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bench.ranking.correlation import kendall_tau
from bench.ranking.entries import select_entries
from bench.ranking.outputs import FINER, HEADLINE
from bench.ranking.protocol import PROTOCOLS, Protocol
from bench.runs import schemas
from bench.runs.about import check_not_lost
from bench.runs.words import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from bench.runs.run import Run
    from bench.table.table import Table

VARIATIONS = schemas.VARIATIONS.name
SWEEP_TAU = schemas.CALIBRATION_TAU.name
SWEEP = schemas.CALIBRATION_SWEEP.name
SOUND = PROTOCOLS["sound"]
DROPPED = 0.3  # the released code drops 30 of 100
REFERENCE = "reference"
COLUMNS = list(schemas.VARIATIONS.columns)
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
    yield Variation(name="negative loss", scorer=FINER)
    yield Variation(name="not calibrated", calibrated=False)
    yield Variation(name="copies kept", protocol=replace(SOUND, copies="keep"))
    yield Variation(name="70 drawn", protocol=replace(SOUND, selection="sampler", num_drawn=70))
    yield Variation(name="one repeat as truth", protocol=replace(SOUND, truth_repeats="random"))
    yield Variation(name="validation truth", protocol=replace(SOUND, truth_split="valid"))
    num = round(DROPPED * num_architectures)
    yield Variation(name="lowest 30% dropped", protocol=replace(SOUND, drop_lowest=num))


def write_variations(results_folder: Path, runs: Sequence[Run], table: Table) -> None:
    """Write variations.csv, and calibration_tau.csv where a run was swept; a matter of seconds.

    Args:
        results_folder: `results/<preset>`.
        runs: complete ones; only `sound` ones are varied.
        table: the truth.

    Raises:
        ValueError: scores or a sweep that are damaged or gone.
    """
    schemas.write(vary(runs, table), results_folder / VARIATIONS, schemas.VARIATIONS)
    if any(_is_swept(run) for run in runs):
        taus = sweep_all(runs, table)
        schemas.write(taus, results_folder / SWEEP_TAU, schemas.CALIBRATION_TAU)


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
    return schemas.conform(pd.DataFrame(rows, columns=COLUMNS), schemas.VARIATIONS)


def sweep_taus(run: Run, table: Table) -> pd.DataFrame:
    """Rank one architecture per cell under every calibration that the run was swept over.

    Returns:
        A row per setting and scorer with tau, the mean accuracy, and the number of cells.
    """
    sweep = schemas.read(run.folder / SWEEP, schemas.CALIBRATION_SWEEP)
    sweep = sweep.astype(dict.fromkeys(("num_images", "batch"), "float64"))  # NaN: none
    sweep = sweep[~sweep["cell_hash"].isin(_unknown(sweep["cell_hash"], table))]
    keys = sorted(set(sweep["cell_hash"]))
    truth = dict(zip(keys, table.mean_accuracies(keys, SOUND.truth_split), strict=True))
    settings = ["factor", "split", "num_images", "batch", "reset"]
    rows = []
    for setting, part in sweep.groupby(settings, dropna=False, sort=False):
        truths = part["cell_hash"].map(truth).to_numpy(dtype=np.float64)
        scores = {HEADLINE: part["accuracy"].to_numpy(), FINER: -part["loss"].to_numpy()}
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
        if _is_swept(run)
    ]
    frame = pd.concat(parts, ignore_index=True)
    return schemas.conform(frame[list(schemas.CALIBRATION_TAU.columns)], schemas.CALIBRATION_TAU)


def _is_swept(run: Run) -> bool:
    """Whether a run was swept; one whose sweep is gone is refused, and not left out."""
    check_not_lost(run.folder / SWEEP)
    return (run.folder / SWEEP).is_file()


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
    """Name the sweep's settings as variations: no reset, other images, few images.

    Without a reset it matters how many batches there are, so the fewest and the most are named.
    """
    if not _is_swept(run):
        return
    taus = sweep_taus(run, table)
    taus = taus[taus["scorer"] == HEADLINE]
    most = taus[taus["factor"] == "split"]["num_images"].max()
    is_kept = (taus["split"] == "train") & taus["reset"].eq(other=False).fillna(value=False)
    num_batches = np.ceil(taus["num_images"] / taus["batch"])
    nums = sorted(set(num_batches[is_kept]))
    chosen = {
        ONE_PER_CELL: taus["factor"] == "none",
        **{
            f"no reset, {count(int(num), 'batch', 'batches')}": is_kept & (num_batches == num)
            for num in dict.fromkeys([*nums[:1], *nums[-1:]])
        },
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
