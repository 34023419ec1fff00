"""Ranking a folder again whose files were damaged: scores are refused, what it writes is healed."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from bench import run as command_line
from bench.ranking.outputs import write_rankings
from bench.ranking.protocol import PROTOCOLS
from bench.runs.find import find_runs
from bench.table.table import Table
from tests.synthetic import write_runs, write_truth

if TYPE_CHECKING:
    from pathlib import Path

CUT_OFF = "the line is cut off"


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("complete") / "digits"
    write_runs(results, ms=(2,), seeds=(0,))
    write_truth(results / "truth.h5")
    return results


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (",True,0.", ",True,1.", "column 'accuracy': '1."),
        (",True,0.", ",Ture,0.", "column 'calibrated': 'Ture' is neither True nor False"),
        (",True,0.", ",0.", "4 values, where the header has 5"),
    ],
)
def test_damaged_scores_are_named_in_one_line(
    complete: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
    problem: str,
) -> None:
    results = shutil.copytree(complete, tmp_path / "digits")
    path = next(results.glob("*/shadow-seed0/scores.csv"))
    text = path.read_text()
    before, _, after = text.partition(old)
    path.write_text(before + new + after)
    line = before.count("\n") + 1
    _refuse(results, capsys, f"{path}, line {line}: {problem}")


def test_scores_that_were_cut_off_are_named_in_one_line(
    complete: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = shutil.copytree(complete, tmp_path / "digits")
    path = next(results.glob("*/shadow-seed0/scores.csv"))
    lines = path.read_text().splitlines(keepends=True)[:9]
    path.write_text("".join(lines)[:-5])
    _refuse(results, capsys, f"{path}, line 9: {CUT_OFF}")


def test_a_damaged_ranking_is_written_again(complete: Path, tmp_path: Path) -> None:
    """As its remedy says, though it need not even be deleted."""
    results = shutil.copytree(complete, tmp_path / "digits")
    runs = find_runs(results)
    with Table(results / "truth.h5") as table:
        write_rankings(results, runs, table, [PROTOCOLS["sound"]])
        path = results / "kendall_tau.csv"
        whole = path.read_bytes()
        path.write_bytes(whole[:-7])
        write_rankings(results, runs, table, [PROTOCOLS["sound"]])
    assert path.read_bytes() == whole


def _refuse(results: Path, capsys: pytest.CaptureFixture[str], start: str) -> None:
    """Rank again by the command line, which must name the file, the row and the remedy."""
    arguments = ["--m", "2", "--seeds", "1", "--protocol", "sound", "--jobs", "1"]
    places = ["--table", str(results / "truth.h5"), "--out", str(results), "--other-truth"]
    assert command_line.main([*arguments, *places]) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert len(said) == 1
    assert start in said[0]
    assert said[0].endswith("delete it: the same command makes it again")
    assert not (results / "kendall_tau.csv").exists()
