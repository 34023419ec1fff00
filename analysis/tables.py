"""The result as tables of text: for a terminal, for Markdown, and for the page.

A number never stands without its recipe and protocol, so every table carries them as its caption.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table as RichTable

from analysis import style
from bench.ranking.outputs import HEADLINE
from bench.ranking.protocol import PROTOCOLS, describe
from bench.ranking.summary import BASELINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandas import DataFrame

    Row = dict[str, Any]

NOTHING = "-"
COLUMNS = (
    "batch norm", "calibrated", "scorer", "tau", "95% over cells", "sd over seeds", "Spearman",
    "weighted tau", "top 10%", "regret",
)  # fmt: skip
DIFFERENCE_COLUMNS = (
    "protocol", "m", "difference of tau", "calibrated", "mean", "95% over cells",
    "95% over seeds", "sd over seeds", "seeds",
)  # fmt: skip
NARROW = {
    "batch norm": "batch norm",
    "calibrated": "calib.",
    "scorer": "scorer",
    "tau": "tau",
    "95% over cells": "95% cells",
    "sd over seeds": "sd seeds",
    "regret": "regret",
}
"""What fits a terminal of 80 columns, and under which headings."""


@dataclass(frozen=True, kw_only=True)
class TextTable:
    """A table as text.

    Attributes:
        caption: m, protocol, recipe and n in words.
        columns: their headings.
        rows: of as many cells.
    """

    caption: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def tau_tables(frame: DataFrame, columns: tuple[str, ...] = COLUMNS) -> list[TextTable]:
    """Make one table per protocol and m from the rows of kendall_tau.csv, headline first."""
    tables = []
    for protocol in frame["protocol"].unique():
        for m, same in frame[frame["protocol"] == protocol].groupby("m"):
            records = sorted(same.to_dict("records"), key=_order)
            cells = [_cells(record) for record in records] + [_ceiling(records[0])]
            tables.append(
                TextTable(
                    caption=f"m = {m}, {describe_n(records[0])}; {name_protocol(protocol)}",
                    columns=columns,
                    rows=[tuple(row.get(c, "") for c in columns) for row in cells],
                )
            )
    return tables


def difference_tables(frame: DataFrame) -> list[TextTable]:
    """Make the tables of paired differences of the headline scorer from differences.csv."""
    rows: list[Any] = frame[frame["scorer"] == HEADLINE].to_dict("records")
    paired = (
        f"Tau of {style.label(HEADLINE)} in pairs of runs of one seed. Over cells: both resampled "
        "alike (none under 10 cells). Over seeds: Student's interval, from three seeds on"
    )
    counted = "The same against the parameter count, on the same entries"
    return [
        TextTable(
            caption=caption,
            columns=DIFFERENCE_COLUMNS,
            rows=[_difference(row) for row in rows if (row["minus"] == BASELINE) is against_count],
        )
        for caption, against_count in ((paired, False), (counted, True))
    ]


def markdown_tables(frame: DataFrame) -> str:
    """Return the tables of kendall_tau.csv as Markdown."""
    return "\n\n".join(_markdown(table) for table in tau_tables(frame)) + "\n"


def terminal_table(frame: DataFrame) -> Group:
    """Return the tables of kendall_tau.csv for a terminal of 80 columns or more."""
    tables = tau_tables(frame, tuple(NARROW))
    return Group(*(part for table in tables for part in (_rich(table), "")))


def difference_lines(frame: DataFrame) -> list[str]:
    """Return, from differences.csv, the first protocol's shadow minus single in words."""
    is_headline = (frame["scorer"] == HEADLINE) & frame["protocol"].isin(frame["protocol"][:1])
    shown = frame[is_headline & (frame["bn"] == "shadow") & (frame["minus"] == "single")]
    rows: list[Any] = shown.to_dict("records")
    return [_say_difference(*_difference(row)[1:7]) for row in rows]


def _say_difference(m: str, what: str, calibrated: str, mean: str, cells: str, seeds: str) -> str:
    state = "calibrated" if calibrated == "yes" else "raw"
    return f"{what}, m = {m}, {state}: {mean}, 95% over cells {cells}, over seeds {seeds}"


