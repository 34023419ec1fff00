"""The rankings of given scores as tables of text."""

from __future__ import annotations

from itertools import pairwise
from math import isnan
from typing import TYPE_CHECKING, Any

from analysis import style
from analysis.frames import records
from analysis.given.tau import describe_given, first_given, ordered
from analysis.phrases import (
    NOTHING,
    describe_tau,
    has_seeds,
    interval,
    name_protocol,
    name_row,
    number,
    signed,
)
from analysis.read import read_ranking
from analysis.text_table import Tables, TextTable
from bench.ranking.baselines import BAR, RANDOM
from bench.ranking.outputs import DIFFERENCES, KENDALL_TAU
from bench.ranking.ruler import GIVEN
from bench.ranking.strata import EQUAL_CONV3X3, NEAR_PARAMETERS, TOP20
from bench.ranking.summary import SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandas import DataFrame

    Row = dict[str, Any]

METHOD = "method"
TOP = "tau, best 20%"
NARROW = {METHOD: METHOD, "tau": "tau", "95%": "95%", TOP: "best 20%", "regret": "regret"}
"""What fits a terminal of 80 columns, and under which headings."""

WHAT = "95% over seeds and cells together"
AGAINST = {
    BAR: f"tau minus that of '{style.label(BAR)}', on the same cells; {WHAT}",
    SIZE: f"the same against '{style.label(SIZE)}'",
}
NEXT = f"tau of each method minus that of the next in order; {WHAT}; differences.csv has every pair"
DIFFERENCE_COLUMNS = ("difference of tau", "mean", "95%", "sd over seeds", "seeds")


def is_given(frame: DataFrame) -> bool:
    """Tell whether rows of kendall_tau.csv are of given scores."""
    return bool((frame["bn"] == GIVEN).any())


def given_table(frame: DataFrame, columns: Sequence[str] = ()) -> TextTable:
    """Make the table of tau from rows of kendall_tau.csv.

    Args:
        frame: the rows.
        columns: those to show; all that say something unless given.
    """
    rows = ordered(frame) + records(frame[frame["scorer"] == RANDOM])
    cells = [*map(_cells, rows), _ceiling(rows[0])]
    told = [name for name in cells[0] if any(row.get(name, "") != NOTHING for row in cells[:-1])]
    columns = columns or told
    return TextTable(
        caption=f"{describe_given(rows)}; {name_protocol(rows[0]['protocol'])}",
        columns=tuple(columns),
        rows=[tuple(row.get(name, "") for name in columns) for row in cells],
    )


def given_sentence(frame: DataFrame) -> str:
    """Say which score ranks best, and whether it passes what is free."""
    rows = ordered(frame)
    best, free = first_given(rows), next(row for row in rows if row["bn"] == NOTHING)
    ceiling = "unknown" if isnan(best["ceiling"]) else f"{best['ceiling']:.2f}"
    parts = [
        f"tau of {what}, {name_row(row)}, {describe_tau(row)}, within the best 20% "
        f"{number(row[TOP20], 2)}"
        for what, row in (("the best score given", best), ("the best that costs nothing", free))
        if what.endswith("nothing") or row["bn"] == GIVEN
    ]
    return f"{describe_given(rows)}: {'; '.join(parts)}; noise ceiling {ceiling}."


def given_differences(frame: DataFrame, taus: DataFrame) -> list[TextTable]:
    """Make the tables of paired differences.

    Args:
        frame: rows of differences.csv.
        taus: rows of kendall_tau.csv, for their order.
    """
    best_first = frame.sort_values("difference_mean", ascending=False, kind="stable")
    tables = [
        (caption, [_difference(row) for row in records(best_first[best_first["minus"] == name])])
        for name, caption in AGAINST.items()
    ]
    order = [row["scorer"] for row in ordered(taus[taus["bn"] == GIVEN])]
    pairs = [_pair(frame, *pair) for pair in pairwise(order)]
    tables.append((NEXT, [row for rows in pairs for row in rows]))
    return [
        TextTable(caption=caption, columns=DIFFERENCE_COLUMNS, rows=rows)
        for caption, rows in tables
        if rows
    ]


def _cells(row: Row) -> Row:
    return {
        METHOD: name_row(row),
        "tau": number(row["tau_mean"]),
        "95%": interval(row["tau_low"], row["tau_high"], number),
        TOP: number(row[TOP20]),
        "95% of these": interval(row[f"{TOP20}_low"], row[f"{TOP20}_high"], number),
        "sd over seeds": number(row["tau_std"]) if has_seeds(row) else NOTHING,
        "tau, equal 3x3 counts": number(row[EQUAL_CONV3X3], 2),
        "tau, near parameter counts": number(row[NEAR_PARAMETERS], 2),
        "Spearman": number(row["spearman"]),
        "weighted tau": number(row["weighted_tau"]),
        "top 10%": number(row["precision_top10"], 2),
        "regret": style.percent(row["regret"], 2),
    }


def _ceiling(row: Row) -> Row:
    return {METHOD: "noise ceiling", "tau": number(row["ceiling"])}


def _pair(frame: DataFrame, better: str, worse: str) -> list[tuple[str, ...]]:
    """Find the difference of two methods, which the file holds one way round."""
    here = frame[(frame["scorer"] == better) & (frame["minus"] == worse)]
    there = frame[(frame["scorer"] == worse) & (frame["minus"] == better)]
    turned = there.assign(
        scorer=better,
        minus=worse,
        difference_mean=-there["difference_mean"],
        difference_low=-there["difference_high"],
        difference_high=-there["difference_low"],
    )
    return [_difference(row) for row in (*records(here), *records(turned))]


def _difference(row: Row) -> tuple[str, ...]:
    return (
        f"{style.label(row['scorer'])} minus {style.label(row['minus'])}",
        signed(row["difference_mean"]),
        interval(row["difference_low"], row["difference_high"], signed),
        number(row["difference_std"]),
        str(row["num_seeds"]),
    )


TAU = Tables(
    title="Table of tau",
    text="",
    compute=lambda results: [given_table(read_ranking(results, KENDALL_TAU))],
    numbers=(KENDALL_TAU, "kendall_tau.json", "kendall_tau.md", "kendall_tau.tex"),
)

DIFFERENCES_OF_TAU = Tables(
    title="Which score ranks better?",
    text="Differences of tau on the same cells, in pairs. Where an interval holds 0, none was "
    "detected, and what lies outside is excluded.",
    compute=lambda results: given_differences(
        read_ranking(results, DIFFERENCES), read_ranking(results, KENDALL_TAU)
    ),
    numbers=(DIFFERENCES,),
)
