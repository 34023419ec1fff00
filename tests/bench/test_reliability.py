"""Reliability of a truth: against scipy, and for tables that can't tell."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau

from bench import reliability
from tests.synthetic import write_truth


def test_each_repeat_is_held_against_the_mean_of_the_others() -> None:
    accuracies = np.random.default_rng(0).random((20, 3))
    expected = [
        kendalltau(accuracies[:, 0], accuracies[:, [1, 2]].mean(1)).statistic,
        kendalltau(accuracies[:, 1], accuracies[:, [0, 2]].mean(1)).statistic,
        kendalltau(accuracies[:, 2], accuracies[:, [0, 1]].mean(1)).statistic,
    ]
    assert reliability.against_rest(accuracies) == pytest.approx(expected)
    pairs = [
        kendalltau(accuracies[:, i], accuracies[:, j]).statistic
        for i, j in ((0, 1), (0, 2), (1, 2))
    ]
    assert reliability.between_repeats(accuracies) == pytest.approx(pairs)


def test_repeats_without_noise_agree() -> None:
    accuracies = np.repeat(np.arange(9.0)[:, None] / 9, 4, axis=1)
    assert reliability.against_rest(accuracies) == pytest.approx(np.ones(4))


@pytest.mark.parametrize("accuracies", [np.ones((3, 1)), np.array([[0.1, np.nan], [0.2, 0.3]])])
def test_too_few_repeats_are_refused(accuracies: np.ndarray) -> None:
    with pytest.raises(ValueError, match="at least 2 repeats of every cell"):
        reliability.against_rest(accuracies)


def test_command_prints_a_row_per_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(write_truth(tmp_path / f"{name}.h5", num_repeats=4)) for name in ("one", "two")]
    assert reliability.main(paths) == 0
    out = capsys.readouterr().out
    assert "one" in out
    assert "two" in out
    assert "34" in out


def test_missing_table_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert reliability.main(["nowhere.h5"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_in_three_lines(tmp_path: Path) -> None:
    (row,) = reliability.reliability([write_truth(tmp_path / "one.h5", num_repeats=4)])
    assert (row.table, row.num_cells, row.num_repeats) == ("one", 34, 4)
    assert row.against_rest.shape == (4,)
    assert row.between_repeats.shape == (6,)
    assert 0 < row.accuracy < 1
