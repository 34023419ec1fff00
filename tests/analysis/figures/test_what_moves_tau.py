"""Tau under other choices: paired by seed, beside the paper's Table 3."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from analysis.figures import what_moves_tau
from analysis.figures.what_moves_tau import IN_TABLE_3, published
from bench.base.files import write_csv
from bench.ranking.variations import COLUMNS as VARIATION_COLUMNS
from bench.ranking.variations import vary

if TYPE_CHECKING:
    from pathlib import Path


def test_differences_are_paired_by_seed(measured_results: Path) -> None:
    frame = what_moves_tau.compute(measured_results)
    rows = frame[(frame["m"] == 2) & (frame["variation"] == "reference")].set_index("method")
    taus = {m: np.array([float(t) for t in text.split()]) for m, text in rows["taus"].items()}
    assert taus["difference"] == pytest.approx(taus["shadow"] - taus["single"], abs=2e-4)


def test_a_folder_without_the_methods_compared_draws_nothing(tmp_path: Path) -> None:
    empty = pd.DataFrame(columns=what_moves_tau.COLUMNS)
    assert list(what_moves_tau.panels(empty)) == []
    write_csv(pd.DataFrame(columns=VARIATION_COLUMNS), tmp_path / "variations.csv")
    assert what_moves_tau.compute(tmp_path).empty


def test_table_3_stands_beside_what_it_has(measured_results: Path) -> None:
    assert published(4, "reference", "difference") == 0.229
    assert published(3, "not calibrated", "difference") == 0.273
    for place in ((4, "reference", "shadow"), (4, "copies kept", "difference")):
        assert isnan(published(*place)), place
    assert isnan(published(2, "reference", "difference"))
    frame = what_moves_tau.compute(measured_results)
    assert set(IN_TABLE_3) <= set(frame["variation"]), f"names as {vary.__name__} writes them"
