"""Calibration: how many images, of which split, in what batches, reset or not, and does it help.

Each point changes one factor from the reference: all calibration images of the training split,
in one batch, statistics reset. One architecture per cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import style
from analysis.figure import MEASURE, Analysis
from analysis.frames import groups
from analysis.intervals import t_interval
from analysis.phrases import count
from analysis.read import read_ranking
from bench.ranking.outputs import HEADLINE
from bench.runs.layout import CALIBRATION_TAU

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

METHODS = ("shadow", "single")
VALUES = {"tau": (1, "Kendall tau-b"), "accuracy": (100, "mean one-shot accuracy (%)")}
LOWEST = {"tau": -1.0, "accuracy": 0.0}
LINES = {
    "images": (("train", "-", "o"), ("valid", "--", "s")),
    "batch": (("reset", "-", "o"), ("no reset", "--", "s")),
}
NAMES = {
    "train": "training images",
    "valid": "validation images",
    "reset": "reset, pooled",
    "no reset": "no reset, momentum",
}
X_LABELS = {"images": "calibration images, in one batch", "batch": "images in a batch"}


def compute(results: Path) -> pd.DataFrame:
    """Return the sweep as lines, averaged over seeds, by m and batch norm.

    Columns m, bn, axis ('images', 'batch' or 'raw'), line (a key of NAMES), x, value (a key of
    VALUES), mean, low, high (95% over seeds), num_cells, num_seeds.
    """
    frame = read_ranking(results, CALIBRATION_TAU)
    frame = frame[(frame["scorer"] == HEADLINE) & frame["bn"].isin(METHODS)]
    parts = [_lines(frame, axis, line) for axis, lines in LINES.items() for line, *_ in lines]
    raw = frame[frame["factor"] == "raw"].assign(axis="raw", line="raw", x=0)
    long = pd.concat([*parts, raw]).melt(
        ["m", "bn", "seed", "axis", "line", "x", "num_cells"],
        list(VALUES),
        var_name="value",
        value_name="y",
    )
    rows = []
    keys = ["m", "bn", "axis", "line", "x", "value"]
    for identity, same in groups(long, keys):
        low, high = t_interval(same["y"].to_numpy())
        row = dict(zip(keys, identity, strict=True))
        row |= {"mean": same["y"].mean(), "low": low, "high": high}
        rows.append(row | {"num_cells": same["num_cells"].iloc[0], "num_seeds": len(same)})
    return pd.DataFrame(rows, columns=[*keys, "mean", "low", "high", "num_cells", "num_seeds"])


def panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the largest m: tau and accuracy, each by number of images and by batch."""
    if frame.empty:
        return []
    shown = frame[frame["m"] == frame["m"].max()]
    return [
        shown[(shown["value"] == value) & shown["axis"].isin([axis, "raw"])]
        for value in VALUES
        for axis in LINES
    ]


def draw(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw one value along one axis: a line per batch norm and kind, uncalibrated dotted."""
    value = frame["value"].iloc[0]
    axis = next(name for name in frame["axis"] if name != "raw")
    for bn in METHODS:
        same = frame[frame["bn"] == bn]
        _draw_raw(ax, same[same["axis"] == "raw"])
        for shift, (line, dash, marker) in zip((0.97, 1.03), LINES[axis], strict=True):
            shift_of_bn = shift if bn == "shadow" else shift + 0.05  # else points hide each other
            _draw_line(ax, same[same["line"] == line], shift_of_bn, dash, marker)
    ax.set_xscale("log", base=2)
    ticks = sorted(frame[frame["axis"] == axis]["x"].unique())
    ax.set_xticks(ticks, [f"{tick:.0f}" for tick in ticks])
    ax.minorticks_off()
    ax.set(xlabel=X_LABELS[axis], ylabel=VALUES[value][1], ylim=_limits(frame, value))
    first = frame.iloc[0]
    cells, seeds = count(int(first["num_cells"]), "cell"), count(int(first["num_seeds"]), "seed")
    style.heading(ax, f"m = {first['m']}: {cells}, {seeds}")
    if value == "accuracy":
        box: dict[str, Any] = {"frameon": True, "framealpha": 0.85, "edgecolor": "none"}
        ax.legend(fontsize=6.5, handlelength=2.4, loc="lower left", **box)
    return ax


def _draw_raw(ax: Axes, rows: pd.DataFrame) -> None:
    for bn, value, mean in zip(rows["bn"], rows["value"], rows["mean"], strict=True):
        look: dict[str, Any] = {"color": style.color(bn), "linestyle": ":", "linewidth": 1.2}
        ax.axhline(VALUES[value][0] * mean, label=f"{style.label(bn)}, raw", **look)


def _draw_line(ax: Axes, rows: pd.DataFrame, shift: float, dash: str, marker: str) -> None:
    points = rows.sort_values("x")
    if points.empty:
        return
    first, x = points.iloc[0], points["x"] * shift
    color, factor = style.color(first["bn"]), VALUES[first["value"]][0]
    low, high = factor * points["low"], factor * points["high"]
    ax.vlines(x, low, high, color=color, linewidth=0.8, alpha=0.6)
    look: dict[str, Any] = {"marker": marker, "color": color, "markersize": 4, "linewidth": 1.3}
    label = f"{style.label(first['bn'])}, {NAMES[first['line']]}"
    ax.plot(x, factor * points["mean"], dash, label=label, **look)


def _limits(frame: pd.DataFrame, value: str) -> tuple[float, float]:
    """Return limits that hold every mean, and intervals as far as values can go."""
    factor = VALUES[value][0]
    low, high = frame[["low", "mean"]].min().min(), frame[["high", "mean"]].max().max()
    margin = 0.03 * factor
    return factor * max(low, LOWEST[value]) - margin, factor * min(high, 1.0) + margin


def _lines(frame: pd.DataFrame, axis: str, line: str) -> pd.DataFrame:
    """Choose the rows of one line; the reference belongs to several."""
    factor = frame["factor"]
    is_reset = frame["reset"].fillna(value=False).astype(bool)  # of raw scores, nothing was
    is_in = {
        "train": factor.isin(["images", "none"]),
        "valid": factor == "split",
        "reset": is_reset & factor.isin(["batch", "none"]),
        "no reset": ~is_reset & factor.isin(["batch", "reset"]),
    }[line]
    chosen = frame[is_in]
    x = chosen["num_images"] if axis == "images" else chosen["batch"]
    return chosen.assign(axis=axis, line=line, x=x)


ANALYSIS = Analysis(
    title="Which calibration helps",
    caption="Tau and accuracy against the number of calibration images (training or validation, "
    "in one batch, statistics reset) and against the batch (all training images, reset or not). "
    "One factor changes at a time. Dotted: not calibrated. Lines are 95% over seeds and may run "
    "out of the figure.",
    inputs=(CALIBRATION_TAU,),
    command=MEASURE,
    other_command=f"python bench/run.py --batch-norm shadow,single, then {MEASURE}",
    compute=compute,
    draw=draw,
    panels=panels,
    num_columns=2,
    height=2.7,
    summarise=lambda frame: frame,
)
