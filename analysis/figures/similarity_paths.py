"""Cosine similarities of two paths' own outputs, Definition 1 of the paper: when, and which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis import style
from analysis.figure import MEASURE, Analysis
from analysis.figures.similarity import (
    KINDS,
    PLACES,
    compute,
    compute_summary,
)
from analysis.frames import groups, preferred
from analysis.phrases import count
from bench.runs.layout import JACOBIAN, SIMILARITY

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

OPERATIONS = ("3x3", "1x1", "pool")
SHADOW_RUNS = f"python bench/run.py --batch-norm shadow, then {MEASURE}"


def epoch_panels(frame: DataFrame) -> list[DataFrame]:
    """Return the similarity of two paths by epoch: one frame per kind, raw, shadow BN."""
    shown = frame[(frame["kind"] == "paths") & (frame["bn"] == "shadow")]
    if shown.empty:
        return []
    shown = shown[shown["m"] == preferred(shown["m"].unique().tolist(), 4)]
    return [
        shown[(shown["what"] == what) & (shown["place"] == place)]
        for place in PLACES
        for what in KINDS
    ]


def draw_epochs(frame: DataFrame, ax: Axes) -> Axes:
    """Draw one kind of similarity by epoch, a line per cell, with its interval over seeds."""
    first = frame.iloc[0]
    num_cells = frame["cell"].nunique()
    for cell, same in groups(frame, "cell"):
        rows, color = same.sort_values("epoch"), style.shade(cell + 1, num_cells)
        look: dict[str, Any] = {"color": color, "markersize": 3, "linewidth": 1.3}
        ax.plot(rows["epoch"], rows["mean"], "o-", label=f"cell {cell + 1}", **look)
        band: dict[str, Any] = {"color": color, "alpha": 0.15, "linewidth": 0}
        ax.fill_between(rows["epoch"], rows["low"], rows["high"], **band)
    ax.set_xscale("symlog", linthresh=2)  # epoch 0 has a place, and later ones come closer
    ticks = sorted(frame["epoch"].unique())
    ax.set_xticks(ticks, [str(tick) for tick in ticks], minor=False)
    ax.minorticks_off()
    ax.set(xlabel="epoch (0: untrained)", ylabel="cosine of two paths", ylim=(-0.2, 1))
    what = f"m = {first['m']}: {KINDS[first['what']]}, {PLACES[first['place']]}"
    pairs, seeds = count(first["num_pairs"], "pair"), count(first["num_seeds"], "seed")
    style.heading(ax, f"{what}\n{pairs}, {first['num_images']} images, {seeds}")
    if first["what"] == "features" and first["place"] == "raw":
        ax.legend(fontsize=7)
    return ax


def map_panels(frame: DataFrame) -> list[DataFrame]:
    """Return the similarities of all pairs of operations after training: by what and cell."""
    is_raw_path = (frame["kind"] == "paths") & (frame["place"] == "raw")
    is_last = frame["epoch"] == frame["final_epoch"]
    is_shown = is_raw_path & is_last & (frame["bn"] == "shadow") & (frame["what"] != "centred")
    shown = frame[is_shown]
    if shown.empty:
        return []
    shown = shown[shown["m"] == preferred(shown["m"].unique().tolist(), 4)]
    return [
        shown[(shown["what"] == what) & (shown["cell"] == cell)]
        for what in ("features", "jacobian")
        for cell in sorted(shown["cell"].unique())
    ]


def draw_map(frame: DataFrame, ax: Axes) -> Axes:
    """Draw the mean cosine of every pair of branches as a map, operations together."""
    num = int(frame["second"].max()) + 1
    matrix = np.eye(num)
    for (i, j), same in groups(frame, ["first", "second"]):
        matrix[i, j] = matrix[j, i] = same["mean"].mean()
    # a branch's number is node * 3 + operation: the remainder sorts by operation
    order = sorted(range(num), key=lambda i: (i % len(OPERATIONS), i))
    image = ax.imshow(matrix[np.ix_(order, order)], vmin=0, vmax=1, cmap="cividis")
    num_nodes = num // len(OPERATIONS)
    middles = [num_nodes * (i + 0.5) - 0.5 for i in range(len(OPERATIONS))]
    ax.set_xticks(middles, OPERATIONS)
    ax.set_yticks(middles, OPERATIONS)
    ax.tick_params(length=0)
    for edge in range(1, len(OPERATIONS)):
        ax.axhline(edge * num_nodes - 0.5, color="white", linewidth=1)
        ax.axvline(edge * num_nodes - 0.5, color="white", linewidth=1)
    first, seeds = frame.iloc[0], count(frame["seed"].nunique(), "seed")
    what = f"m = {first['m']}, cell {first['cell'] + 1}: {KINDS[first['what']]}"
    style.heading(ax, f"{what}\n{first['num_images']} images, {seeds}")
    ax.figure.colorbar(image, ax=ax, shrink=0.8, label="cosine")
    return ax


EPOCHS = Analysis(
    title="Two paths: when are they similar",
    caption="Definition 1 itself: cosine similarity of the outputs of two paths during training, "
    "mean over pairs, images and seeds, bands 95% over seeds. Epoch 0 is the control: untrained "
    "weights.",
    measured=(SIMILARITY, JACOBIAN),
    command=MEASURE,
    other_command=SHADOW_RUNS,
    compute=compute_summary,
    draw=draw_epochs,
    panels=epoch_panels,
    num_columns=3,
    height=2.2,
    numbers=("similarity_table.csv",),
)

MAP = Analysis(
    title="Which paths are similar",
    caption="All pairs of the 12 paths (4 branch nodes for each operation) after training, before "
    "the sum: plain cosine similarity of features and of Jacobians.",
    measured=(SIMILARITY, JACOBIAN),
    command=MEASURE,
    other_command=SHADOW_RUNS,
    compute=compute,
    draw=draw_map,
    panels=map_panels,
    num_columns=3,
    height=2.5,
)
