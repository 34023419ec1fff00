"""Supernets measured from Python: those that are ranked, and those of S1."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from bench.base.files import read_csv
from bench.runs.find import find_runs
from bench.verbs.measure import measure
from bench.verbs.measure_ranked import measure_ranked

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_s1_in_three_lines(copy: Path) -> None:
    results = copy.parents[1]
    measured = measure(results, num_models=4, jobs=1, device="cpu")
    assert [run.folder for run in measured.runs] == [copy]
    assert read_csv(copy / "accuracies.csv")["architecture"].nunique() == 4
    assert measured.figures
    assert all(path.with_suffix(".png").is_file() for path in measured.figures)


def test_a_folder_without_supernets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no trained supernet"):
        measure(tmp_path)


def test_ranked_runs_in_three_lines(measured_results: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(measured_results, tmp_path / "digits")
    lost = copied / "branches-m1" / "shadow-seed0" / "curve.csv"
    lost.unlink()
    table = copied / "truth.h5"
    runs = measure_ranked(copied, only=("curve",), table=table, other_truth=True, jobs=1)
    assert len(runs) == len(find_runs(copied))
    assert lost.read_bytes() == (measured_results / lost.relative_to(copied)).read_bytes()
