"""Two commands at once on one folder: both end right, or one says that another is at work."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.damage.cells import RANKED, TRAINED, rank
from tests.damage.kills import contents
from tests.damage.scores import make_own, rank_to_board
from tests.paths import ROOT
from tests.synthetic import write_truth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

BUSY = "error: another command is at work in "


def start(arguments: Sequence[object]) -> subprocess.Popen[str]:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def end(process: subprocess.Popen[str]) -> str:
    """Wait for a command; return '' where it ended well, else its error."""
    _, said = process.communicate(timeout=300)
    assert "Traceback" not in said, said
    return said if process.returncode else ""


@pytest.mark.slow
def test_two_rankings_of_the_same_runs(tmp_path: Path) -> None:
    for name in ("alone", "both"):
        (tmp_path / name).mkdir()
        write_truth(tmp_path / name / "truth.h5")
    assert end(start(rank(tmp_path / "alone"))) == ""
    said = [
        end(process) for process in (start(rank(tmp_path / "both")), start(rank(tmp_path / "both")))
    ]
    assert all(not line or BUSY in line for line in said), said
    assert "" in said
    read = contents(*TRAINED, *RANKED)
    assert read(tmp_path / "both") == read(tmp_path / "alone")
    assert end(start(rank(tmp_path / "both"))) == ""


@pytest.mark.slow
def test_two_rankings_of_given_scores(tmp_path: Path) -> None:
    for name in ("alone", "both"):
        (tmp_path / name).mkdir()
        make_own(tmp_path / name)
    assert end(start(("bench/rank.py", *rank_to_board(tmp_path / "alone")))) == ""
    both = ("bench/rank.py", *rank_to_board(tmp_path / "both"))
    assert [end(process) for process in (start(both), start(both))] == ["", ""], "one waits"
    read = contents("out/*.csv", "board/*.csv")
    assert read(tmp_path / "both") == read(tmp_path / "alone")
