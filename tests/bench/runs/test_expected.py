"""Scores hold the architectures of their space, each as it is, raw and calibrated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from bench.network.skeleton import BlockSkeleton
from bench.runs.expected import check_cells, check_kernels, check_numbered
from bench.runs.schemas import FlawError
from bench.space.branches import Branches
from bench.space.mixpath import s1
from tests.synthetic import scores

if TYPE_CHECKING:
    from collections.abc import Callable

SPACE = Branches(2)
SCORES = scores(SPACE, seed=0)
OTHER = SCORES["cell_hash"].iloc[-1]


def test_whole_scores_pass_in_any_order() -> None:
    check_cells(SCORES, SPACE)
    check_cells(SCORES[::-1], SPACE)
    check_cells(SCORES[:5], SPACE, is_whole=False)


@pytest.mark.parametrize(
    ("damage", "line", "message"),
    [
        (lambda s: s[:-1], 132, "131 scores of 132, without those of architecture '--pp' calib"),
        (lambda s: s[s["calibrated"]], 67, "66 scores of 132, without .* '3---' calibrated False"),
        (lambda s: s[:0], 1, "0 scores of 132"),
        (lambda s: s.replace({"architecture": {"1---": "333-"}}), 3, "'333-' is none of the space"),
        (lambda s: s.assign(cell_hash=OTHER), 2, "'3---' has the hash of another cell"),
    ],
)
def test_others_are_refused(
    damage: Callable[[pd.DataFrame], pd.DataFrame], line: int, message: str
) -> None:
    with pytest.raises(FlawError, match=message) as caught:
        check_cells(damage(SCORES), SPACE)
    assert caught.value.line == line


def test_kernels_are_the_spaces_with_their_own_costs() -> None:
    space = s1(2, BlockSkeleton(width=0.1, depth=0.1, image_size=8))
    some = [space.from_integers([i % size for size in space.sizes]) for i in range(3)]
    frame = pd.DataFrame([space.identity(architecture) for architecture in some])
    check_kernels(frame, space)
    dearer = frame.assign(num_parameters=frame["num_parameters"] + [0, 1, 0])
    with pytest.raises(FlawError, match=r"is not .*, but ") as caught:
        check_kernels(dearer, space)
    assert caught.value.line == 3
    with pytest.raises(FlawError, match="e9k3 has 1 layers"):
        check_kernels(frame.assign(architecture="e9k3"), space)


@pytest.mark.parametrize(
    ("numbers", "line", "message"),
    [
        ([1, 3], 3, "column 'epoch': 3 where 2 comes"),
        ([2], 2, "column 'epoch': 2 where 1 comes"),
        ([1, 1], 3, "column 'epoch': 1 where 2 comes"),
        ([1, 2], 3, "column 'epoch' ends before 3"),
    ],
)
def test_epochs_are_numbered_through(numbers: list[int], line: int, message: str) -> None:
    check_numbered(pd.DataFrame({"epoch": [1, 2, 3]}), "epoch", 3)
    with pytest.raises(FlawError, match=message) as caught:
        check_numbered(pd.DataFrame({"epoch": numbers}), "epoch", 3)
    assert caught.value.line == line
