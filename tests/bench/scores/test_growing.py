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

ABOUT = {"kind": "proxies", "batch_size": 64, "cells": "two", "methods": ["zen"], "seeds": [0]}
ONE, TWO = "0" * 32, "f" * 32
VALUES = {"zen": 0.1 + 0.2, "a-module:naswot": math.nan}


def begun(path: Path) -> GrowingScores:
    scores = GrowingScores(path, ABOUT)
    scores.begin()
    return scores


def fill(path: Path) -> bytes:
    scores = begun(path)
    for cell_hash in (TWO, ONE):
        scores.add(cell_hash, 0, VALUES)
    scores.finish()
    return path.read_bytes()


def test_nothing_is_written_before_it_begins(tmp_path: Path) -> None:
    GrowingScores(tmp_path / "new" / "scores.csv", ABOUT)
    assert not [*tmp_path.iterdir()]


def test_what_a_kill_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in (".scores.csv.part.7.tmp", ".others.csv.7.tmp"):
        (tmp_path / name).touch()
    fill(tmp_path / "scores.csv")
    assert {file.name for file in tmp_path.iterdir()} == {
        ".others.csv.7.tmp",
        "SHA256SUMS",
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
    assert [file.name for file in sorted(tmp_path.iterdir())] == [
        "SHA256SUMS",
        "scores.csv",
        "scores.json",
    ]


@pytest.mark.parametrize("num_done", range(3))
def test_killed_anywhere_it_goes_on_with_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, num_done: int
) -> None:
    monkeypatch.setattr("bench.scores.growing.SAVE_EVERY_S", -1.0)
    monkeypatch.setattr("bench.scores.growing.SHARE", 0)
    path = tmp_path / "scores.csv"
    first = begun(path)
    for cell_hash in (TWO, ONE)[:num_done]:
        first.add(cell_hash, 0, VALUES)
    again = begun(path)
    assert len(again.scores) == 2 * num_done
    for cell_hash in (TWO, ONE)[num_done:]:
        again.add(cell_hash, 0, VALUES)
    again.finish()
    assert path.read_bytes() == fill(tmp_path / "whole.csv")


def test_the_part_is_written_every_few_seconds(tmp_path: Path) -> None:
    scores = begun(tmp_path / "scores.csv")
    scores.add(ONE, 0, VALUES)
    assert not scores.part.is_file()
    scores.save_at = 0
    scores.add(TWO, 0, VALUES)
    assert len(read_csv(scores.part)) == 4
    scores.add(TWO, 1, VALUES)
    assert len(read_csv(scores.part)) == 4


@pytest.mark.parametrize("name", ["scores.json", "scores.csv", "scores.csv.part"])
@pytest.mark.parametrize("text", ["[]", "null", "{}", "", "\x80\xff", "cell_hash,meth"])
def test_damaged_files_are_refused_with_a_remedy(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / "scores.csv"
    fill(path)
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=rf"{name}, line 1: .*; delete it"):
        GrowingScores(path, ABOUT)


@pytest.mark.parametrize("name", ["scores.json", "scores.csv", "scores.csv.part"])
def test_another_figure_is_refused_by_its_digest(tmp_path: Path, name: str) -> None:
    path = tmp_path / "scores.csv"
    fill(path)
    GrowingScores(path, ABOUT).save()
    file = tmp_path / name
    file.write_text(file.read_text().replace("0.30000000000000004", "0.4").replace("64", "65"))
    with pytest.raises(ValueError, match=rf"{name}: it is not as it was written, .*; delete it"):
        GrowingScores(path, ABOUT)


def test_more_cells_methods_and_seeds_may_join(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    fill(path)
    more = GrowingScores(path, {**ABOUT, "cells": "three", "seeds": [1], "source of own": "ab"})
    assert len(more.scores) == 4
    more.begin()
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
    path.rename(tmp_path / "scores.csv.part")
    with pytest.raises(ValueError, match=r"part is there without scores\.json: name another"):
        GrowingScores(path, ABOUT)
    path.with_suffix(".json").write_text(json.dumps(ABOUT))
    path.write_text("hash,score\n")
    with pytest.raises(ValueError, match=r"scores\.csv, line 1: column 'hash' is unknown"):
        GrowingScores(path, ABOUT)
