"""Kendall tau per group: intervals, seeds, baselines, chance, ceiling, the paper's Table 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from analysis import style
from analysis.figure import RANK, Analysis
from analysis.frames import records
from analysis.phrases import NOTHING, covers, describe_n, describe_tau, name_row
from analysis.published import TABLE3
from analysis.read import read_ranking
from bench.ranking.outputs import BY_SEED, FINER, HEADLINE, IDENTITY, KENDALL_TAU
from bench.ranking.strata import EQUAL_CONV3X3, NEAR_PARAMETERS
from bench.runs.schemas.calibrated import is_calibrated, is_raw

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from pandas import DataFrame

    Row = dict[str, Any]

ROW_HEIGHT = 0.28  # inches

COLUMNS = {"tau": (6, "tau"), EQUAL_CONV3X3: (80, "eq. 3x3"), NEAR_PARAMETERS: (155, "near size")}
"""What stands beside the axes: so many points away, and under which heading."""


def compute(results: Path) -> DataFrame:
    """Read kendall_tau.csv, and into its column `taus` the values of the single seeds."""
    frame, by_seed = (read_ranking(results, name) for name in (KENDALL_TAU, BY_SEED))
    taus = by_seed.groupby(list(IDENTITY), dropna=False)["tau"].agg(tuple).rename("taus")
    return frame.join(taus, on=list(IDENTITY))


def panels(frame: DataFrame) -> list[DataFrame]:
    """Split into one frame per protocol, with accuracy, negative loss and the baselines."""
    shown = frame[frame["scorer"].isin([HEADLINE, FINER]) | (frame["bn"] == NOTHING)]
    return [shown[shown["protocol"] == protocol] for protocol in frame["protocol"].unique()]


def height(frame: DataFrame) -> float:
    """Return a panel's height in inches: one line per group, and a heading per m."""
    is_line = ~frame["scorer"].isin(["random", FINER])
    num_lines = is_line.sum() + 1.4 * frame["m"].nunique()
    return float(ROW_HEIGHT * num_lines + 1.1)


def draw(frame: DataFrame, ax: Axes) -> Axes:
    """Draw one protocol: a line per group, below a heading per m."""
    y = 0.0
    ticks: dict[float, str] = {}
    for m, same in frame.groupby("m"):
        shown = records(same[~same["scorer"].isin(["random", FINER])])
        finer = {(r["bn"], is_calibrated(r["calibrated"])): r for r in _finer(same)}
        rows: list[Row] = sorted(shown, key=_order)
        write(ax, 0.98, y, f"m = {m}: {describe_n(rows[0])}", weight="bold", ha="right")
        for points, text in COLUMNS.values():
            note(ax, points, y, text)
        draw_limits(ax, same, y + 0.5, y + 0.5 + len(rows))
        for row in rows:
            y += 1
            _draw_row(ax, row, y)
            _draw_finer(ax, finer.get((row["bn"], is_calibrated(row["calibrated"]))), y)
            ticks[y] = name_row(row)
        y += 1.4
    _finish(ax, frame, ticks, y - 0.9)
    return ax


def draw_limits(ax: Axes, same: DataFrame, top: float, bottom: float) -> None:
    """Draw zero, what chance reaches, and what a perfect scorer would."""
    ax.vlines(0, top, bottom, color="#999999", linewidth=0.6, zorder=0.5)
    grey: dict[str, Any] = {"color": style.color("random"), "zorder": 0, "linewidth": 0}
    for row in records(same[same["scorer"] == "random"]):
        ax.fill_betweenx([top, bottom], row["tau_low"], row["tau_high"], **grey)
    for ceiling in same[same["bn"] == NOTHING]["ceiling"].unique()[:1]:
        ax.vlines(ceiling, top, bottom, color=style.color("ceiling"), linestyle="--", linewidth=1)


def write(ax: Axes, x: float, y: float, text: str, **look: Any) -> None:
    """Write at a fraction of the width and a line's height."""
    ax.text(x, y, text, transform=ax.get_yaxis_transform(), va="center", **look)


def note(ax: Axes, points: float, y: float, text: str) -> None:
    """Write beside the axes, so many points away that the layout can make room."""
    place: dict[str, Any] = {"xycoords": ax.get_yaxis_transform(), "textcoords": "offset points"}
    look: dict[str, Any] = {"va": "center", "fontsize": 7, "annotation_clip": False}
    ax.annotate(text, (1, y), (points, 0), **place, **look)


