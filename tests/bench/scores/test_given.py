"""Scores that were given: long and wide alike, and each of the stated rules."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from bench.scores.given import read_scores

if TYPE_CHECKING:
    from pathlib import Path

ONE, OTHER, THIRD = ("0" * 31 + digit for digit in "123")


def frame(text: str) -> pd.DataFrame:
    """Read a table written with blanks."""
    texts = dict.fromkeys(("cell_hash", "architecture", "method"), str)
    for number, key in enumerate((ONE, OTHER, THIRD), start=1):
        text = text.replace(f"c{number}", key)
    return pd.read_csv(io.StringIO(text), sep=r"\s+", dtype=texts)


def values(*texts: str, **options: Any) -> dict[str, dict[int, list[float]]]:
    scores = read_scores([frame(text) for text in texts], **options)
    return {
        method: {seed: one.tolist() for seed, one in seeds.items()}
        for method, seeds in scores.values.items()
    }


def test_long_wide_and_several_files_say_the_same() -> None:
    long = "cell_hash method score\n c2 a 1\n c1 a 2\n c1 b 3\n c2 b 4"
    wide = "cell_hash a b\n c1 2 3\n c2 1 4"
    parts = ["cell_hash a\n c1 2\n c2 1", "cell_hash b\n c2 4\n c1 3"]
    expected = {"a": {0: [2, 1]}, "b": {0: [3, 4]}}
    assert values(long) == values(wide) == values(*parts) == expected


def test_seeds_of_a_method_are_kept_apart() -> None:
    text = "cell_hash seed a\n c1 0 1\n c1 7 2\n c2 7 3\n c2 0 4"
    assert values(text) == {"a": {0: [1, 4], 7: [2, 3]}}


def test_where_lower_is_better_the_sign_changes() -> None:
    assert values("cell_hash a b\n c1 2 3\n c2 1 4", lower=["b"])["b"] == {0: [-3, -4]}
    with pytest.raises(ValueError, match="unknown method in lower 'bb': did you mean 'b'"):
        values("cell_hash a b\n c1 2 3", lower=["bb"])


def test_architectures_of_one_cell_are_averaged() -> None:
    scores = read_scores([frame("architecture a\n 3--- 1\n -3-- 2\n 3p-- 9")])
    by_copies = dict(zip(scores.num_copies.tolist(), scores.values["a"][0].tolist(), strict=True))
    assert by_copies == {2: 1.5, 1: 9}


def test_infinite_scores_are_scores() -> None:
    assert values("cell_hash a\n c1 -inf\n c2 inf") == {"a": {0: [-np.inf, np.inf]}}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (
            ["cell_hash method score\n c1 a 1\n c2 a 1\n c1 a 1"],
            "row 2: method 'a' scores the same cell with seed 0 twice, before in .*row 0",
        ),
        (["architecture a\n 3--- 1\n 3--- 2"], "row 1: method 'a' scores the same cell"),
        (["cell_hash a\n c1 1", "cell_hash a\n c1 2"], "with seed 0 in another file too"),
        (["cell_hash a\n c1 1\n c2 high"], "row 1: a 'high' is no number"),
        (["cell_hash a\n c1 1\n nonsense 2"], "row 1: cell_hash 'nonsense' must be 32"),
        (["cell_hash seed a\n c1 1.5 1"], "row 0: seed 1.5 must be a whole number"),
        (["cell_hash seed a\n c1 -1 1"], "row 0: seed -1 must be a whole number"),
        (["cell_hash method score\n c1 NaN 1"], "row 0: has no method"),
        (["cell_hash a"], "has no rows"),
        (
            ["cell_hash a b\n c1 1 2\n c2 NaN 3\n c3 1 NaN"],
            f"'a', seed 0, has no score of 1 of the 3 cells, such as {OTHER}.* .2 in all.*missing",
        ),
        (["cell_hash a\n c1 1\n c2 2", "cell_hash b\n c1 1"], "'b', seed 0, has no score of 1"),
        (["cell_hash seed a\n c1 0 1\n c2 0 1\n c1 1 1"], "'a', seed 1, has no score of 1"),
    ],
)
def test_what_can_not_be_ranked_is_refused_with_its_row(texts: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        values(*texts)


def test_cells_that_lack_a_score_are_left_out_for_all_if_allowed() -> None:
    text = "cell_hash a b\n c1 1 2\n c2 NaN 3\n c3 1 4"
    scores = read_scores([frame(text)], allow_missing=True)
    assert scores.cells == [ONE, THIRD]
    assert scores.values["b"][0].tolist() == [2, 4]
    assert scores.num_missing == 1


def test_lines_of_a_file_are_numbered_with_its_header(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(f"cell_hash,a\n{ONE},1\n{OTHER},\n{THIRD},x\n")
    with pytest.raises(ValueError, match=r"own.csv, line 4: a 'x' is no number"):
        read_scores([path])


def test_some_cells_can_be_chosen() -> None:
    scores = read_scores([frame("cell_hash a\n c1 1\n c2 2\n c3 3")]).only([THIRD, ONE])
    assert scores.cells == [ONE, THIRD]
    assert scores.values["a"][0].tolist() == [1, 3]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.5, 10**400], "row 1: a '1000.* has too many digits: mend it"),
        ([-(10**400), 0.5], "row 0: a '-1000.* has too many digits"),
        ([True, False], "the data frame: a is True or False, which is no number: leave it out"),
        ([True, None], "a is True or False"),
    ],
)
def test_what_is_no_score_is_refused(values: list[object], message: str) -> None:
    rows = pd.DataFrame({"cell_hash": [ONE, OTHER], "a": pd.Series(values, dtype=object)})
    with pytest.raises(ValueError, match=message) as caught:
        read_scores([rows])
    assert len(str(caught.value)) < 120


def test_a_file_with_a_score_of_too_many_digits_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(f"cell_hash,a\n{ONE},1\n{OTHER},{'1' * 400}\n")
    with pytest.raises(ValueError, match=r"own\.csv, line 3: a '111.* has too many digits"):
        read_scores([path])


def test_a_column_of_a_frame_that_comes_twice_is_refused() -> None:
    rows = pd.DataFrame([[ONE, 1, 2]], columns=["cell_hash", "a", "a"])
    with pytest.raises(ValueError, match="'a' comes twice: leave one out, or rename it"):
        read_scores([rows])
