"""The result as tables of text: for a terminal, for Markdown, and for the page.

A number never stands without its recipe and protocol, so every table carries them as its caption.
"""

from __future__ import annotations

from dataclasses import replace
from math import isnan
from typing import TYPE_CHECKING, Any

from rich.console import Group

from analysis import style
from analysis.frames import groups, records
from analysis.given.tables import given_table, is_given
from analysis.phrases import (
    NOTHING,
    covers,
    describe_n,
    describe_tau,
    excluded,
    has_seeds,
    interval,
    name_protocol,
    name_row,
    number,
    signed,
    yes,
)
from analysis.read import read_ranking
from analysis.text_table import Tables, TextTable, to_latex, to_markdown, to_rich
from bench.ranking.outputs import DIFFERENCES, HEADLINE, KENDALL_TAU
from bench.ranking.strata import EQUAL_CONV3X3, NEAR_PARAMETERS, TOP20
from bench.ranking.summary import COUNTS
from bench.runs.schemas.calibrated import calibrated_word, is_calibrated

if TYPE_CHECKING:
    from pandas import DataFrame

    Row = dict[str, Any]

MARKDOWN, LATEX = "kendall_tau.md", "kendall_tau.tex"
TOP = "tau, best 20%"
EQUAL = "tau, equal 3x3 counts"
NEAR = "tau, near parameter counts"
COLUMNS = (
    "batch norm",
    "calibrated",
    "scorer",
    "tau",
    "95%",
    "sd over seeds",
    TOP,
    EQUAL,
    NEAR,
    "Spearman",
    "weighted tau",
    "top 10%",
    "regret",
)
PAGE_COLUMNS = ("method", "tau", "95%", "scored by", *COLUMNS[5:])
"""With what a telephone shows before it is scrolled first."""
DIFFERENCE_COLUMNS = (
    "difference of tau",
    "m",
    "mean",
    "95%",
    "95% over cells",
    "95% over seeds",
    "sd over seeds",
    "seeds",
)
PAIRED = (
    f"tau of {style.label(HEADLINE)} in pairs of runs of one seed; 95% over seeds and cells "
    "together (none under 10 cells). Beside it over cells alone, both resampled alike, and over "
    "seeds alone, Student's, from three seeds on"
)
COUNTED = "the same against what costs nothing, on the same entries"
NARROW = {
    "batch norm": "batch norm",
    "calibrated": "calib.",
    "scorer": "scorer",
    "tau": "tau",
    "95%": "95%",
    "eq. 3x3": "eq. 3x3",
    "regret": "regret",
}
"""What fits a terminal of 80 columns, and under which headings."""


def tau_tables(frame: DataFrame, columns: tuple[str, ...] = COLUMNS) -> list[TextTable]:
    """Make one table per protocol and m from the rows of kendall_tau.csv, headline first."""
    tables = []
    for protocol in frame["protocol"].unique():
        for m, same in groups(frame[frame["protocol"] == protocol], "m"):
            rows = sorted(records(same), key=_order)
            cells = [_cells(row) for row in rows] + [_ceiling(rows[0])]
            tables.append(
                TextTable(
                    caption=f"m = {m}, {describe_n(rows[0])}; {name_protocol(protocol)}",
                    columns=columns,
                    rows=[tuple(row.get(c, "") for c in columns) for row in cells],
                )
            )
    return tables


def difference_tables(frame: DataFrame) -> list[TextTable]:
    """Make the tables of paired differences of the headline scorer from differences.csv.

    Returns:
        By protocol, one of batch norms against each other, and one of batch norms against
        counts; without those that would have no row.
    """
    shown = frame[frame["scorer"] == HEADLINE]
    is_counted = shown["minus"].isin(COUNTS)
    parts = [
        (f"Protocol {protocol}: {caption}", shown[is_kind & (shown["protocol"] == protocol)])
        for protocol in shown["protocol"].unique()
        for caption, is_kind in ((PAIRED, ~is_counted), (COUNTED, is_counted))
    ]
    return [
        TextTable(
            caption=caption,
            columns=DIFFERENCE_COLUMNS,
            rows=[_difference(row) for row in records(rows)],
        )
        for caption, rows in parts
        if len(rows)
    ]


def markdown_tables(frame: DataFrame) -> str:
    """Return the tables of kendall_tau.csv as Markdown."""
    return "\n\n".join(map(to_markdown, _tables_of(frame))) + "\n"


def latex_tables(frame: DataFrame, note: str = "") -> str:
    """Return the tables of kendall_tau.csv as LaTeX, for the package booktabs.

    Args:
        frame: its rows.
        note: what every caption is to say besides.
    """
    tables = _tables_of(frame)
    if note:
        tables = [replace(table, caption=f"{table.caption}. {note}") for table in tables]
    return "\n".join(map(to_latex, tables))


