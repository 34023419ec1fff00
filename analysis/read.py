"""What bench/measure.py wrote: one CSV per run, read for all runs of a results folder at once."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from bench.base.files import read_csv
from bench.ranking.intervals import CONFIDENCE
from bench.ranking.summary import MIN_SEEDS_FOR_T
from bench.runs.run import find_main_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

SOUND = "sound"
MEASURE = "python bench/measure.py FOLDER"
IDENTITY = ["m", "bn", "seed"]


def read_all(results: Path, name: str) -> pd.DataFrame:
    """Read a CSV of every run that has it, with columns m, bn, seed and final_epoch before."""
    parts = []
    for run in find_main_runs(results):
        if (run.folder / name).is_file():
            about = {"m": run.recipe.m, "bn": run.variant, "seed": run.seed}
            about["final_epoch"] = run.recipe.training.epochs
            frame = read_csv(run.folder / name)
            parts.append(pd.concat([_constant(about, len(frame)), frame], axis=1))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=IDENTITY)


def t_interval(values: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    """Return Student's 95% interval of the mean over seeds; NaN under three seeds."""
    values = np.asarray(values, dtype=np.float64)
    if len(values) < MIN_SEEDS_FOR_T:
        return float("nan"), float("nan")
    quantile = stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)
    margin = float(quantile * values.std(ddof=1) / sqrt(len(values)))
    return float(values.mean()) - margin, float(values.mean()) + margin


def median_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95% interval of a median from order statistics, without any assumption.

    NaN under 6 values, of which even the extremes hold the median less often than that.
    """
    ordered, num = np.sort(values), len(values)
    rank = int(stats.binom.ppf((1 - CONFIDENCE) / 2, num, 0.5))
    if rank < 1 or num < 6:
        return float("nan"), float("nan")
    return float(ordered[rank - 1]), float(ordered[num - rank])


def preferred(values: Sequence[Any], wanted: Any) -> Any:
    """Return what is wanted where it is there, else the largest."""
    return wanted if wanted in values else max(values)


def groups(
    frame: pd.DataFrame, by: str | list[str], **how: Any
) -> Iterator[tuple[Any, pd.DataFrame]]:
    """Iterate over groups; their keys are of whatever type the columns have."""
    yield from frame.groupby(by, **how)


def records(frame: pd.DataFrame) -> list[Any]:
    """Return the rows as dictionaries."""
    return list(frame.to_dict("records"))


def under_main_protocol(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of protocol `sound`, or of the headline's where there are none of it."""
    names = frame["protocol"].unique().tolist()
    chosen: pd.DataFrame = frame[frame["protocol"] == (SOUND if SOUND in names else names[0])]
    return chosen


def say(ax: Axes, text: str) -> Axes:
    """Put a sentence in place of a figure."""
    ax.set_axis_off()
    ax.text(0, 0.5, text, transform=ax.transAxes, va="center", wrap=True)
    return ax


def _constant(values: dict[str, Any], length: int) -> pd.DataFrame:
    return pd.DataFrame({name: [value] * length for name, value in values.items()})
