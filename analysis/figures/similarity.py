"""Cosine similarities of features and Jacobians: one path against the sum of two (Table 4).

Two unrelated outputs of equal length already reach 0.71 there. Whether two paths themselves are
alike, Definition 1 of the paper, is in similarity_paths.py.
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from analysis import style
from analysis.figure import MEASURE, MORE_PATHS, Analysis
from analysis.frames import groups, preferred, records
from analysis.intervals import t_interval
from analysis.phrases import count
from analysis.published import TABLE4
from analysis.read import read_all
from bench.runs.layout import JACOBIAN, SIMILARITY

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

KINDS = {
    "features": "features",
    "centred": "features, centred",
    "jacobian": "Jacobian",
}
PLACES = {"raw": "raw", "normed": "after BN"}
LINES = [(what, place) for what in KINDS for place in PLACES]
UNRELATED = 1 / sqrt(2)
"""Cosine of x and x + y for orthogonal x and y of equal length."""


def compute(results: Path) -> pd.DataFrame:
    """Read similarities and Jacobians of every run.

    Columns space, m, bn, seed, final_epoch, epoch, cell, kind ('paths' or 'sum'), place, what (a
    key of KINDS), first, second (branches), mean, variance (over images), num_images, error.
    """
    features = read_all(results, SIMILARITY)
    features["what"] = np.where(features["centred"].astype(bool), "centred", "features")
    jacobians = read_all(results, JACOBIAN).assign(what="jacobian")
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
        unknown = (np.nan, np.nan)
        mean, variance = TABLE4.get(row["what"], unknown) if is_papers else unknown
        rows.append(row | {"paper_s1_mean": mean, "paper_s1_variance": variance})
    return pd.DataFrame(rows)


def compute_summary(results: Path) -> pd.DataFrame:
    """Read and summarise."""
    return summarise(compute(results))


def compute_first_layer(results: Path) -> pd.DataFrame:
    """Read and summarise supernets of S1 or S2, of which the first searched layer is measured."""
    frame = compute(results)
    return summarise(frame).assign(space=frame["space"].iloc[0])


def panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Return what the paper's Table 4 compares: one path and two, m = 2, one frame per cell."""
    frame = frame[(frame["kind"] == "sum") & frame["bn"].isin(["shadow", "single"])]
    if frame.empty:
        return []
    frame = frame[frame["m"] == preferred(frame["m"].unique().tolist(), 2)]
    is_end = (frame["epoch"] == 0) | (frame["epoch"] == frame["final_epoch"])
    last = frame["cell"].max()
    return [
        same.assign(last_cell=last, where=f"cell {cell + 1}", is_papers_space=False)
        for cell, same in groups(frame[is_end], "cell")
    ]


def first_layer_panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the same for S1 or S2, whose only 'cell' is the first searched layer."""
    return [
        panel.assign(where="first searched layer", is_papers_space=panel["space"] == "s1")
        for panel in panels(frame)
    ]


def draw(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw one cell: a line per kind of similarity; trained, untrained, and the paper's."""
    first = frame.iloc[0]
    for y, (what, place) in enumerate(LINES):
        same = frame[(frame["what"] == what) & (frame["place"] == place)]
        for row in records(same):
            _draw_row(ax, row, y)
        if what in TABLE4 and first["m"] == 2 and first["cell"] == 0:
            look: dict[str, Any] = {"color": style.color("paper"), "markerfacecolor": "white"}
            ax.plot(TABLE4[what].mean, y, "D", markersize=5, **look)
    ax.axvline(UNRELATED, color="black", linestyle=":", linewidth=1)
    names = [f"{KINDS[what]}, {PLACES[place]}" for what, place in LINES]
    ax.set_yticks(range(len(LINES)), names if first["cell"] == 0 else [""] * len(LINES))
    ax.set(ylim=(len(LINES) - 0.5, -0.5), xlabel="cosine similarity, one path and two")
    ax.set_xlim(min(0.5, float(frame["mean"].min()) - 0.05), 1.0)
    seeds, pairs = count(first["num_seeds"], "seed"), count(first["num_pairs"], "pair")
    where = f"m = {first['m']}, {first['where']}, {seeds}"
    style.heading(ax, f"{where}\n{pairs}, {first['num_images']} images")
    if first["cell"] == first["last_cell"]:
        beside: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)}
        ax.legend(handles=_legend(frame), fontsize=7, handlelength=1, **beside)
    return ax


def _draw_row(ax: Axes, row: dict[str, Any], y: int) -> None:
    at = y + (-0.16 if row["bn"] == "shadow" else 0.16)
    color = style.color(row["bn"])
    face = color if row["epoch"] > 0 else "white"  # epoch 0: untrained
    ax.hlines(at, row["low"], row["high"], color=color, linewidth=1.3)
    ax.plot(row["mean"], at, "o", color=color, markersize=5, markerfacecolor=face)


def _legend(frame: pd.DataFrame) -> list[Line2D]:
    look: dict[str, Any] = {"linestyle": "", "markersize": 5}
    hollow = look | {"color": style.color("paper"), "markerfacecolor": "white"}

    def dot(bn: str) -> Line2D:
        return Line2D([], [], marker="o", color=style.color(bn), label=style.label(bn), **look)

    papers = "paper" if frame["is_papers_space"].all() else "paper: another\nspace (S1)"
    untrained = [Line2D([], [], marker="o", label="untrained", **hollow)]
    return [
        *map(dot, [bn for bn in ("shadow", "single") if bn in set(frame["bn"])]),
        *(untrained if (frame["epoch"] == 0).any() else []),
        Line2D([], [], marker="D", label=papers, **hollow),
        Line2D([], [], color="black", linestyle=":", linewidth=1, label="orthogonal"),
    ]


ANALYSIS = Analysis(
    title="One path and two: how similar (Table 4)",
    caption="Cosine similarity of features and of Jacobians with respect to the image, one path "
    "against the sum of two: mean over pairs, images and seeds, lines 95% over seeds. Centred "
    "vectors lose their common level. Two orthogonal vectors of equal length reach "
    f"{UNRELATED:.2f} here (dotted). The paper has {TABLE4['features'].mean:.3f} and "
    f"{TABLE4['jacobian'].mean:.3f} for the first block of another space (S1) and does not say "
    "whether before or after BN.",
    measured=(SIMILARITY, JACOBIAN),
    command=MEASURE,
    other_command=MORE_PATHS,
    compute=compute_summary,
    draw=draw,
    panels=panels,
    num_columns=3,
    height=2.6,
    summarise=lambda frame: frame,
)

TABLE4_OF_S1 = replace(
    ANALYSIS,
    compute=compute_first_layer,
    panels=first_layer_panels,
    summarise=lambda frame: frame.drop(columns="space"),
    digits=None,
)
