"""Cosine similarities of features and Jacobians: does the condition of zero order hold (Table 4)?

`sum` compares one path with the sum of two, as the paper does; two unrelated outputs of equal
length already reach 0.71 there. `paths` compares the two paths themselves: Definition 1.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from analysis import style
from analysis.read import groups, preferred, read_all, records, say, t_interval
from analysis.shades import shade
from bench.runs.words import count

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

KINDS = {
    "features": "features",
    "centred": "features, centred",
    "jacobian": "Jacobian",
}
PLACES = {"raw": "raw", "normed": "after BN"}
PAPER = {"features": (0.9342, 6e-5), "jacobian": (0.9042, 1e-5)}
"""The paper's Table 4: mean and variance over 10 images, first block of S1, m = 2, CIFAR-10."""

UNRELATED = 1 / sqrt(2)
OPERATIONS = ("3x3", "1x1", "pool")
NEEDS_TWO = "One path and two can be compared from m = 2 on: no such run is here."


def compute(results: Path) -> pd.DataFrame:
    """Read similarities and Jacobians of every run.

    Columns m, bn, seed, final_epoch, epoch, cell, kind ('paths' or 'sum'), place, what (a key of
    KINDS), first, second (branches), mean, variance (over images), num_images, error.
    """
    features = read_all(results, "similarity.csv")
    features["what"] = np.where(features["centred"].astype(bool), "centred", "features")
    jacobians = read_all(results, "jacobian.csv").assign(what="jacobian")
    frame = pd.concat([features.drop(columns="centred").assign(error=0.0), jacobians])
    return frame.drop(columns=["is_exact", "num_passes"]).reset_index(drop=True)


def summarise(frame: pd.DataFrame) -> pd.DataFrame:
    """Average over the pairs of branches, then over seeds.

    Returns:
        By m, bn, epoch, cell, kind, what and place: mean, low and high (95% over seeds), variance
        (over images, averaged over pairs and seeds), num_pairs, num_images, num_seeds, and the
        paper's mean and variance where it has them ('another space').
    """
    keys = ["m", "bn", "epoch", "final_epoch", "cell", "kind", "what", "place"]
    by_seed = (
        frame.groupby([*keys, "seed"])
        .agg(
            mean=("mean", "mean"),
            variance=("variance", "mean"),
            num_pairs=("mean", "count"),
            num_images=("num_images", "max"),
        )
        .reset_index()
    )
    rows = []
    for identity, same in groups(by_seed, keys):
        row: dict[str, Any] = dict(zip(keys, identity, strict=True))
        low, high = t_interval(same["mean"].to_numpy())
        row |= {"mean": same["mean"].mean(), "low": low, "high": high}
        row |= {"variance": same["variance"].mean(), "num_pairs": same["num_pairs"].max()}
        row |= {"num_images": same["num_images"].max(), "num_seeds": len(same)}
        is_papers = row["kind"] == "sum" and row["cell"] == 0 and row["m"] == 2
        mean, variance = PAPER.get(row["what"], (np.nan, np.nan)) if is_papers else (np.nan, np.nan)
        rows.append(row | {"paper_s1_mean": mean, "paper_s1_variance": variance})
    return pd.DataFrame(rows)


def compute_summary(results: Path) -> pd.DataFrame:
    """Read and summarise."""
    return summarise(compute(results))


def table_panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Return what the paper's Table 4 compares: one path and two, m = 2, one frame per cell."""
    frame = frame[(frame["kind"] == "sum") & frame["bn"].isin(["shadow", "single"])]
    if frame.empty:
        return [frame]
    frame = frame[frame["m"] == preferred(frame["m"].unique().tolist(), 2)]
    is_end = (frame["epoch"] == 0) | (frame["epoch"] == frame["final_epoch"])
    last = frame["cell"].max()
    return [
        same.assign(last_cell=last, where=f"cell {cell + 1}", is_papers_space=False)
        for cell, same in groups(frame[is_end], "cell")
    ]


def draw_table(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw one cell: a line per kind of similarity; trained, untrained, and the paper's."""
    if frame.empty:
        return say(ax, NEEDS_TWO)
    lines = [(what, place) for what in KINDS for place in PLACES]
    for y, (what, place) in enumerate(lines):
        same = frame[(frame["what"] == what) & (frame["place"] == place)]
        for row in records(same):
            is_trained = row["epoch"] > 0
            at = y + (-0.16 if row["bn"] == "shadow" else 0.16)
            color = style.color(row["bn"])
            ax.hlines(at, row["low"], row["high"], color=color, linewidth=1.3)
            ax.plot(row["mean"], at, "o", color=color, markersize=5,
                    markerfacecolor=color if is_trained else "white")  # fmt: skip
        if what in PAPER and frame["m"].iloc[0] == 2 and frame["cell"].iloc[0] == 0:
            ax.plot(PAPER[what][0], y, "D", color=style.color("paper"), markersize=5,
                    markerfacecolor="white")  # fmt: skip
    ax.axvline(UNRELATED, color="black", linestyle=":", linewidth=1)
    names = [f"{KINDS[what]}, {PLACES[place]}" for what, place in lines]
    is_first = frame["cell"].iloc[0] == 0
    ax.set_yticks(range(len(lines)), names if is_first else [""] * len(lines))
    ax.set(ylim=(len(lines) - 0.5, -0.5), xlabel="cosine similarity, one path and two")
    ax.set_xlim(min(0.5, float(frame["mean"].min()) - 0.05), 1.0)
    first = frame.iloc[0]
    seeds, pairs = count(first["num_seeds"], "seed"), count(first["num_pairs"], "pair")
    ax.set_title(
        f"m = {first['m']}, {first['where']}, {seeds}\n{pairs}, "
        f"{first['num_images']} images", loc="left", fontsize=8,
    )  # fmt: skip
    if first["cell"] == first["last_cell"]:
        ax.legend(handles=_legend(frame), fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5),
                  handlelength=1)  # fmt: skip
    return ax


