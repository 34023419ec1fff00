"""Tests of bench.network.cell_costs."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nasbench_pytorch.model.model import compute_vertex_channels
from torch.utils.flop_counter import FlopCounterMode

from bench.network.cell import Cell
from bench.network.cell_costs import num_multiply_adds, num_parameters, vertex_channels
from bench.network.skeleton import NASBENCH101, Skeleton
from tests.conftest import RealRows
from tests.graphs import FIRST_CELL, INCEPTION_CELL, LINE_CELL, cells
from tests.nasbench_oracle import counted_parameters, network

DIGITS = Skeleton(stem_channels=8, cells_per_stack=1, image_size=8, in_channels=1)

skeletons = st.builds(
    Skeleton,
    stem_channels=st.integers(5, 12),
    num_stacks=st.integers(1, 3),
    cells_per_stack=st.integers(1, 2),
    image_size=st.sampled_from([4, 7, 8]),
    in_channels=st.sampled_from([1, 3]),
    num_classes=st.integers(2, 11),
)


def counted_multiply_adds(model: Any, skeleton: Skeleton) -> int:
    size = skeleton.image_size
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.eval()(torch.zeros(1, skeleton.in_channels, size, size))
    return int(counter.get_total_flops()) // 2


@settings(max_examples=40)
@given(cells(), skeletons)
def test_counts_equal_a_network_s(cell: Cell, skeleton: Skeleton) -> None:
    model = network(cell, skeleton)
    assert num_parameters(cell, skeleton) == counted_parameters(model)
    assert num_multiply_adds(cell, skeleton) == counted_multiply_adds(model, skeleton)


@pytest.mark.parametrize("cell", [FIRST_CELL, INCEPTION_CELL, LINE_CELL])
def test_multiply_adds_of_the_official_skeleton(cell: Cell) -> None:
    model = network(cell, NASBENCH101)
    assert num_multiply_adds(cell) == counted_multiply_adds(model, NASBENCH101)
    assert num_parameters(cell) == counted_parameters(model)


@given(cells(), st.integers(5, 40))
def test_channels_are_official(cell: Cell, channels: int) -> None:
    expected = compute_vertex_channels(channels, 2 * channels, np.array(cell.adjacency))
    assert vertex_channels(cell, channels, 2 * channels) == expected


def test_golden_parameters() -> None:
    assert num_parameters(FIRST_CELL) == 8_555_530
    assert num_parameters(INCEPTION_CELL) == 2_694_282


def test_golden_multiply_adds() -> None:
    assert num_multiply_adds(FIRST_CELL) == 1_261_835_264
    assert num_multiply_adds(INCEPTION_CELL, DIGITS) == 34_624


def test_stages_hold_every_cell_once() -> None:
    assert NASBENCH101.stages == (
        (128, 128, 32, 3),
        (128, 256, 16, 1),
        (256, 256, 16, 2),
        (256, 512, 8, 1),
        (512, 512, 8, 2),
    )
    assert DIGITS.stages == ((8, 8, 8, 1), (8, 16, 4, 1), (16, 32, 2, 1))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"stem_channels": 0}, "stem_channels=0 must be at least 1"),
        ({"num_classes": 1.5}, "num_classes=1.5 must be a whole number"),
        ({"image_size": 3}, "cannot be halved 2 times: use at least 4"),
    ],
)
def test_impossible_skeletons_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Skeleton(**fields)


def test_too_few_channels_to_split_are_refused() -> None:
    skeleton = Skeleton(stem_channels=2, image_size=8)
    with pytest.raises(ValueError, match="2 channels cannot be split among the 4 vertices"):
        num_parameters(INCEPTION_CELL, skeleton)


def test_parameters_of_real_rows(real_rows: RealRows) -> None:
    for index in np.random.default_rng(1).choice(len(real_rows), 2000, replace=False):
        assert num_parameters(real_rows.cell(index)) == real_rows.parameters[index]


@pytest.mark.slow
def test_parameters_of_all_real_rows(real_rows: RealRows) -> None:
    counted = [num_parameters(real_rows.cell(index)) for index in range(len(real_rows))]
    np.testing.assert_array_equal(counted, real_rows.parameters)
