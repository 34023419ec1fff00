"""Results for m = 1..4 side by side: tau, regret and the best baseline, by method.

m changes what is ranked: 3, 9, 19 and 34 cells in the paper's space, so that taus of different m
are no comparison of methods; within one m they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis import style
from analysis.read import groups, under_main_protocol
from bench.base.files import read_csv
from bench.ranking.outputs import HEADLINE, KENDALL_TAU

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
    frame = read_csv(results / KENDALL_TAU)
    frame = frame.assign(calibrated=frame["calibrated"].astype(str))
    frame = under_main_protocol(frame)
    is_method = (frame["scorer"] == HEADLINE) & frame["bn"].isin(METHODS)
    chosen: pd.DataFrame = frame[is_method | frame["scorer"].isin(METHODS)]
    return chosen.assign(method=chosen["bn"].where(chosen["bn"] != "-", chosen["scorer"]))


def panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Return one frame per value drawn."""
    return [frame.assign(value=value) for value in VALUES]


def draw(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw one value by m: a line per method; tau with its interval over cells."""
    value = frame["value"].iloc[0]
    factor, label = VALUES[value]
    lines = sorted(groups(frame, ["method", "calibrated"]), key=lambda group: _order(group[0]))
    for i, ((method, calibrated), same) in enumerate(lines):
        rows = same.sort_values("m")
        x, color = rows["m"] + 0.07 * (i - len(lines) / 2), style.color(method)
        if value == "tau_mean":
            ax.vlines(x, rows["tau_low"], rows["tau_high"], color=color, linewidth=1)
        kind = {"True": ", calibrated", "False": ", raw"}.get(calibrated, "")
        ax.plot(x, factor * rows[value], "s:" if method == "num_parameters" else "o-", color=color,
                markersize=5, markerfacecolor="white" if calibrated == "False" else color,
                linewidth=1, label=style.label(method) + kind)  # fmt: skip
    cells = frame.groupby("m")["num_cells"].max()
    ax.set_xticks(list(cells.index), [f"{m}\n{num:.0f} cells" for m, num in cells.items()])
    ax.set(xlabel="m", ylabel=label)
    seeds = frame[frame["bn"] != "-"]["num_seeds"].max()
    ax.set_xlim(cells.index.min() - 0.6, cells.index.max() + 0.6)
    over = f"means over {seeds} seeds" if seeds > 1 else "1 seed"
    ax.set_title(f"{over}, protocol {frame['protocol'].iloc[0]}", loc="left", fontsize=8)
    if value == "regret":
        ax.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def _order(key: Any) -> tuple[int, str]:
    return METHODS.index(key[0]), key[1]
