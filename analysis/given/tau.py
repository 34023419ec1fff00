"""Kendall tau of given scores: a line per method and baseline, the best on top."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from analysis import style
from analysis.figure import RANK_GIVEN, Analysis
from analysis.figures.kendall_tau import compute, draw_limits, note, write
from analysis.frames import records
from analysis.phrases import NOTHING, describe_n, describe_tau, name_row, number
from bench.ranking.baselines import RANDOM
from bench.ranking.outputs import BY_SEED, KENDALL_TAU
from bench.ranking.ruler import GIVEN
from bench.ranking.strata import EQUAL_CONV3X3, TOP20

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

    Row = dict[str, Any]

ROW_HEIGHT = 0.24  # inches
COLUMNS = (6, 94, 140)  # points beside the axes: tau, within the best, within equal counts


def ordered(frame: DataFrame) -> list[Row]:
    """Return the rows of methods and baselines by tau, the best first, methods without one last.

    A count that is the same for all cells is left out.
    """
    says_something = (frame["bn"] == GIVEN) | frame["tau_mean"].notna()
    shown = frame[(frame["scorer"] != RANDOM) & says_something]
    return records(shown.sort_values("tau_mean", ascending=False, kind="stable"))


def first_given(rows: list[Row]) -> Row:
    """Return the first row of a method, or a baseline's where there is none."""
    return next((row for row in rows if row["bn"] != NOTHING), rows[0])


def describe_given(rows: list[Row]) -> str:
    """Say how many cells and seeds rows rest on: '34 cells, 1 to 3 seeds'."""
    return describe_n(first_given(rows), *(row for row in rows if row["bn"] != NOTHING))


def height(frame: DataFrame) -> float:
    """Return the figure's height in inches: a line per row."""
    return ROW_HEIGHT * len(frame) + 1.2


def draw(frame: DataFrame, ax: Axes) -> Axes:
    """Draw the rows of kendall_tau.csv, with its column `taus` the single seeds too."""
    rows = ordered(frame)
    write(ax, 0, 0, describe_given(rows), weight="bold")
    for points, text in zip(COLUMNS, ("tau", "best 20%", "eq. 3x3"), strict=True):
        note(ax, points, 0, text)
    draw_limits(ax, frame, 0.5, len(rows) + 0.5)
    for y, row in enumerate(rows, start=1):
        _draw_row(ax, row, y)
    low = frame[["tau_low", "tau_mean"]].min().min()
    ax.set(xlim=(min(-0.05, low - 0.05), 1.01), ylim=(len(rows) + 0.7, -0.7))
    ax.set_yticks(range(1, len(rows) + 1), [name_row(row) for row in rows])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("Kendall tau-b of score and truth")
    look: dict[str, Any] = {"fontsize": 8, "handlelength": 1.6, "columnspacing": 1.4, "ncol": 3}
    ax.legend(handles=_legend(frame), loc="lower center", bbox_to_anchor=(0.5, 1.0), **look)
    return ax


def _draw_row(ax: Axes, row: Row, y: int) -> None:
    is_baseline = row["bn"] == NOTHING
    color = style.color(row["scorer"] if is_baseline else row["bn"])
    ax.hlines(y, row["tau_low"], row["tau_high"], color=color, linewidth=1.8)
    taus = row.get("taus", ())
    if not is_baseline and len(taus) > 1:
        ax.plot(taus, [y + 0.25] * len(taus), ".", color=color, markersize=3.5)
    ax.plot(row["tau_mean"], y, "s" if is_baseline else "o", color=color, markersize=5)
    texts = (describe_tau(row), number(row[TOP20], 2), number(row[EQUAL_CONV3X3], 2))
    for points, text in zip(COLUMNS, texts, strict=True):
        note(ax, points, y, text)


def _legend(frame: DataFrame) -> list[Line2D | Patch]:
    def line(label: str, **look: Any) -> Line2D:
        return Line2D([], [], label=label, **look)

    given, free = style.color("given"), style.color("num_conv3x3")
    handles: list[Line2D | Patch] = [
        line("score given: mean, 95%", marker="o", linewidth=1.8, color=given),
        line("counted at no cost", marker="s", linewidth=1.8, color=free),
        line("noise ceiling", linestyle="--", linewidth=1, color=style.color("ceiling")),
        Patch(color=style.color("random"), label="95% of random scores"),
    ]
    if (frame["num_seeds"] > 1).any():
        handles.append(line("one seed", marker=".", linestyle="", markersize=4, color=given))
    return handles


ANALYSIS = Analysis(
    title="Kendall tau",
    caption="How well each score ranks the cells, the best on top. Lines are 95% intervals over "
    "seeds and cells together (of one seed over cells alone; none under 10 cells), small dots "
    "single seeds. On the right tau, tau within the best fifth of the cells, where a search has to "
    "choose, and tau over pairs of cells with equally many 3x3 convolutions, which counting them "
    "can't know. Squares cost nothing: what a score must beat. The noise ceiling is what a scorer "
    "that knew every cell's expected accuracy would reach against this truth; a grey band holds "
    "95% of random scores.",
    inputs=(KENDALL_TAU, BY_SEED),
    command=RANK_GIVEN,
    compute=compute,
    draw=draw,
    height=height,
    numbers=(KENDALL_TAU, BY_SEED),
)