def name_protocol(protocol: str) -> str:
    """Name a protocol and its recipe, and say what it does."""
    if protocol not in PROTOCOLS:
        return f"protocol {protocol}"
    known = PROTOCOLS[protocol]
    return f"recipe {known.recipe}, protocol {protocol}: {describe(known)}"


def describe_n(row: Row) -> str:
    """Say how many cells, architectures and seeds a row rests on."""
    seeds = "1 seed" if row["num_seeds"] == 1 else f"{row['num_seeds']} seeds"
    cells, architectures = (_count(row[name]) for name in ("num_cells", "num_architectures"))
    return f"{cells} cells, {architectures} architectures, {seeds}"


def describe_tau(row: Row) -> str:
    """Write a row's tau with its interval over cells, where it has one."""
    text = _number(row["tau_mean"], 2)
    return (
        text if isnan(row["tau_low"]) else f"{text} [{row['tau_low']:.2f}, {row['tau_high']:.2f}]"
    )


def name_row(row: Row) -> str:
    """Name a row's method, or its baseline."""
    if row["bn"] == NOTHING:
        return style.label(row["scorer"])
    return style.label(row["bn"]) + (", calibrated" if row["calibrated"] == "True" else ", raw")


def _cells(row: Row) -> Row:
    is_baseline = row["bn"] == NOTHING
    return {
        "batch norm": NOTHING if is_baseline else row["bn"],
        "calibrated": _yes(row["calibrated"]),
        "scorer": style.label(row["scorer"]),
        "tau": _number(row["tau_mean"]),
        "95% over cells": _interval(row["tau_low"], row["tau_high"], _number),
        "sd over seeds": _number(row["tau_std"]),
        "Spearman": _number(row["spearman"]),
        "weighted tau": _number(row["weighted_tau"]),
        "top 10%": _number(row["precision_top10"], 2),
        "regret": NOTHING if isnan(row["regret"]) else style.percent(row["regret"], 2),
    }


def _difference(row: Row) -> tuple[str, ...]:
    return (
        str(row["protocol"]),
        str(row["m"]),
        f"{style.label(row['bn'])} minus {style.label(row['minus'])}",
        _yes(row["calibrated"]),
        _signed(row["difference_mean"]),
        _interval(row["difference_low"], row["difference_high"], _signed),
        _interval(row["difference_low_seeds"], row["difference_high_seeds"], _signed),
        _number(row["difference_std"]),
        str(row["num_seeds"]),
    )


def _ceiling(row: Row) -> Row:
    return {
        "batch norm": NOTHING,
        "calibrated": NOTHING,
        "scorer": "noise ceiling",
        "tau": _number(row["ceiling"]),
    }


def _order(row: Row) -> tuple[bool, bool, str, int, str]:
    """Put methods before baselines, and the headline scorer before the others."""
    is_baseline = row["bn"] == NOTHING
    method = row["scorer"] if is_baseline else row["bn"]
    scorer = "" if is_baseline else row["scorer"]
    return is_baseline, scorer != HEADLINE, scorer, style.order(method), row["calibrated"]


def _markdown(table: TextTable) -> str:
    lines = [table.columns, tuple("---" for _ in table.columns), *table.rows]
    return "\n".join([f"{table.caption}.", "", *("| " + " | ".join(line) + " |" for line in lines)])


def _rich(table: TextTable) -> RichTable:
    rich = RichTable(title=table.caption, title_justify="left", box=None, pad_edge=False)
    for column in table.columns:
        is_text = column in COLUMNS[:3]
        rich.add_column(
            NARROW[column],
            justify="left" if is_text else "right",
            no_wrap=not is_text,
            overflow="fold",
        )
    for row in table.rows:
        rich.add_row(*row)
    return rich


def _interval(low: float, high: float, write: Any) -> str:
    return NOTHING if isnan(low) else f"[{write(low)}, {write(high)}]"


def _number(value: float, digits: int = 3) -> str:
    return NOTHING if isnan(value) else f"{round(value, digits) + 0.0:.{digits}f}"


def _signed(value: float) -> str:
    return f"{value:+.3f}"


def _yes(calibrated: Any) -> str:
    return {"True": "yes", "False": "no"}.get(str(calibrated), NOTHING)


def _count(value: float) -> str:
    return f"{value:.0f}" if float(value).is_integer() else f"on average {value:.1f}"
