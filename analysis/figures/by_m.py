"""Results of every m side by side: tau, regret and the best baseline, by method.

m changes what is ranked: 3, 9, 19 and 34 cells in the paper's space, so that taus of different m
are no comparison of methods; within one m they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis import style
from analysis.figure import RANK, Analysis
from analysis.frames import groups, under_main_protocol
from analysis.phrases import NOTHING
from analysis.read import read_ranking
from bench.ranking.outputs import HEADLINE
from bench.runs.layout import KENDALL_TAU

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes

METHODS = ("shadow", "single", "num_parameters")
VALUES = {
    "tau_mean": (1, "Kendall tau-b"),
    "regret": (100, "regret (points of accuracy)"),
}


def compute(results: Path) -> pd.DataFrame:
    """Read the headline rows of kendall_tau.csv for the methods compared."""
    frame = under_main_protocol(read_ranking(results, KENDALL_TAU))
    is_method = (frame["scorer"] == HEADLINE) & frame["bn"].isin(METHODS)
    chosen: pd.DataFrame = frame[is_method | frame["scorer"].isin(METHODS)]
    return chosen.assign(method=chosen["bn"].where(chosen["bn"] != NOTHING, chosen["scorer"]))


def panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Return one frame per value drawn."""
    return [frame.assign(value=value) for value in VALUES]


def draw(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw one value by m: a line per method; tau with its interval over cells."""
    value = frame["value"].iloc[0]
    lines = sorted(groups(frame, ["method", "calibrated"]), key=lambda group: _order(group[0]))
    for i, (_, same) in enumerate(lines):
        _draw_method(ax, same.sort_values("m"), 0.07 * (i - len(lines) / 2))
    cells = frame.groupby("m")["num_cells"].max()
    ax.set_xticks(list(cells.index), [f"{m}\n{num:.0f} cells" for m, num in cells.items()])
    ax.set(xlabel="m", ylabel=VALUES[value][1])
    ax.set_xlim(cells.index.min() - 0.6, cells.index.max() + 0.6)
    seeds = frame[frame["bn"] != NOTHING]["num_seeds"].max()
    over = f"means over {seeds} seeds" if seeds > 1 else "1 seed"
    style.heading(ax, f"{over}, protocol {frame['protocol'].iloc[0]}")
    if value == "regret":
        ax.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def _draw_method(ax: Axes, rows: pd.DataFrame, shift: float) -> None:
    first = rows.iloc[0]
    x, color, value = rows["m"] + shift, style.color(first["method"]), first["value"]
    if value == "tau_mean":
        ax.vlines(x, rows["tau_low"], rows["tau_high"], color=color, linewidth=1)
    kind = {"True": ", calibrated", "False": ", raw"}.get(first["calibrated"], "")
    ax.plot(
        x,
        VALUES[value][0] * rows[value],
        "s:" if first["method"] == "num_parameters" else "o-",
        color=color,
        markersize=5,
        markerfacecolor="white" if first["calibrated"] == "False" else color,
        linewidth=1,
        label=style.label(first["method"]) + kind,
    )


def _order(key: Any) -> tuple[int, str]:
    return METHODS.index(key[0]), key[1]


ANALYSIS = Analysis(
    title="Results for {ms}",
    caption="Tau and regret of the negative loss by m. Lines are 95% bootstrap intervals "
    "over cells (none under 10). m changes what is ranked, so compare methods at one m, not one "
    "method between two.",
    inputs=(KENDALL_TAU,),
    command=RANK,
    compute=compute,
    draw=draw,
    panels=panels,
    num_columns=2,
    height=2.6,
    numbers=(KENDALL_TAU,),
)
