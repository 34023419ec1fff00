"""One door to what lies on disk."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from analysis.read import is_measured, read_about, read_all, read_ranking, read_runs
from bench.base.files import read_csv, write_csv
from bench.runs.find import find_main_runs, find_runs
from bench.runs.schemas.kinds import IN_RESULTS
from tests.paths import ROOT
from tests.synthetic import write_runs

if TYPE_CHECKING:
    from pathlib import Path


KNOW_NO_RUN = {"bench.runs.layout", "bench.runs.schemas.calibrated", "bench.runs.words"}


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    only_types = [
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
        for node in ast.walk(block)
    ]
    return {node.module or "" for node in nodes if node not in only_types}


@pytest.mark.parametrize("path", sorted((ROOT / "analysis").rglob("*.py")), ids=lambda p: p.name)
def test_no_other_module_finds_runs(path: Path) -> None:
    """But for names of files, and functions that put values into words, which know no run.

    A leaderboard is a file of its own, with a schema and a lock.
    """
    stores = {name for name in imported(path) if name.startswith("bench.runs")}
    is_own = path.name == "read.py" or path.parent.name == "leaderboard"
    assert is_own or stores <= KNOW_NO_RUN


def test_runs_of_the_authors_recipe_are_left_out_where_there_are_others(tmp_path: Path) -> None:
    write_runs(tmp_path, seeds=(0,), batch_norms=("none",), recipe="authors")
    assert [run.recipe.name for run in find_main_runs(tmp_path)] == ["authors"]
    assert [run.recipe.name for run in read_runs(tmp_path)] == ["authors"]
    write_runs(tmp_path, seeds=(0,), batch_norms=("shadow",))
    assert [run.recipe.name for run in find_main_runs(tmp_path)] == ["sound"]
    assert [run.recipe.name for run in read_runs(tmp_path)] == ["sound"]


def test_every_row_says_which_run_it_is_of(tmp_path: Path) -> None:
    runs = write_runs(tmp_path, ms=(2, 4), seeds=(0, 1))
    frame = read_all(tmp_path, "scores.csv")
    assert list(frame)[:5] == ["space", "m", "bn", "seed", "final_epoch"]
    assert len(frame) == sum(len(run.scores()) for run in runs)
    run = runs[-1]
    same = frame[(frame["m"] == run.recipe.m) & (frame["bn"] == run.variant)]
    same = same[same["seed"] == run.seed]
    assert same["accuracy"].tolist() == run.scores()["accuracy"].tolist()
    assert set(same["final_epoch"]) == {run.recipe.training.epochs}


def test_a_run_without_the_file_is_left_out(tmp_path: Path) -> None:
    assert read_runs(tmp_path) == []
    first, _ = write_runs(tmp_path, seeds=(0, 1), batch_norms=("shadow",))
    assert not is_measured(tmp_path, "curve.csv")
    assert read_all(tmp_path, "curve.csv").empty
    curve = first.scores()[:3].assign(epoch=1)[["epoch", "architecture", "accuracy", "loss"]]
    write_csv(curve, first.folder / "curve.csv")
    assert is_measured(tmp_path, "curve.csv")
    assert len(read_all(tmp_path, "curve.csv")) == 3
    assert len(find_runs(tmp_path)) == 2


def test_calibrated_has_one_type_with_and_without_baselines(ranked: Path, tmp_path: Path) -> None:
    frame = read_ranking(ranked, "kendall_tau.csv")
    assert set(frame["calibrated"].dropna()) == {True, False}
    assert frame["calibrated"].isna().equals(frame["bn"] == "-")
    methods = read_csv(ranked / "kendall_tau.csv")
    write_csv(methods[methods["bn"] != "-"], tmp_path / "kendall_tau.csv")
    alone = read_ranking(tmp_path, "kendall_tau.csv")
    assert set(alone["calibrated"]) == {True, False}
    assert alone["calibrated"].dtype == frame["calibrated"].dtype == "boolean"
    scores = read_all(ranked, "scores.csv")["calibrated"]
    assert scores.dtype == frame["calibrated"].dtype


def test_what_stands_above_a_ranking_is_read(ranked: Path) -> None:
    assert read_about(ranked)["headline"] == {"protocol": "sound", "scorer": "accuracy"}


def test_committed_results_are_readable() -> None:
    reference = ROOT / "results" / "reference"
    names = [path.name for path in (reference / "digits").glob("*.csv")]
    ranked = [schema.name for schema in IN_RESULTS]
    assert set(ranked) <= set(names)
    for name in ranked:
        assert len(read_ranking(reference / "digits", name))
    assert read_about(reference / "digits")["notes"] == []
