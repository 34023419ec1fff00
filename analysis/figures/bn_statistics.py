"""Statistics of shadow batch norms, and their ratios against Lemma 2 (the paper's Figure 5).

Ratios are SBN_1 / SBN_k per channel. Where a statistic is near zero its ratio says nothing and may
be anything. So a channel is left out where the denominator is under NEAR_ZERO of its scale: for a
mean the standard deviation, for a bias the weight, for a variance and a weight the median over
channels (how many is in the CSV). The rest is summed up by its median, which the odd ratios that
stay cannot move far. Intervals of medians are from order statistics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis import style
from analysis.read import groups, median_interval, read_all, records, say
from analysis.shades import shade
from bench.runs.words import count

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

QUANTITIES = {
    "mean": "running mean",
    "variance": "running variance",
    "weight": "weight",
    "bias": "bias",
}
PAPER = {"mean": 0.5, "variance": 0.25, "weight": 1.0, "bias": 1.0}
"""Where the paper's Figure 5 centres the ratios SBN_1 / SBN_2 (m = 2, S1, CIFAR-10)."""

NEAR_ZERO = 0.05
NUM_BINS = 24
RANGES = {"mean": (-0.1, 1.3), "variance": (0.0, 1.0), "weight": (0.5, 1.5), "bias": (-1.0, 3.0)}
"""What is drawn of the ratios; those outside count in the outermost bins."""
NEEDS_TWO = "Shadow batch norms can be compared from m = 2 on: no such run is here."


def compute(results: Path) -> pd.DataFrame:
    """Read every shadow run's statistics; empty where no run has m >= 2."""
    frame = read_all(results, "bn_statistics.csv")
    return frame[frame["bn"].isin(["shadow", "shadow-sum"]) & (frame["m"] >= 2)]


def compute_ratios(results: Path) -> pd.DataFrame:
    """Return a row per run, block, k, quantity and channel: ratio, NaN where left out."""
    return ratios(compute(results))


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
    """Return SBN_1 / SBN_k by Lemma 2."""
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
                "uncorrelated": 1 / k if quantity == "variance" else prediction(quantity, k),
                "paper_s1": PAPER[quantity] if (m, k) == (2, 2) else float("nan"),
                "num_channels": len(have),
                "num_left_out": len(same) - len(have),
            }
        )
    return pd.DataFrame(rows)


def panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Split into one frame per m and quantity."""
    shown = frame[frame["bn"] == "shadow"] if (frame["bn"] == "shadow").any() else frame
    if shown.empty:
        return [shown]
    return [
        same.assign(quantity=quantity) for _, same in shown.groupby("m") for quantity in QUANTITIES
    ]


def ratio_panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Split ratios into one frame per m and quantity."""
    if frame.empty:
        return [frame]
    return [
        same[same["quantity"] == quantity]
        for _, same in groups(frame, "m")
        for quantity in QUANTITIES
    ]


