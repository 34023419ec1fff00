"""A file of scores in the making: whatever is cut, what comes of it is the same."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest

from bench.base.files import read_csv
from bench.scores.growing import GrowingScores

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = {"batch_size": 64, "cells": "two", "methods": ["zen"], "seeds": [0]}
ONE, TWO = "0" * 32, "f" * 32
VALUES = {"zen": 0.1 + 0.2, "a-module:naswot": math.nan}


def fill(path: Path) -> bytes:
    scores = GrowingScores(path, ABOUT)
    for cell_hash in (TWO, ONE):
        scores.add(cell_hash, 0, VALUES)
    scores.finish()
    return path.read_bytes()


def test_what_a_kill_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in (".scores.csv.part.7.tmp", ".others.csv.7.tmp"):
        (tmp_path / name).touch()
    fill(tmp_path / "scores.csv")
    assert {file.name for file in tmp_path.iterdir()} == {
        ".others.csv.7.tmp",
        "scores.csv",
        "scores.json",
    }


def test_rows_are_sorted_and_as_given(tmp_path: Path) -> None:
    fill(tmp_path / "scores.csv")
    frame = read_csv(tmp_path / "scores.csv")
    assert [*frame["cell_hash"]] == [ONE, ONE, TWO, TWO]
    assert [*frame["method"][:2]] == ["a-module:naswot", "zen"]
    assert frame["score"][1] == 0.1 + 0.2
    assert math.isnan(frame["score"][0])
    assert [file.name for file in sorted(tmp_path.iterdir())] == ["scores.csv", "scores.json"]


@pytest.mark.parametrize("num_bytes", range(0, 240, 17))
def test_cut_anywhere_it_goes_on_with_the_same_bytes(tmp_path: Path, num_bytes: int) -> None:
    path = tmp_path / "scores.csv"
    part = tmp_path / "scores.csv.part"
    begun = GrowingScores(path, ABOUT)
    for cell_hash in (TWO, ONE):
        begun.add(cell_hash, 0, VALUES)
    whole = part.read_bytes()
    header = whole.index(b"\n") + 1
    part.write_bytes(whole[: header + num_bytes])
    again = GrowingScores(path, ABOUT)
    assert len(again.scores) == whole[header : header + num_bytes].count(b"\n")
    for cell_hash in (TWO, ONE):
        left = {m: v for m, v in VALUES.items() if (cell_hash, m, 0) not in again.scores}
        again.add(cell_hash, 0, left)
    again.finish()
    assert path.read_bytes() == fill(tmp_path / "whole.csv")


def test_more_cells_methods_and_seeds_may_join(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    fill(path)
    more = GrowingScores(path, {**ABOUT, "cells": "three", "seeds": [1], "source of own": "ab"})
    assert len(more.scores) == 4
    more.add(ONE, 1, {"zen": 3.0})
    more.finish()
    assert len(read_csv(path)) == 5
    assert json.loads(path.with_suffix(".json").read_text())["cells"] == "three"


def test_scores_made_in_another_way_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    before = fill(path)
    with pytest.raises(ValueError, match="with batch_size 64, not 32: name another --out"):
        GrowingScores(path, {**ABOUT, "batch_size": 32})
    assert path.read_bytes() == before


def test_a_csv_of_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("cell_hash,method,seed,score\n")
    with pytest.raises(ValueError, match=r"there without scores\.json: name another --out"):
        GrowingScores(path, ABOUT)
    path.with_suffix(".json").write_text("{}")
    path.write_text("hash,score\n")
    with pytest.raises(ValueError, match=r"has columns \['hash', 'score'\], not \['cell_hash'"):
        GrowingScores(path, ABOUT)