def terminal_table(frame: DataFrame) -> Group:
    """Return the tables of kendall_tau.csv for a terminal of 80 columns or more."""
    tables = tau_tables(frame, tuple(NARROW))
    return Group(*(part for table in tables for part in (to_rich(table, NARROW, COLUMNS[:3]), "")))


def _tables_of(frame: DataFrame) -> list[TextTable]:
    return [given_table(frame)] if is_given(frame) else tau_tables(frame)


def difference_lines(frame: DataFrame) -> list[str]:
    """Return, from differences.csv, the first protocol's shadow minus single in words."""
    is_headline = (frame["scorer"] == HEADLINE) & frame["protocol"].isin(frame["protocol"][:1])
    shown = frame[is_headline & (frame["bn"] == "shadow") & (frame["minus"] == "single")]
    return [_say_difference(row) for row in records(shown)]


def _say_difference(row: Row) -> str:
    what = f"{_name_difference(row)}, m = {row['m']}, {calibrated_word(row['calibrated'])}"
    mean, both = _difference(row)[2:4]
    if both == NOTHING:
        return f"{what}: {mean}, no interval under 10 cells"
    return f"{what}: {mean}, 95% over {covers(row['num_seeds'])} {both}{_verdict(row)}"


def _verdict(row: Row) -> str:
    """Say what an interval that holds 0 excludes; nothing where it does not."""
    low, high = row["difference_low"], row["difference_high"]
    return f": none detected, {excluded(low, high)}" if low <= 0 <= high else ""


def _cells(row: Row) -> Row:
    is_baseline = row["bn"] == NOTHING
    return {
        "method": name_row(row),
        "scored by": NOTHING if is_baseline else style.label(row["scorer"]),
        "batch norm": NOTHING if is_baseline else row["bn"],
        "calibrated": yes(row["calibrated"]),
        "scorer": style.label(row["scorer"]),
        "tau": number(row["tau_mean"]),
        "95%": interval(row["tau_low"], row["tau_high"], number),
        "sd over seeds": number(row["tau_std"]) if has_seeds(row) else NOTHING,
        TOP: number(row[TOP20], 2),
        EQUAL: describe_tau(row, EQUAL_CONV3X3),
        NEAR: describe_tau(row, NEAR_PARAMETERS),
        "eq. 3x3": number(row[EQUAL_CONV3X3], 2),
        "Spearman": number(row["spearman"]),
        "weighted tau": number(row["weighted_tau"]),
        "top 10%": number(row["precision_top10"], 2),
        "regret": NOTHING if isnan(row["regret"]) else style.percent(row["regret"], 2),
    }


def _ceiling(row: Row) -> Row:
    return {
        "method": "noise ceiling",
        "batch norm": NOTHING,
        "calibrated": NOTHING,
        "scorer": "noise ceiling",
        "tau": number(row["ceiling"]),
    }


def _difference(row: Row) -> tuple[str, ...]:
    return (
        f"{_name_difference(row)}, {calibrated_word(row['calibrated'])}",
        str(row["m"]),
        signed(row["difference_mean"]),
        interval(row["difference_low"], row["difference_high"], signed),
        interval(row["difference_low_cells"], row["difference_high_cells"], signed),
        interval(row["difference_low_seeds"], row["difference_high_seeds"], signed),
        number(row["difference_std"]),
        str(row["num_seeds"]),
    )


def _name_difference(row: Row) -> str:
    return f"{style.label(row['bn'])} minus {style.label(row['minus'])}"


def _order(row: Row) -> tuple[bool, bool, str, int, bool]:
    """Put methods before baselines, and the headline scorer before the others."""
    is_baseline = row["bn"] == NOTHING
    method = row["scorer"] if is_baseline else row["bn"]
    scorer = "" if is_baseline else row["scorer"]
    place = style.order(method)
    return is_baseline, scorer != HEADLINE, scorer, place, is_calibrated(row["calibrated"])


TAU = Tables(
    title="Tables of tau",
    text="",
    compute=lambda results: tau_tables(read_ranking(results, KENDALL_TAU), PAGE_COLUMNS),
    numbers=(KENDALL_TAU, MARKDOWN, LATEX),
)

DIFFERENCES_OF_TAU = Tables(
    title="Does shadow batch norm rank better?",
    text="Differences of tau. Where an interval holds 0, none was detected, and what lies outside "
    "is excluded.",
    compute=lambda results: difference_tables(read_ranking(results, DIFFERENCES)),
    numbers=(DIFFERENCES,),
)
