"""Score against truth, one panel per group; seeds share a colour and differ in marker."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from analysis import style
from bench.base.files import read_csv
from bench.ranking.outputs import HEADLINE, KENDALL_TAU, POINTS

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from pandas import DataFrame

GROUP = ["protocol", "m", "bn", "calibrated"]
MARKERS = "o^sDv<>p"


def compute(results: Path) -> DataFrame:
    """Read points.csv, and the tau of each point's group from kendall_tau.csv."""
    points, taus = (
        table.assign(calibrated=table["calibrated"].astype(str))
        for table in (read_csv(results / POINTS), read_csv(results / KENDALL_TAU))
    )
    headline = taus[taus["scorer"] == HEADLINE].set_index(GROUP)[
        ["tau_mean", "tau_std", "num_seeds"]
    ]
    return points.join(headline, on=GROUP)


def panels(frame: DataFrame) -> list[DataFrame]:
    """Split into groups: by protocol, then m, batch norm, and calibrated or not."""
    place = {protocol: i for i, protocol in enumerate(frame["protocol"].unique())}

    def order(key: Any) -> tuple[int, int, int, str]:
        protocol, m, bn, calibrated = key
        return place[protocol], m, style.order(bn), calibrated

    groups = dict(list(frame.groupby(GROUP)))
    return [groups[key] for key in sorted(groups, key=order)]


def draw(frame: DataFrame, ax: Axes) -> Axes:
    """Draw one group, with its tau as the title."""
    first = frame.iloc[0]
    for marker, (_, same) in zip(MARKERS * len(frame), frame.groupby("seed"), strict=False):
        ax.plot(100 * same["truth"], same[HEADLINE], marker, color=style.color(first["bn"]),
                markersize=3.5, alpha=0.55, markeredgewidth=0)  # fmt: skip
    spread = "" if isnan(first["tau_std"]) else f" ± {first['tau_std']:.2f}"
    kind = "calibrated" if first["calibrated"] == "True" else "raw"
    ax.set_title(
        f"m = {first['m']}, {style.label(first['bn'])}, {kind}\n{first['protocol']}: "
        f"tau {first['tau_mean']:.2f}{spread}, {frame['cell_hash'].nunique()} cells",
        fontsize=7.5,
        loc="left",
        x=-0.24,
    )
    ax.set_xlabel("truth: accuracy (%)")
    ax.set_ylabel(f"score: {style.label(HEADLINE)}")
    return ax