def _draw_row(ax: Axes, row: Row, y: float) -> None:
    color = style.color(row["scorer"] if row["bn"] == NOTHING else row["bn"])
    face = "white" if is_raw(row["calibrated"]) else color
    ax.hlines(y, row["tau_low"], row["tau_high"], color=color, linewidth=1.8)
    if row["bn"] != NOTHING and len(row["taus"]) > 1:
        ax.plot(row["taus"], [y + 0.2] * len(row["taus"]), ".", color=color, markersize=3.5)
    marker = "o" if row["bn"] != NOTHING else "s"
    ax.plot(row["tau_mean"], y, marker, color=color, markerfacecolor=face, markersize=6)
    if paper := TABLE3.get((row["m"], row["bn"], is_calibrated(row["calibrated"]))):
        look: dict[str, Any] = {"markersize": 4, "linewidth": 0.8, "capsize": 1.5}
        look |= {"color": color, "markerfacecolor": "white"}
        ax.errorbar(paper.mean, y - 0.27, xerr=paper.std, fmt="D", **look)
    for name, (points, _) in COLUMNS.items():
        note(ax, points, y, describe_tau(row, name))


def _finer(same: DataFrame) -> list[Row]:
    return records(same[same["scorer"] == FINER])


def _draw_finer(ax: Axes, row: Row | None, y: float) -> None:
    """Draw the same method's tau by negative loss, small, below."""
    if row is None:
        return
    color, face = style.color(row["bn"]), "white" if is_raw(row["calibrated"]) else None
    ax.hlines(y + 0.38, row["tau_low"], row["tau_high"], color=color, linewidth=0.7)
    ax.plot(row["tau_mean"], y + 0.38, "v", color=color, markerfacecolor=face, markersize=4)


def _finish(ax: Axes, frame: DataFrame, ticks: dict[float, str], bottom: float) -> None:
    low = frame[["tau_low", "tau_mean"]].min().min()
    ax.set(xlim=(min(-0.05, low - 0.05), 1.01), ylim=(bottom + 0.2, -0.7))
    ax.set_yticks(list(ticks), list(ticks.values()))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    protocol = frame["protocol"].iloc[0]
    ax.set_xlabel(f"Kendall tau-b of {style.label(HEADLINE)} and truth, protocol {protocol}")
    sizes: dict[str, Any] = {"fontsize": 8, "handlelength": 1.6, "columnspacing": 1.4}
    above: dict[str, Any] = {"loc": "lower center", "bbox_to_anchor": (0.42, 1.0), "ncol": 3}
    ax.legend(handles=_legend(frame), **above, **sizes)


def _legend(frame: DataFrame) -> list[Line2D | Patch]:
    grey = style.color("paper")

    def line(label: str, **look: Any) -> Line2D:
        return Line2D([], [], label=label, **({"color": grey, "marker": "o"} | look))

    handles: list[Line2D | Patch] = [
        line(f"calibrated: mean, 95% over {covers(frame['num_seeds'].max())}", linewidth=1.8),
        line("the same, not calibrated", linewidth=1.8, markerfacecolor="white"),
        line("noise ceiling", marker="", linestyle="--", linewidth=1, color=style.color("ceiling")),
        Patch(color=style.color("random"), label="95% of random scores"),
        line("the same by negative loss", marker="v", linewidth=0.7, markersize=4),
    ]
    if frame["taus"].map(len).max() > 1:
        handles.insert(2, line("one seed", marker=".", linestyle="", markersize=4))
    rows = frame[["m", "bn", "calibrated"]].itertuples(index=False, name=None)
    if any((m, bn, is_calibrated(calibrated)) in TABLE3 for m, bn, calibrated in rows):
        look = {"marker": "D", "markerfacecolor": "white", "markersize": 4, "linewidth": 0.8}
        handles.append(line("paper, CIFAR-10 (sd over 3 seeds)", **look))
    return handles


def _order(row: Row) -> tuple[bool, int, bool]:
    is_baseline = row["bn"] == NOTHING
    place = style.order(row["scorer"] if is_baseline else row["bn"])
    return is_baseline, place, is_calibrated(row["calibrated"])


HEADLINE_PROTOCOL = Analysis(
    title="Kendall tau",
    caption="How well scores rank architectures: by accuracy, and by negative loss in small "
    "below. Lines are 95% intervals over seeds and cells together (of one seed over cells alone; "
    "none under 10 cells), small dots single seeds. On the right tau, and what counting can't "
    "know: tau over pairs of cells with equally many 3x3 convolutions, and of parameter counts "
    "within 5%. The noise ceiling is what a scorer that knew every cell's expected accuracy would "
    "reach against this truth; a grey band holds 95% of random scores. Baselines (squares) cost "
    "no training. Diamonds, at m = 3 and 4, are the paper's Table 3, by accuracy: other data, and "
    "its own sample with copies kept, so compare them with protocol 'paper'.",
    inputs=(KENDALL_TAU, BY_SEED),
    command=RANK,
    compute=compute,
    draw=draw,
    panels=lambda frame: panels(frame)[:1],
    height=height,
    numbers=(KENDALL_TAU, BY_SEED),
)

OTHER_PROTOCOLS = Analysis(
    title="Kendall tau under the other protocols",
    caption="The same scores, ranked otherwise. A tau means nothing without its protocol.",
    inputs=(KENDALL_TAU, BY_SEED),
    command=RANK,
    compute=compute,
    draw=draw,
    panels=lambda frame: panels(frame)[1:],
    height=height,
    numbers=(KENDALL_TAU, BY_SEED),
)