def epoch_panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the similarity of two paths by epoch: one frame per kind, raw, shadow BN."""
    shown = frame[(frame["kind"] == "paths") & (frame["bn"] == "shadow")]
    if shown.empty:
        return [shown]
    shown = shown[shown["m"] == preferred(shown["m"].unique().tolist(), 4)]
    return [
        shown[(shown["what"] == what) & (shown["place"] == place)]
        for place in PLACES
        for what in KINDS
    ]


def draw_epochs(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw one kind of similarity by epoch, a line per cell, with its interval over seeds."""
    if frame.empty:
        return say(ax, "No run with shadow batch norm is here.")
    first = frame.iloc[0]
    num_cells = frame["cell"].nunique()
    for cell, same in groups(frame, "cell"):
        rows = same.sort_values("epoch")
        color = shade(cell + 1, num_cells)
        ax.plot(rows["epoch"], rows["mean"], "o-", color=color, markersize=3, linewidth=1.3,
                label=f"cell {cell + 1}")  # fmt: skip
        ax.fill_between(rows["epoch"], rows["low"], rows["high"], color=color, alpha=0.15,
                        linewidth=0)  # fmt: skip
    ax.set_xscale("symlog", linthresh=2)
    ticks = sorted(frame["epoch"].unique())
    ax.set_xticks(ticks, [str(tick) for tick in ticks], minor=False)
    ax.minorticks_off()
    ax.set(
        xlabel="epoch (0: untrained)",
        ylabel="cosine of two paths",
        ylim=(-0.2, 1),
    )
    ax.set_title(
        f"m = {first['m']}: {KINDS[first['what']]}, {PLACES[first['place']]}\n"
        f"{count(first['num_pairs'], 'pair')}, {first['num_images']} images, "
        f"{count(first['num_seeds'], 'seed')}", loc="left", fontsize=8,
    )  # fmt: skip
    if first["what"] == "features" and first["place"] == "raw":
        ax.legend(fontsize=7)
    return ax


def map_panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the similarities of all pairs of operations after training: by what and cell."""
    shown = frame[
        (frame["kind"] == "paths") & (frame["place"] == "raw") & (frame["bn"] == "shadow")
        & (frame["epoch"] == frame["final_epoch"]) & (frame["what"] != "centred")
    ]  # fmt: skip
    if shown.empty:
        return [shown]
    shown = shown[shown["m"] == preferred(shown["m"].unique().tolist(), 4)]
    return [
        shown[(shown["what"] == what) & (shown["cell"] == cell)]
        for what in ("features", "jacobian")
        for cell in sorted(shown["cell"].unique())
    ]


def draw_map(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw the mean cosine of every pair of branches as a map, operations together."""
    if frame.empty:
        return say(ax, "No run with shadow batch norm is here.")
    num = int(frame["second"].max()) + 1
    matrix = np.eye(num)
    for (i, j), same in groups(frame, ["first", "second"]):
        matrix[i, j] = matrix[j, i] = same["mean"].mean()
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
    first = frame.iloc[0]
    ax.set_title(
        f"m = {first['m']}, cell {first['cell'] + 1}: {KINDS[first['what']]}\n"
        f"{first['num_images']} images, {count(frame['seed'].nunique(), 'seed')}", loc="left",
        fontsize=8,
    )  # fmt: skip
    ax.figure.colorbar(image, ax=ax, shrink=0.8, label="cosine")
    return ax


def _legend(frame: pd.DataFrame) -> list[Line2D]:
    grey = style.color("paper")
    look: dict[str, Any] = {"linestyle": "", "markersize": 5}

    def dot(bn: str) -> Line2D:
        return Line2D([], [], marker="o", color=style.color(bn), label=style.label(bn), **look)

    def hollow(marker: str, label: str) -> Line2D:
        return Line2D([], [], marker=marker, color=grey, markerfacecolor="white", label=label,
                      **look)  # fmt: skip

    papers = "paper" if frame["is_papers_space"].all() else "paper: another\nspace (S1)"
    return [
        *map(dot, [bn for bn in ("shadow", "single") if bn in set(frame["bn"])]),
        *([hollow("o", "untrained")] if (frame["epoch"] == 0).any() else []),
        hollow("D", papers),
        Line2D([], [], color="black", linestyle=":", linewidth=1, label="orthogonal"),
    ]