def draw(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw the distribution over channels of one statistic, a line per SBN_k."""
    if frame.empty:
        return say(ax, NEEDS_TWO)
    m, quantity = frame["m"].iloc[0], frame["quantity"].iloc[0]
    values = frame[quantity].to_numpy()
    low, high = np.quantile(values, [0.01, 0.99])
    bins = np.linspace(low, high, NUM_BINS)
    for k, same in groups(frame, "num_paths"):
        ax.hist(np.clip(same[quantity], bins[0], bins[-1]), bins.tolist(), histtype="step",
                color=shade(k, m), linewidth=1.4, label=f"SBN_{k}")  # fmt: skip
    _title(ax, frame, f"m = {m}: {QUANTITIES[quantity]}")
    ax.set_xlabel(f"{QUANTITIES[quantity]} (feature units)" if quantity == "mean" else
                  QUANTITIES[quantity])  # fmt: skip
    ax.set_ylabel("channels")
    if quantity == "mean":
        ax.legend(fontsize=7, handlelength=1.2)
    return ax


def draw_ratios(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw the ratios of one statistic: histograms, medians (triangles), and predictions."""
    if frame.empty:
        return say(ax, NEEDS_TWO)
    m, quantity = frame["m"].iloc[0], frame["quantity"].iloc[0]
    limits = RANGES[quantity]
    bins = np.linspace(*limits, NUM_BINS + 1)
    for k, same in groups(frame, "k"):
        have = same["ratio"].dropna()
        color = shade(k, m)
        ax.hist(np.clip(have, *limits), bins.tolist(), histtype="step", color=color, linewidth=1.4,
                label=f"k = {k}")  # fmt: skip
        ax.axvline(prediction(quantity, k), color=color, linestyle="--", linewidth=1)
        if quantity == "variance":
            ax.axvline(1 / k, color=color, linestyle=":", linewidth=1)
        ax.plot(have.median(), 0.02, "^", color=color, transform=ax.get_xaxis_transform(),
                markersize=6, zorder=3)  # fmt: skip
    if not frame["ratio"].notna().any():
        ax.set_ylim(0, 1)
        ax.text(0.05, 0.5, f"none above {style.percent(NEAR_ZERO, 0)}\nof its scale",
                transform=ax.transAxes, fontsize=7)  # fmt: skip
    if m == 2:
        ax.plot(PAPER[quantity], 0.97, "D", color=style.color("paper"), markersize=4.5,
                markerfacecolor="white", transform=ax.get_xaxis_transform())  # fmt: skip
    _title(ax, frame, f"m = {m}: {QUANTITIES[quantity]}")
    ax.set(xlim=limits, xlabel="ratio SBN_1 / SBN_k", ylabel="channels")
    if quantity == "mean":
        ax.legend(fontsize=7, handlelength=1.2, loc="upper right")
    return ax


def median_panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Split the summary into one frame per quantity, for the first and the later cells."""
    summary = summarise(frame)
    if summary.empty:
        return [summary]
    return [summary[summary["quantity"] == quantity] for quantity in QUANTITIES]


def draw_medians(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw the median ratio of one statistic by m and k, a mark per cell, and predictions."""
    if frame.empty:
        return say(ax, NEEDS_TWO)
    quantity = frame["quantity"].iloc[0]
    places = list(groups(frame, ["m", "k"]))
    num_cells = frame["cell"].nunique()
    for x, ((_, k), same) in enumerate(places):
        _draw_prediction(ax, x, quantity, k)
        for i, row in enumerate(records(same)):
            at = x + (i - (num_cells - 1) / 2) * 0.6 / max(num_cells, 1)
            color = shade(i + 1, num_cells)
            ax.vlines(at, row["low"], row["high"], color=color, linewidth=1.3)
            label = f"cell {row['cell']}" if x == 0 and quantity == "mean" else None
            ax.plot(at, row["median"], "o", color=color, markersize=4, label=label)
    ax.set_xticks(range(len(places)), [f"{m}, {k}" for (m, k), _ in places])
    ax.set_xlabel("m, k")
    ax.set_ylabel("median SBN_1 / SBN_k")
    ax.set_ylim(*RANGES[quantity])
    ax.set_title(QUANTITIES[quantity], loc="left", fontsize=8)
    if quantity == "mean":
        ax.legend(fontsize=7)
    return ax


def _draw_prediction(ax: Axes, x: float, quantity: str, k: int) -> None:
    look: dict[str, Any] = {"color": "black", "linewidth": 1}
    ax.hlines(prediction(quantity, k), x - 0.4, x + 0.4, linestyle="--", **look)
    if quantity == "variance":
        ax.hlines(1 / k, x - 0.4, x + 0.4, linestyle=":", **look)


def _title(ax: Axes, frame: pd.DataFrame, text: str) -> None:
    have = frame.dropna(subset=["ratio"]) if "ratio" in frame else frame
    num = len(have.drop_duplicates(["bn", "seed", "block", "channel"]))
    ax.set_title(f"{text}\n{count(num, 'channel')}, {count(frame['seed'].nunique(), 'seed')}",
                 loc="left", fontsize=8)  # fmt: skip
