"""Statistics of shadow batch norms by number of paths (the top of the paper's Figure 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis import style
from analysis.figure import MEASURE, MORE_PATHS, Analysis
from analysis.frames import groups
from analysis.phrases import count
from analysis.read import read_all
from bench.runs.layout import BN_STATISTICS

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from pandas import DataFrame

QUANTITIES = {
    "mean": "running mean",
    "variance": "running variance",
    "weight": "weight",
    "bias": "bias",
}
NUM_BINS = 24
FIRST_LAYER = {"s1": (0, 1), "s2": (0,)}
"""Numbers of the first searched layer's batch norms: in S1 one set for each of two expansions."""


def compute(results: Path) -> DataFrame:
    """Read every shadow run's statistics; empty where no run has m >= 2."""
    frame = read_all(results, BN_STATISTICS)
    return frame[frame["bn"].isin(["shadow", "shadow-sum"]) & (frame["m"] >= 2)]


def compute_first_layer(results: Path) -> DataFrame:
    """Read the statistics of the first searched layer of S1 or S2 alone, as the paper does."""
    frame = compute(results)
    is_first = [
        block in FIRST_LAYER[space]
        for space, block in zip(frame["space"], frame["block"], strict=True)
    ]
    return frame[is_first]


def panels(frame: DataFrame) -> list[DataFrame]:
    """Split into one frame per m and quantity, of shadow BN on the sum only without the other."""
    shown = frame[frame["bn"] == "shadow"] if (frame["bn"] == "shadow").any() else frame
    return [
        same.assign(quantity=quantity) for _, same in shown.groupby("m") for quantity in QUANTITIES
    ]


def draw(frame: DataFrame, ax: Axes) -> Axes:
    """Draw the distribution over channels of one statistic, a line per SBN_k."""
    m, quantity = frame["m"].iloc[0], frame["quantity"].iloc[0]
    low, high = np.quantile(frame[quantity].to_numpy(), [0.01, 0.99])
    bins = np.linspace(low, high, NUM_BINS)
    for k, same in groups(frame, "num_paths"):
        values = np.clip(same[quantity], bins[0], bins[-1])  # those outside, in the last bins
        color, label = style.shade(k, m), f"SBN_{k}"
        ax.hist(values, bins.tolist(), histtype="step", color=color, linewidth=1.4, label=label)
    name_panel(ax, frame)
    unit = " (feature units)" if quantity == "mean" else ""
    ax.set(xlabel=QUANTITIES[quantity] + unit, ylabel="channels")
    if quantity == "mean":
        ax.legend(fontsize=7, handlelength=1.2)
    return ax


def name_panel(ax: Axes, frame: DataFrame) -> None:
    """Write m, the quantity, and how many channels and seeds are drawn above a panel."""
    have = frame.dropna(subset=["ratio"]) if "ratio" in frame else frame
    num = len(have.drop_duplicates(["bn", "seed", "block", "channel"]))
    first, seeds = frame.iloc[0], count(frame["seed"].nunique(), "seed")
    what = f"m = {first['m']}: {QUANTITIES[first['quantity']]}"
    style.heading(ax, f"{what}\n{count(num, 'channel')}, {seeds}")


ANALYSIS = Analysis(
    title="Statistics of shadow batch norms (Figure 5, top)",
    caption="Running mean and variance, weight and bias per channel at node 5, all cells and "
    "seeds.",
    measured=(BN_STATISTICS,),
    command=MEASURE,
    other_command=MORE_PATHS,
    compute=compute,
    draw=draw,
    panels=panels,
    num_columns=4,
    height=2.0,
)
