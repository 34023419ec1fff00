"""Fronts by brute force, hypervolume against pymoo's, and both as kept with the reference runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymoo.indicators.hv import HV

from bench.base.files import read_csv
from bench.search.pareto import hypervolume, hypervolume_curve, on_front
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SEARCHES = sorted((ROOT / "results" / "reference").glob("**/search-*/evaluated.csv"))

points = st.lists(
    st.tuples(st.integers(0, 20).map(lambda n: n / 20), st.integers(1, 30)), min_size=1, max_size=30
)


@given(points)
def test_the_front_is_what_nothing_beats(drawn: list[tuple[float, int]]) -> None:
    accuracy, cost = zip(*drawn, strict=True)
    marks = on_front(accuracy, cost)
    for index, (a, c) in enumerate(drawn):
        beaten = any((b >= a and d <= c) and (b > a or d < c) for b, d in drawn)
        is_first = drawn.index((a, c)) == index
        assert marks[index] == (not beaten and is_first)


@given(points)
def test_hypervolume_is_pymoos(drawn: list[tuple[float, int]]) -> None:
    accuracy, cost = zip(*drawn, strict=True)
    losses = np.column_stack([-np.array(accuracy), np.array(cost) / 25])
    inside = losses[losses[:, 1] < 1]
    expected = HV(ref_point=np.array([0.0, 1.0]))(inside) if len(inside) else 0.0
    assert hypervolume(accuracy, cost, 25) == pytest.approx(expected)


@given(points)
def test_the_curve_is_the_hypervolume_of_each_start(drawn: list[tuple[float, int]]) -> None:
    accuracy, cost = zip(*drawn, strict=True)
    curve = hypervolume_curve(accuracy, cost, 25)
    expected = [hypervolume(accuracy[:n], cost[:n], 25) for n in range(1, len(drawn) + 1)]
    assert curve == pytest.approx(np.array(expected))
    assert (np.diff(curve) >= -1e-12).all()


def test_nothing_has_no_front_and_no_area() -> None:
    assert on_front([], []).tolist() == []
    assert hypervolume([], [], 25) == 0.0


def test_there_are_reference_searches() -> None:
    assert SEARCHES


@pytest.mark.parametrize("path", SEARCHES, ids=lambda path: f"{path.parts[-4]}-{path.parts[-2]}")
def test_the_reference_searches_are_found_again_to_the_last_digit(path: Path) -> None:
    frame = read_csv(path)
    largest = json.loads((path.parent / "search.json").read_text())["largest_multiply_adds"]
    curve = hypervolume_curve(frame["accuracy"], frame["num_multiply_adds"], largest)
    assert curve.tolist() == frame["hypervolume"].tolist()
    marks = on_front(frame["accuracy"], frame["num_multiply_adds"])
    assert marks.tolist() == frame["is_on_front"].tolist()
