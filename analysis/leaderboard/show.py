"""The leaderboard as a figure and as Markdown: what was measured, and apart what was published."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D

from analysis import style
from analysis.figure import grid
from analysis.frames import records
from analysis.leaderboard.rows import FREE, MEASURED, PUBLISHED
from analysis.phrases import NOTHING, interval, name_protocol, number
from analysis.text_table import TextTable, to_markdown

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from pandas import DataFrame

    Row = dict[str, Any]

FIGURE = "leaderboard"
ROW_HEIGHT = 0.21  # inches
GREY = "#A0A0A0"
SPEARMAN = "published |Spearman|"
LOOKS: dict[str, dict[str, Any]] = {
    MEASURED: {"color": style.COLORS["given"], "marker": "o"},
    FREE: {"color": style.COLORS["num_conv3x3"], "marker": "s"},
    PUBLISHED: {"color": GREY, "marker": "D", "markerfacecolor": "white"},
    SPEARMAN: {"color": GREY, "marker": "v", "markerfacecolor": "white"},
}
LABELS = {
    MEASURED: "measured here, 95% over seeds and cells",
    FREE: "counted at no cost",
    PUBLISHED: "published tau, own protocols",
    SPEARMAN: "published |Spearman|: no tau, as a rule larger",
}
PUBLISHED_BY_OTHERS = "published by others, each with its own cells and protocol"
COLUMNS = (
    "method",
    "tau",
    "95%",
    "tau, best 20%",
    "Spearman",
    "cells",
    "seeds",
    "protocol",
    "source",
)  # fmt: skip (one by one they fill a page)


def save(board: DataFrame, folder: Path) -> None:
    """Draw leaderboard.png and .svg: a panel per section."""
    panels = [part for _, part in board.groupby("section", sort=False)]
    heights = [ROW_HEIGHT * len(panel) + 1.3 for panel in panels]
    with style.context():
        style.save(grid(panels, draw, heights=heights, num_columns=1), folder / FIGURE)


def draw(frame: DataFrame, ax: Axes) -> Axes:
    """Draw one section, a line per row, published ones below."""
    rows = [row for row in records(frame) if not isnan(_value(row))]
    for y, row in enumerate(rows):
        _draw_row(ax, row, y)
    line: dict[str, Any] = {"color": style.color("ceiling"), "linestyle": "--", "linewidth": 1}
    ceilings = frame["ceiling"].dropna().unique()[:1]
    for ceiling in ceilings:
        ax.axvline(ceiling, **line)
    ax.axvline(0, color="#999999", linewidth=0.6, zorder=0)
    ax.set_yticks(range(len(rows)), [_label(row) for row in rows], fontsize=7.5)
    for text, row in zip(ax.get_yticklabels(), rows, strict=True):
        text.set_color(GREY if row["kind"] == PUBLISHED else "black")
    triangles = "; triangles |Spearman|" if frame["tau"].isna().any() else ""
    ax.set(ylim=(len(rows) - 0.4, -0.6), xlabel=f"Kendall tau-b{triangles}")
    ax.tick_params(axis="y", length=0)
    ax.set_title(frame["section"].iloc[0], loc="left", fontsize=9, pad=28, weight="bold")
    here = {_look(row) for row in rows}
    kinds = [kind for kind in LOOKS if kind in here]
    handles = [Line2D([], [], label=LABELS[kind], linewidth=1.5, **LOOKS[kind]) for kind in kinds]
    handles += [Line2D([], [], label="noise ceiling", **line) for _ in ceilings]
    above: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1.02, 0.99)}
    above |= {"ncol": 3, "columnspacing": 1.0}
    ax.legend(handles=handles, fontsize=7, **above)
    return ax


def markdown(board: DataFrame) -> str:
    """Write a table per section, the published rows in one of their own."""
    tables = []
    for section, part in board.groupby("section", sort=False):
        for is_published, rows in part.groupby(part["kind"] == PUBLISHED):
            what = PUBLISHED_BY_OTHERS if is_published else _cells_and_protocols(rows)
            tables.append(
                TextTable(
                    caption=f"{section}: {what}",
                    columns=COLUMNS,
                    rows=[_texts(row) for row in records(rows)],
                )
            )
    return "\n\n".join(map(to_markdown, tables)) + "\n"


def _cells_and_protocols(rows: DataFrame) -> str:
    return "; ".join([*rows["cells"].unique(), *map(name_protocol, rows["protocol"].unique())])


def _draw_row(ax: Axes, row: Row, y: int) -> None:
    look, value = LOOKS[_look(row)], _value(row)
    low, high = row["tau_low"], row["tau_high"]
    if row["kind"] == PUBLISHED and not isnan(row["tau_std"]):
        low, high = value - row["tau_std"], value + row["tau_std"]
    ax.hlines(y, low, high, color=look["color"], linewidth=1.5)
    ax.plot(value, y, linestyle="", markersize=4.5, **look)


def _value(row: Row) -> float:
    return float(row["spearman"] if isnan(row["tau"]) else row["tau"])


def _look(row: Row) -> str:
    return SPEARMAN if isnan(row["tau"]) else str(row["kind"])


def _label(row: Row) -> str:
    return f"{row['method']} (|Spearman|)" if isnan(row["tau"]) else str(row["method"])


def _texts(row: Row) -> tuple[str, ...]:
    is_published = row["kind"] == PUBLISHED
    spread = "" if isnan(row["tau_std"]) or not is_published else f" ± {row['tau_std']:.3f}"
    return (
        row["method"] + (" (free)" if row["kind"] == FREE else ""),
        number(row["tau"]) + spread,
        interval(row["tau_low"], row["tau_high"], number),
        number(row["tau_top20"]),
        number(row["spearman"]),
        row["cells"] if is_published else number(row["num_cells"], 0),
        NOTHING if row["kind"] == FREE else number(row["num_seeds"], 0),
        row["protocol"],
        row["source"] or NOTHING,
    )
