"""Tau when one field of protocol or recipe changes: how much of a published difference is protocol.

Left tau itself, right what a paper would report: shadow BN minus single BN under that choice,
paired by seed. The paper's own differences (calibrated 0.229, raw 0.226 at m = 4) are of another
data set and protocol.
"""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

import pandas as pd

from analysis import style
from analysis.read import groups, records, t_interval
from bench.base.files import read_csv
from bench.ranking.variations import ONE_PER_CELL, REFERENCE, VARIATIONS
from bench.runs.words import count

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

METHODS = ("shadow", "single")
COLUMNS = ["m", "variation", "field", "method", "mean", "low", "high", "taus", "num_seeds",
           "num_entries", "num_cells", "paper"]  # fmt: skip
DIFFERENCE = "difference"
PAPER = {
    3: {REFERENCE: 0.162, "not calibrated": 0.273},
    4: {REFERENCE: 0.229, "not calibrated": 0.226},
}
"""Shadow minus single BN in the paper's Table 3, by m."""


def compute(results: Path) -> pd.DataFrame:
    """Return, by m, variation and method ('difference' is shadow minus single), tau over seeds.

    Columns m, variation, field, method, mean, low, high (95% over seeds), taus (by seed),
    num_seeds, num_entries, num_cells, paper.
    """
    frame = read_csv(results / VARIATIONS)
    frame = frame[frame["bn"].isin(METHODS)]
    rows = []
    for (m, variation), same in groups(frame, ["m", "variation"], sort=False):
        by_seed = same.pivot_table(index="seed", columns="bn", values="tau")
        values = {bn: by_seed[bn].dropna() for bn in METHODS if bn in by_seed}
        if len(values) == 2:
            values[DIFFERENCE] = (by_seed["shadow"] - by_seed["single"]).dropna()
        for method, taus in values.items():
            low, high = t_interval(taus.to_numpy())
            paper = PAPER.get(m, {}).get(variation, float("nan"))
            rows.append(
                {
                    "m": m,
                    "variation": variation,
                    "field": same["field"].iloc[0],
                    "method": method,
                    "mean": taus.mean(),
                    "low": low,
                    "high": high,
                    "taus": " ".join(f"{tau:.4f}" for tau in taus),
                    "num_seeds": len(taus),
                    "num_entries": same["num_entries"].max(),
                    "num_cells": same["num_cells"].max(),
                    "paper": paper if method == DIFFERENCE else float("nan"),
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Return tau and its difference for the largest m."""
    if frame.empty:
        return []
    shown = frame[frame["m"] == frame["m"].max()]
    names = list(shown["variation"].unique())
    shown = shown.assign(place=shown["variation"].map(names.index), num_places=len(names))
    is_difference = shown["method"] == DIFFERENCE
    return [part for part in (shown[~is_difference], shown[is_difference]) if len(part)]


def height(frame: pd.DataFrame) -> float:
    """Return a panel's height in inches: a line per variation."""
    return 0.3 * frame["variation"].nunique() + 0.9


def draw(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw one line per variation: means with 95% over seeds, dots for seeds."""
    is_difference = frame["method"].iloc[0] == DIFFERENCE
    for row in records(frame):
        y = row["place"]
        y += {"shadow": -0.14, "single": 0.14}.get(row["method"], 0)
        color = "black" if is_difference else style.color(row["method"])
        ax.hlines(y, row["low"], row["high"], color=color, linewidth=1.2)
        if row["num_seeds"] > 1:
            ax.plot([float(tau) for tau in row["taus"].split()], [y + 0.13] * row["num_seeds"],
                    ".", color=color, markersize=3)  # fmt: skip
        label = style.label(row["method"]) if row["variation"] == REFERENCE else None
        ax.plot(row["mean"], y, "o", color=color, markersize=5,
                label=None if is_difference else label)  # fmt: skip
        ax.plot(row["paper"], y - 0.28, "D", color=style.color("paper"), markersize=4,
                markerfacecolor="white")  # fmt: skip
    _draw_references(frame, ax)
    names = frame.drop_duplicates("place").set_index("place")["variation"]
    ax.set_ylim(frame["num_places"].iloc[0] - 0.4, -0.6)
    ax.set_yticks(list(names.index), [""] * len(names) if is_difference else list(names))
    ax.set_xlim(*_limits(frame))
    ax.set_xlabel("tau, shadow BN minus single BN" if is_difference else "Kendall tau-b")
    first = frame.iloc[0]
    ax.set_title(
        f"m = {first['m']}: {count(int(first['num_cells']), 'cell')}, "
        f"{count(int(first['num_seeds']), 'seed')}"
        f"{', lines 95% over seeds' if first['num_seeds'] > 1 else ''}", loc="left", fontsize=8,
    )  # fmt: skip
    if is_difference:
        ax.axvline(0, color="#999999", linewidth=0.8, zorder=0.5)
    else:
        ax.legend(fontsize=7, loc="upper left")
    return ax


def _draw_references(frame: pd.DataFrame, ax: Axes) -> None:
    """Draw a dotted line down from each reference, over the variations that start from it."""
    num = frame["num_places"].iloc[0]
    splits = frame[frame["variation"] == ONE_PER_CELL]["place"]
    split = splits.iloc[0] if len(splits) else num
    spans = {REFERENCE: (-0.5, split - 0.5), ONE_PER_CELL: (split - 0.5, num - 0.5)}
    for row in records(frame[frame["variation"].isin(list(spans))]):
        color = "black" if row["method"] == DIFFERENCE else style.color(row["method"])
        ax.vlines(row["mean"], *spans[row["variation"]], color=color, linestyle=":", linewidth=0.8)


def _limits(frame: pd.DataFrame) -> tuple[float, float]:
    """Return limits that hold every seed; an interval may run out of them."""
    taus = [float(tau) for text in frame["taus"] for tau in text.split()]
    taus += [paper for paper in frame["paper"] if not isnan(paper)]
    margin = 0.1 * (max(taus) - min(taus)) + 0.02
    return min(taus) - margin, max(taus) + margin
