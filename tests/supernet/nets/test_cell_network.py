"""Networks of any cell: nasbench-pytorch's with the same weights, and the closed form's counts."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from bench.network.cell_costs import num_parameters
from bench.network.skeleton import NASBENCH101, Skeleton
from supernet.nets.cell_network import CellNetwork
from tests.graphs import FIRST_CELL, INCEPTION_CELL, all_cells, cells
from tests.nasbench_oracle import copy_weights, counted_parameters, layers, network

if TYPE_CHECKING:
    from bench.network.cell import Cell
    from tests.conftest import RealRows

skeletons = st.builds(
    Skeleton,
    stem_channels=st.integers(5, 9),  # few, so that they divide unevenly
    num_stacks=st.integers(1, 3),
    cells_per_stack=st.integers(1, 2),
    image_size=st.sampled_from([4, 7]),
    in_channels=st.sampled_from([1, 3]),
    num_classes=st.integers(2, 5),
)
SMALL = Skeleton(stem_channels=7, num_stacks=2, cells_per_stack=2, image_size=6)


def check_against_oracle(cell: Cell, skeleton: Skeleton) -> None:
    """Compare outputs in training, then in eval mode, and parameters."""
    own, theirs = CellNetwork(cell, skeleton), network(cell, skeleton)
    copy_weights(layers(own), theirs)
    assert sum(p.numel() for p in own.parameters()) == counted_parameters(theirs)
    assert sum(p.numel() for p in own.parameters()) == num_parameters(cell, skeleton)
    size = skeleton.image_size
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(4, skeleton.in_channels, size, size, generator=generator)
    for is_training in (True, False):  # training moves the running statistics that eval uses
        found, expected = (m.train(is_training)(x) for m in (own, theirs))
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@settings(max_examples=60)
@given(cells(), skeletons)
def test_outputs_and_parameters_are_nasbench_pytorchs(cell: Cell, skeleton: Skeleton) -> None:
    check_against_oracle(cell, skeleton)


@pytest.mark.parametrize("num_vertices", [2, 3, 4])
def test_every_small_cell(num_vertices: int) -> None:
    for cell in itertools.islice(all_cells(num_vertices), 0, None, 7 if num_vertices == 4 else 1):
        check_against_oracle(cell, SMALL)


def test_real_cells_of_seven_vertices(real_rows: RealRows) -> None:
    for index in np.random.default_rng(3).choice(len(real_rows), 30, replace=False):
        check_against_oracle(real_rows.cell(index), SMALL)


@pytest.mark.parametrize(
    ("cell", "expected"), [(FIRST_CELL, 8_555_530), (INCEPTION_CELL, 2_694_282)]
)
def test_official_counts(cell: Cell, expected: int) -> None:
    assert sum(p.numel() for p in CellNetwork(cell, NASBENCH101).parameters()) == expected


def test_weights_are_drawn_as_documented() -> None:
    torch.manual_seed(0)
    model = CellNetwork(FIRST_CELL, Skeleton(stem_channels=32, num_stacks=2, image_size=8))
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            expected = math.sqrt(2 / (math.prod(module.kernel_size) * module.out_channels))
            assert float(module.weight.detach().std()) == pytest.approx(expected, rel=0.15)
    assert float(model.classifier.weight.detach().std()) == pytest.approx(0.01, rel=0.15)
    assert not model.classifier.bias.any()


def test_features_are_what_the_classifier_pools() -> None:
    model = CellNetwork(FIRST_CELL, SMALL)
    x = torch.randn(2, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    features = model.features(x)
    assert features.shape == (2, 14, 3, 3)
    assert torch.equal(model.classifier(features.mean((2, 3))), model(x))
