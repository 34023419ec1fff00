"""Score against truth, one panel per group; seeds share a colour and differ in marker."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from analysis import style
from analysis.figure import RANK, Analysis
from analysis.phrases import number
from analysis.read import read_ranking
from bench.ranking.outputs import HEADLINE, KENDALL_TAU, POINTS
from bench.runs.schemas.calibrated import calibrated_word, is_calibrated

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from pandas import DataFrame

GROUP = ["protocol", "m", "bn", "calibrated"]
MARKERS = "o^sDv<>p"
LONG_NAME = 33


def compute(results: Path) -> DataFrame:
    """Read points.csv, and the tau of each point's group from kendall_tau.csv."""
    points, taus = (read_ranking(results, name) for name in (POINTS, KENDALL_TAU))
    headline = taus[taus["scorer"] == HEADLINE].set_index(GROUP)[
        ["tau_mean", "tau_std", "num_seeds"]
    ]
    return points.join(headline, on=GROUP)


def panels(frame: DataFrame) -> list[DataFrame]:
    """Split into groups: by protocol, then m, batch norm, and calibrated or not."""
    place = {protocol: i for i, protocol in enumerate(frame["protocol"].unique())}

    def order(key: Any) -> tuple[int, int, int, bool]:
        protocol, m, bn, calibrated = key
        return place[protocol], m, style.order(bn), is_calibrated(calibrated)

    by_group = dict(list(frame.groupby(GROUP)))
    return [by_group[key] for key in sorted(by_group, key=order)]


def draw(frame: DataFrame, ax: Axes) -> Axes:
    """Draw one group, with its tau as the title."""
    first = frame.iloc[0]
    for marker, (_, same) in zip(MARKERS * len(frame), frame.groupby("seed"), strict=False):
        look: dict[str, Any] = {"markersize": 3.5, "alpha": 0.55, "markeredgewidth": 0}
        color = style.color(first["bn"])
        ax.plot(100 * same["truth"], same[HEADLINE], marker, color=color, **look)
    spread = "" if isnan(first["tau_std"]) else f" ± {first['tau_std']:.2f}"
    name = f"m = {first['m']}, {style.label(first['bn'])}, {calibrated_word(first['calibrated'])}"
    tau = f"tau {number(first['tau_mean'], 2)}{spread}, {frame['cell_hash'].nunique()} cells"
    size = 7.5 if len(name) <= LONG_NAME else 6.5  # else it runs into the next panel's
    ax.set_title(f"{name}\n{first['protocol']}: {tau}", fontsize=size, loc="left", x=-0.24)
    ax.set_xlabel("truth: accuracy (%)")
    ax.set_ylabel(f"score: {style.label(HEADLINE)}")
    return ax


ANALYSIS = Analysis(
    title="Score against truth",
    caption="One point per entry and seed; seeds differ in marker. Titles give tau, mean and "
    "standard deviation over seeds.",
    inputs=(POINTS, KENDALL_TAU),
    command=RANK,
    compute=compute,
    draw=draw,
    panels=panels,
    num_columns=4,
    numbers=(POINTS,),
)
