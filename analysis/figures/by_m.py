"""Results of every m side by side: tau and regret, by method, beside counts.

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
from bench.ranking.outputs import HEADLINE, KENDALL_TAU
from bench.runs.schemas.calibrated import calibrated_word, is_calibrated, is_raw

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes

COUNTS = {"num_parameters": "s:", "num_conv3x3": "^:"}
METHODS = ("shadow", "single", *COUNTS)
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
    parts = groups(frame, ["method", "calibrated"], dropna=False)  # baselines have <NA>
    lines = sorted(parts, key=lambda group: _order(group[0]))
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
    kind = calibrated_word(first["calibrated"])
    label = style.label(first["method"])
    ax.plot(
        x,
        VALUES[value][0] * rows[value],
        COUNTS.get(first["method"], "o-"),
        color=color,
        markersize=5,
        markerfacecolor="white" if is_raw(first["calibrated"]) else color,
        linewidth=1,
        label=label if kind == NOTHING else f"{label}, {kind}",
    )


def _order(key: Any) -> tuple[int, bool]:
    return METHODS.index(key[0]), is_calibrated(key[1])


ANALYSIS = Analysis(
    title="Results for {ms}",
    caption=f"Tau and regret of {style.label(HEADLINE)} by m. Lines are 95% intervals over seeds "
    "and cells together (none under 10 cells). m changes what is ranked, so compare methods at "
    "one m, not one method between two.",
    inputs=(KENDALL_TAU,),
    command=RANK,
    compute=compute,
    draw=draw,
    panels=panels,
    num_columns=2,
    height=2.6,
    numbers=(KENDALL_TAU,),
)
