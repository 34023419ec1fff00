"""Ratios of shadow batch norms' statistics (the bottom of the paper's Figure 5).

The ratio of the means tests nothing. With paths drawn uniformly and all linear between sum and
batch norm, E[SBN_k] = k E[SBN_1] is an identity: it holds for any features, trained or not, alike
or not. A ratio other than 1/k is noise of the running averages, which at momentum 0.1 rest on the
paths of some ten batches: all channels of a run then err together. It is drawn as the identity that
it is. What of Lemma 2 can fail is the variance (1/k^2 for equal paths, 1/k for uncorrelated ones),
and every path and pair by itself, which `lemmas.second` shows.

Ratios are SBN_1 / SBN_k per channel. Where a statistic is near zero its ratio says nothing and may
be anything. So a channel is left out where the denominator is under NEAR_ZERO of its scale: for a
mean the standard deviation, for a bias the weight, for a variance and a weight the median over
channels (how many is in the CSV). The rest is summed up by its median, which the odd ratios that
stay cannot move far. Intervals of medians are from order statistics.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from analysis import style
from analysis.figure import MEASURE, MORE_PATHS, Analysis
from analysis.figures import bn_statistics
from analysis.figures.bn_statistics import QUANTITIES, name_panel
from analysis.frames import groups, records
from analysis.intervals import median_interval
from analysis.published import FIGURE5
from bench.runs.layout import BN_STATISTICS

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

NEAR_ZERO = 0.05
NUM_BINS = 24
RANGES = {"mean": (-0.1, 1.3), "variance": (0.0, 1.0), "weight": (0.5, 1.5), "bias": (-1.0, 3.0)}
"""What is drawn of the ratios; those outside count in the outermost bins."""


def compute(results: Path) -> pd.DataFrame:
    """Return a row per run, block, k, quantity and channel: ratio, NaN where left out."""
    return ratios(bn_statistics.compute(results))


def compute_first_layer(results: Path) -> pd.DataFrame:
    """Return the ratios of the first searched layer alone, as in the paper's Figure 5."""
    return ratios(bn_statistics.compute_first_layer(results))


def ratios(frame: pd.DataFrame) -> pd.DataFrame:
    """Divide SBN_1 by SBN_2 .. SBN_m, channel by channel."""
    place = ["m", "bn", "seed", "block"]
    keys = [*place, "k", "quantity", "channel"]
    parts = []
    for identity, same in groups(frame, place):
        by_number = {k: part.set_index("channel") for k, part in groups(same, "num_paths")}
        for k in (k for k in by_number if k >= 2):
            for quantity in QUANTITIES:
                ratio = by_number[1][quantity] / by_number[k][quantity]
                ratio = ratio.where(~near_zero(by_number[k], quantity))
                about = dict(zip(place, identity, strict=True)) | {"k": k, "quantity": quantity}
                parts.append(ratio.rename("ratio").reset_index().assign(**about))
    if not parts:
        return pd.DataFrame(columns=[*keys, "ratio"])
    return pd.concat(parts, ignore_index=True)[[*keys, "ratio"]]


def near_zero(norm: pd.DataFrame, quantity: str) -> pd.Series[bool]:
    """Tell, by channel, where a statistic is too small for a ratio to mean anything."""
    sizes = norm[quantity].abs()
    scale: Any = sizes.median()
    if quantity == "mean":
        scale = norm["variance"] ** 0.5
    elif quantity == "bias":
        scale = norm["weight"].abs()
    is_near: pd.Series[bool] = sizes <= NEAR_ZERO * scale
    return is_near


def prediction(quantity: str, k: int) -> float:
    """Return SBN_1 / SBN_k by Lemma 2; of the mean it is an identity."""
    return {"mean": 1 / k, "variance": 1 / k**2}.get(quantity, 1.0)


