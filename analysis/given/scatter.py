"""Given scores against truth, one panel per method; seeds differ in marker."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from analysis import style
from analysis.figure import RANK_GIVEN, Analysis
from analysis.phrases import number
from analysis.read import read_ranking
from bench.ranking.entries import scorers
from bench.ranking.outputs import KENDALL_TAU, PLACE, POINTS
from bench.ranking.ruler import GIVEN

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from pandas import DataFrame, Series

MARKERS = "o^sDv<>p"
NAME_WIDTH = 24  # letters of a title's line: what a panel is wide
MANY = 300  # points; more are drawn small and pale


def compute(results: Path) -> DataFrame:
    """Read points.csv as one row per point and method, with the method's tau."""
    points, taus = (read_ranking(results, name) for name in (POINTS, KENDALL_TAU))
    methods = [name for name in scorers(points) if name not in PLACE]
    long = points.melt(["cell_hash", "seed", "truth"], methods, "scorer", "score").dropna()
    given = taus[taus["bn"] == GIVEN].set_index("scorer")["tau_mean"]
    return long.join(given, on="scorer")


def panels(frame: DataFrame) -> list[DataFrame]:
    """Split by method, the best first."""
    best = frame.groupby("scorer")["tau_mean"].first().sort_values(ascending=False, kind="stable")
    return [frame[frame["scorer"] == name] for name in best.index]


def draw(frame: DataFrame, ax: Axes) -> Axes:
    """Draw one method, with its tau as the title."""
    is_many = len(frame) > MANY
    look: dict[str, Any] = {"markersize": 2 if is_many else 3.5, "alpha": 0.3 if is_many else 0.55}
    look |= {"rasterized": is_many}  # else the page holds megabytes of points
    for marker, (_, same) in zip(MARKERS * len(frame), frame.groupby("seed"), strict=False):
        color = style.color(GIVEN)
        ax.plot(100 * same["truth"], same["score"], marker, color=color, markeredgewidth=0, **look)
    if is_many:
        ax.set(xlim=_middle(100 * frame["truth"]), ylim=_middle(frame["score"]))
    lines = wrap(style.label(str(frame["scorer"].iloc[0])), NAME_WIDTH)
    lines.append(f"tau {number(frame['tau_mean'].iloc[0], 2)}")
    ax.set_title("\n".join(lines), fontsize=8 if len(lines) == 2 else 6.5, loc="left")
    ax.tick_params(labelsize=7)
    ax.set_xlabel("truth: accuracy (%)")
    ax.set_ylabel("score, higher is better")
    return ax


def _middle(values: Series[float]) -> tuple[float, float]:
    """Return limits that hold the middle 98%, which a few others would squeeze."""
    low, high = values.quantile([0.01, 0.99])
    margin = (high - low) / 20 or 1.0
    return low - margin, high + margin


ANALYSIS = Analysis(
    title="Score against truth",
    caption="One point per cell and seed; seeds differ in marker. Of more than 2,000 cells 2,000 "
    "are drawn, those of the lowest hashes, which is as good as by lot. Where there are more than "
    "300 points the axes show the middle 98%.",
    inputs=(POINTS, KENDALL_TAU),
    command=RANK_GIVEN,
    compute=compute,
    draw=draw,
    panels=panels,
    num_columns=4,
    height=1.9,
    numbers=(POINTS,),
)
