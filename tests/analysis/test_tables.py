"""Tables of text: complete, in order, never without recipe and protocol, and narrow enough."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from analysis.phrases import describe_tau, name_protocol, name_row
from analysis.read import read_ranking
from analysis.tables import (
    PAGE_COLUMNS,
    difference_lines,
    difference_tables,
    markdown_tables,
    tau_tables,
    terminal_table,
)
from bench.ranking.outputs import Rankings, rank
from bench.ranking.protocol import PROTOCOLS
from bench.runs import schemas
from bench.table.table import Table
from tests.synthetic import write_runs, write_truth

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def rankings(tmp_path_factory: pytest.TempPathFactory) -> Rankings:
    results: Path = tmp_path_factory.mktemp("digits")
    runs = write_runs(results, ms=(2, 4))
    with Table(write_truth(results / "truth.h5")) as table:
        return rank(runs, table, [PROTOCOLS["sound"], PROTOCOLS["paper"]])


def test_headline_scorer_then_others_then_baselines_then_ceiling(rankings: Rankings) -> None:
    table = tau_tables(rankings.kendall_tau)[1]
    assert [row[:3] for row in table.rows] == [
        ("shadow", "no", "accuracy"),
        ("shadow", "yes", "accuracy"),
        ("single", "no", "accuracy"),
        ("single", "yes", "accuracy"),
        ("shadow", "no", "negative loss"),
        ("shadow", "yes", "negative loss"),
        ("single", "no", "negative loss"),
        ("single", "yes", "negative loss"),
        ("-", "-", "parameter count"),
        ("-", "-", "multiply-adds"),
        ("-", "-", "3x3 convolutions"),
        ("-", "-", "3x3 then max-pools"),
        ("-", "-", "random, one draw"),
        ("-", "-", "noise ceiling"),
    ]


def test_no_number_without_recipe_and_protocol(rankings: Rankings) -> None:
    captions = [table.caption for table in tau_tables(rankings.kendall_tau)]
    assert len(captions) == 4
    assert captions[0] == (
        "m = 2, 9 cells, 66 architectures, 3 seeds; recipe sound, protocol sound: every "
        "architecture; copies of one cell averaged; truth = mean test accuracy"
    )
    assert "recipe sound, protocol paper: min(70, all) distinct" in captions[3]
    assert "on average" in captions[3], "draws differ in their number of cells"
    assert name_protocol("mine") == "protocol mine"


def test_what_is_not_known_is_a_dash(rankings: Rankings) -> None:
    frame = rankings.kendall_tau.assign(tau_std=float("nan"), regret=float("nan"))
    few = tau_tables(frame)[0]
    row = dict(zip(few.columns, few.rows[0], strict=True))
    assert row["95%"] == row["sd over seeds"] == row["regret"] == "-"


def test_a_row_in_words(rankings: Rankings) -> None:
    row: dict[Any, Any] = rankings.kendall_tau.iloc[0].to_dict()
    row |= {"tau_mean": 0.7004, "tau_low": 0.6, "tau_high": 0.75}
    assert f"{name_row(row)} {describe_tau(row)}" == "shadow BN, raw 0.70 [0.60, 0.75]"
    nan = float("nan")
    assert describe_tau(row | {"tau_low": nan}) == "0.70"
    assert describe_tau(row | {"tau_mean": nan, "tau_low": nan}) == "-"


def test_minus_zero_is_zero(rankings: Rankings) -> None:
    frame = rankings.kendall_tau.assign(tau_mean=-1e-6)
    assert tau_tables(frame)[0].rows[0][3] == "0.000"


def test_markdown_has_a_cell_for_every_column(rankings: Rankings) -> None:
    text = markdown_tables(rankings.kendall_tau)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 4 * (2 + 14)
    assert {line.count("|") for line in lines} == {14}
    row = rankings.kendall_tau.iloc[0]
    assert f"{row['tau_mean']:.3f}" in text


def test_the_terminal_table_fits_80_columns(rankings: Rankings) -> None:
    stream = io.StringIO()
    Console(file=stream, width=80).print(terminal_table(rankings.kendall_tau))
    text = stream.getvalue()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("noise ceiling") == 4
    assert "recipe sound, protocol sound" in text


def test_a_method_is_named_in_one_cell_on_the_page(rankings: Rankings) -> None:
    """And a baseline by itself, which no scorer of a supernet has scored."""
    table = tau_tables(rankings.kendall_tau, PAGE_COLUMNS)[1]
    by_tau = tau_tables(rankings.kendall_tau)[1]
    assert [row[1:3] for row in table.rows] == [row[3:5] for row in by_tau.rows]
    assert [(row[0], row[3]) for row in table.rows[3:5]] == [
        ("single BN, calibrated", "accuracy"),
        ("shadow BN, raw", "negative loss"),
    ]
    assert (table.rows[8][0], table.rows[8][3]) == ("parameter count", "-")
    assert table.rows[-1][0] == "noise ceiling"


def test_differences_of_batch_norms_and_against_counts(rankings: Rankings) -> None:
    tables = difference_tables(rankings.differences)
    paired, counted, *_ = tables
    assert [table.caption.partition(":")[0] for table in tables] == [
        *2 * ["Protocol sound"],
        *2 * ["Protocol paper"],
    ]
    assert [row[:2] for row in paired.rows] == [
        (f"shadow BN minus single BN, {state}", m)
        for m in ("2", "4")
        for state in ("raw", "calibrated")
    ]
    assert {row[0].partition(",")[0] for row in counted.rows} == {
        f"{bn} BN minus {count}"
        for bn in ("shadow", "single")
        for count in ("parameter count", "3x3 convolutions", "3x3 then max-pools")
    }
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
    assert difference_tables(rankings.differences[:0]) == []
    assert difference_lines(rankings.differences[:0]) == []


def test_csv_files_give_the_same_tables_as_frames(rankings: Rankings, tmp_path: Path) -> None:
    """Also where a file of methods alone has no '-' in its column `calibrated`."""
    methods = rankings.kendall_tau[rankings.kendall_tau["bn"] != "-"]
    for frame in (rankings.kendall_tau, methods):
        schemas.write(frame, tmp_path / "kendall_tau.csv", schemas.KENDALL_TAU)
        assert tau_tables(read_ranking(tmp_path, "kendall_tau.csv")) == tau_tables(frame)


def test_difference_lines_say_what_the_headline_found(rankings: Rankings) -> None:
    lines = difference_lines(rankings.differences)
    assert len(lines) == 2 * rankings.differences["m"].nunique()
    assert lines[0].startswith("shadow BN minus single BN, m = ")
    assert "over seeds and cells [" in lines[-1]


def test_no_difference_is_said_as_none_detected_and_what_is_excluded(rankings: Rankings) -> None:
    frame = rankings.differences
    found = frame.assign(difference_mean=0.05, difference_low=0.01, difference_high=0.09)
    none = frame.assign(difference_mean=0.01, difference_low=-0.07, difference_high=0.09)
    unknown = frame.assign(difference_low=float("nan"), difference_high=float("nan"))
    assert all("none detected" not in line for line in difference_lines(found))
    ending = ": none detected, leads above 0.09, deficits above 0.07 excluded"
    assert all(line.endswith(ending) for line in difference_lines(none))
    assert all(line.endswith("no interval under 10 cells") for line in difference_lines(unknown))
    one = none.assign(num_seeds=1)
    assert all(", 95% over cells [-0.070, +0.090]: " in line for line in difference_lines(one))
