"""Tau when one field of protocol or recipe changes: how much of a published difference is protocol.

Left tau itself, right what a paper would report: shadow BN minus single BN under that choice,
paired by seed. The paper's own differences, of its Table 3, are of another data set and protocol.
"""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis import style
from analysis.figure import MEASURE, Analysis
from analysis.frames import groups, records
from analysis.intervals import t_interval
from analysis.phrases import count
from analysis.published import shadow_minus_single
from analysis.read import read_ranking
from bench.ranking.intervals import MIN_SEEDS
from bench.ranking.outputs import HEADLINE
from bench.ranking.variations import ONE_PER_CELL, REFERENCE, VARIATIONS

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

METHODS = ("shadow", "single")
COLUMNS = [
    "m",
    "variation",
    "field",
    "method",
    "mean",
    "low",
    "high",
    "taus",
    "num_seeds",
    "num_entries",
    "num_cells",
    "paper",
]
DIFFERENCE = "difference"
IN_TABLE_3 = {REFERENCE: True, "not calibrated": False}
"""Variations that the paper's Table 3 has rows of, and whether these are calibrated."""


def compute(results: Path) -> pd.DataFrame:
    """Return, by m, variation and method ('difference' is shadow minus single), tau over seeds.

    Columns m, variation, field, method, mean, low, high (95% over seeds), taus (by seed),
    num_seeds, num_entries, num_cells, paper.
    """
    frame = read_ranking(results, VARIATIONS)
    frame = frame[frame["bn"].isin(METHODS)]
    rows = []
    for (m, variation), same in groups(frame, ["m", "variation"], sort=False):
        by_seed = same.pivot_table(index="seed", columns="bn", values="tau")
        values = {bn: by_seed[bn].dropna() for bn in METHODS if bn in by_seed}
        if len(values) == 2:
            values[DIFFERENCE] = (by_seed["shadow"] - by_seed["single"]).dropna()
        for method, taus in values.items():
            bound = 2.0 if method == DIFFERENCE else 1.0
            low, high = np.clip(t_interval(taus.to_numpy()), -bound, bound)
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
                    "paper": published(m, variation, method),
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def published(m: int, variation: str, method: str) -> float:
    """Return what Table 3 has for a row, NaN where it has nothing."""
    if method != DIFFERENCE or variation not in IN_TABLE_3:
        return float("nan")
    difference = shadow_minus_single(m, IN_TABLE_3[variation])
    return float("nan") if difference is None else difference


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
        _draw_row(ax, row)
    _draw_references(frame, ax)
    names = frame.drop_duplicates("place").set_index("place")["variation"]
    ax.set_ylim(frame["num_places"].iloc[0] - 0.4, -0.6)
    ax.set_yticks(list(names.index), [""] * len(names) if is_difference else list(names))
    ax.set_xlim(*_limits(frame))
    ax.set_xlabel("tau, shadow BN minus single BN" if is_difference else "Kendall tau-b")
    first = frame.iloc[0]
    cells, seeds = count(int(first["num_cells"]), "cell"), count(int(first["num_seeds"]), "seed")
    lines = ", lines 95% over seeds" if first["num_seeds"] >= MIN_SEEDS else ""
    style.heading(ax, f"m = {first['m']}: {cells}, {seeds}{lines}")
    if is_difference:
        ax.axvline(0, color="#999999", linewidth=0.8, zorder=0.5)
    else:
        ax.legend(fontsize=7, loc="upper left")
    return ax


def _draw_row(ax: Axes, row: dict[str, Any]) -> None:
    is_difference = row["method"] == DIFFERENCE
    y = row["place"] + {"shadow": -0.14, "single": 0.14}.get(row["method"], 0)
    color = "black" if is_difference else style.color(row["method"])
    ax.hlines(y, row["low"], row["high"], color=color, linewidth=1.2)
    if row["num_seeds"] > 1:
        taus = [float(tau) for tau in row["taus"].split()]
        ax.plot(taus, [y + 0.13] * len(taus), ".", color=color, markersize=3)
    is_named = row["variation"] == REFERENCE and not is_difference
    label = style.label(row["method"]) if is_named else None
    ax.plot(row["mean"], y, "o", color=color, markersize=5, label=label)
    papers: dict[str, Any] = {"color": style.color("paper"), "markerfacecolor": "white"}
    ax.plot(row["paper"], y - 0.28, "D", markersize=4, **papers)


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


ANALYSIS = Analysis(
    title="What moves tau",
    caption="One choice of protocol or recipe changed at a time, at the largest m. The reference "
    f"is protocol 'sound', calibrated, by {style.label(HEADLINE)}; the choices below 'one per "
    "cell' (one architecture per cell) start from that line. Right: what each choice would report "
    "as the effect of shadow BN, paired by seed. Diamonds, at m = 3 and 4, are the paper's Table "
    "3: CIFAR-10, its own protocol. Dots are seeds; an interval may run out of the figure.",
    inputs=(VARIATIONS,),
    command=MEASURE,
    other_command=f"python bench/run.py --batch-norm shadow,single, then {MEASURE}",
    compute=compute,
    draw=draw,
    panels=panels,
    num_columns=2,
    height=height,
    summarise=lambda frame: frame,
)