def summarise(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the median ratio with its interval by m, batch norm, block, k and quantity.

    `uncorrelated` is what paths without any correlation would give: variances add up.
    """
    rows = []
    for (m, bn, block, k, quantity), same in groups(
        frame, ["m", "bn", "block", "k", "quantity"], sort=False
    ):
        have = same["ratio"].dropna().to_numpy()
        low, high = median_interval(have)
        rows.append(
            {
                "m": m,
                "bn": bn,
                "cell": block + 1,
                "k": k,
                "quantity": quantity,
                "median": float(np.median(have)) if len(have) else float("nan"),
                "low": low,
                "high": high,
                "lemma_2": prediction(quantity, k),
                "is_identity": quantity == "mean",
                "uncorrelated": 1 / k if quantity == "variance" else prediction(quantity, k),
                "paper_s1": FIGURE5[quantity] if (m, k) == (2, 2) else float("nan"),
                "num_channels": len(have),
                "num_left_out": len(same) - len(have),
            }
        )
    return pd.DataFrame(rows)


def summarise_sets(frame: pd.DataFrame) -> pd.DataFrame:
    """Summarise ratios of one layer, whose blocks are its sets of batch norms, not cells."""
    return summarise(frame).rename(columns={"cell": "batch_norm_set"})


def of_one_place(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out shadow BN on the sum where there is shadow BN: one figure shows one of them."""
    is_shadow = frame["bn"] == "shadow"
    return frame[is_shadow] if is_shadow.any() else frame


def panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Split ratios into one frame per m and quantity: of shadow BN, or else of that on the sum."""
    return [
        same[same["quantity"] == quantity]
        for _, same in groups(of_one_place(frame), "m")
        for quantity in QUANTITIES
    ]


def draw(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw the ratios of one statistic: histograms, medians (triangles), and what is expected."""
    m, quantity = frame["m"].iloc[0], frame["quantity"].iloc[0]
    for k, same in groups(frame, "k"):
        _draw_histogram(ax, same["ratio"].dropna(), quantity, k, style.shade(k, m))
    if not frame["ratio"].notna().any():
        ax.set_ylim(0, 1)
        text = f"none above {style.percent(NEAR_ZERO, 0)}\nof its scale"
        ax.text(0.05, 0.5, text, transform=ax.transAxes, fontsize=7)
    if m == 2:
        look: dict[str, Any] = {"color": style.color("paper"), "markerfacecolor": "white"}
        top = ax.get_xaxis_transform()
        ax.plot(FIGURE5[quantity], 0.97, "D", markersize=4.5, transform=top, **look)
    name_panel(ax, frame)
    ax.set(xlim=RANGES[quantity], xlabel="ratio SBN_1 / SBN_k", ylabel="channels")
    if quantity == "mean":
        identity = Line2D([], [], color="black", linewidth=1, linestyle="-.", label="identity")
        handles = [*ax.get_legend_handles_labels()[0], identity]
        ax.legend(handles=handles, fontsize=7, handlelength=1.2, loc="upper right")
    return ax


def _dashes(quantity: str) -> str:
    """Return the line of a prediction; an identity, which tests nothing, has one of its own."""
    return "-." if quantity == "mean" else "--"


def _draw_histogram(ax: Axes, have: pd.Series[float], quantity: str, k: int, color: str) -> None:
    bins = np.linspace(*RANGES[quantity], NUM_BINS + 1)
    look: dict[str, Any] = {"histtype": "step", "linewidth": 1.4}
    values = np.clip(have, *RANGES[quantity])
    ax.hist(values, bins.tolist(), color=color, label=f"k = {k}", **look)
    ax.axvline(prediction(quantity, k), color=color, linestyle=_dashes(quantity), linewidth=1)
    if quantity == "variance":
        ax.axvline(1 / k, color=color, linestyle=":", linewidth=1)
    bottom = ax.get_xaxis_transform()
    ax.plot(have.median(), 0.02, "^", color=color, transform=bottom, markersize=6, zorder=3)


def median_panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Summarise, and split into one frame per quantity."""
    if frame.empty:
        return []
    summary = summarise(of_one_place(frame))
    return [summary[summary["quantity"] == quantity] for quantity in QUANTITIES]


def draw_medians(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw the median ratio of one statistic by m and k, a mark per cell, and predictions."""
    quantity = frame["quantity"].iloc[0]
    places = list(groups(frame, ["m", "k"]))
    num_cells = frame["cell"].nunique()
    for x, ((_, k), same) in enumerate(places):
        _draw_prediction(ax, x, quantity, k)
        for i, row in enumerate(records(same)):
            at = x + (i - (num_cells - 1) / 2) * 0.6 / max(num_cells, 1)
            color = style.shade(i + 1, num_cells)
            ax.vlines(at, row["low"], row["high"], color=color, linewidth=1.3)
            label = f"cell {row['cell']}" if x == 0 and quantity == "mean" else None
            ax.plot(at, row["median"], "o", color=color, markersize=4, label=label)
    ax.set_xticks(range(len(places)), [f"{m}, {k}" for (m, k), _ in places])
    ax.set(xlabel="m, k", ylabel="median SBN_1 / SBN_k", ylim=RANGES[quantity])
    style.heading(ax, QUANTITIES[quantity])
    if quantity == "mean":
        ax.legend(fontsize=7)
    return ax


def _draw_prediction(ax: Axes, x: float, quantity: str, k: int) -> None:
    look: dict[str, Any] = {"color": "black", "linewidth": 1}
    label = "identity" if quantity == "mean" and x == 0 else "_"  # '_': in no legend
    ends, line = (x - 0.4, x + 0.4), _dashes(quantity)
    ax.hlines(prediction(quantity, k), *ends, linestyle=line, label=label, **look)
    if quantity == "variance":
        ax.hlines(1 / k, x - 0.4, x + 0.4, linestyle=":", **look)


RATIOS = Analysis(
    title="Shadow batch norms by number of paths (Figure 5, bottom)",
    caption="SBN_1 / SBN_k per channel; triangles are medians. Dash-dotted: 1/k for the means, "
    "which is an identity of uniformly drawn paths before a linear sum, trained or not, and so no "
    "test of Lemma 2. Dashed: Lemma 2 (variance 1/k², weight and bias 1). Dotted: variance 1/k, "
    "which uncorrelated paths would give. Diamonds: where the paper's ratios centre, another space "
    "(S1), m = 2. Channels whose denominator is near zero are left out: under 5% of the standard "
    "deviation for a mean, of the weight for a bias.",
    measured=(BN_STATISTICS,),
    command=MEASURE,
    other_command=MORE_PATHS,
    compute=compute,
    draw=draw,
    panels=panels,
    num_columns=4,
    height=2.0,
    summarise=summarise,
)

MEDIANS = Analysis(
    title="Shadow batch norms by number of paths, by cell and m",
    caption="Median ratios over channels and seeds with their 95% interval, against the identity "
    "of the means (dash-dotted), Lemma 2 (dashed) and uncorrelated paths (dotted).",
    measured=(BN_STATISTICS,),
    command=MEASURE,
    other_command=MORE_PATHS,
    compute=compute,
    draw=draw_medians,
    panels=median_panels,
    num_columns=2,
    numbers=("bn_ratios.csv",),
)

FIGURE5_OF_S1 = replace(
    RATIOS,
    compute=compute_first_layer,
    summarise=summarise_sets,
    height=2.6,
    digits=None,
)
