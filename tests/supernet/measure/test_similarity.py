"""Similarities: cosines against numpy, the pairs compared, and features against the network's."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from bench.space.branches import Branches, FirstBranches
from supernet.measure.similarity import (
    branch_outputs,
    branches,
    cell_features,
    cell_input,
    cosine,
    images,
    measure,
    normed,
    pairs,
    summary,
)
from tests.measured_run import snapshots_of, train_run

if TYPE_CHECKING:
    from supernet.measure.snapshots import Snapshots


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Snapshots:
    return snapshots_of(train_run(tmp_path_factory.mktemp("results"), m=2))


def test_cosines_are_numpys() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3, 4, 5, 5)) + 0.5
    plain = [
        np.sum(x * y) / np.sqrt(np.sum(x * x) * np.sum(y * y)) for x, y in zip(a, b, strict=True)
    ]
    centred = [np.corrcoef(x.ravel(), y.ravel())[0, 1] for x, y in zip(a, b, strict=True)]
    ta, tb = torch.from_numpy(a), torch.from_numpy(b)
    assert cosine(ta, tb, centred=False).numpy() == pytest.approx(np.array(plain))
    assert cosine(ta, tb, centred=True).numpy() == pytest.approx(np.array(centred))


def test_orthogonal_outputs_of_equal_length_reach_071_against_their_sum() -> None:
    x, y = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    assert cosine(x, x + y, centred=False).item() == pytest.approx(1 / math.sqrt(2))


def test_a_dead_output_has_no_cosine_and_is_left_out() -> None:
    values = cosine(torch.tensor([[0.0, 0.0], [1.0, 2.0]]), torch.ones(2, 2), centred=False)
    assert torch.isnan(values[0])
    assert summary(values)["num_images"] == 1
    assert math.isnan(summary(values)["variance"])
    nothing = summary(values[:1])
    assert nothing["num_images"] == 0
    assert math.isnan(nothing["mean"])


def test_variance_is_over_images_with_ddof_1() -> None:
    spread = summary(torch.tensor([0.5, 0.7, 0.9], dtype=torch.float64))
    assert (spread["mean"], spread["variance"]) == pytest.approx((0.7, 0.04))


def test_all_paths_are_paired_and_sums_where_the_space_has_them() -> None:
    kinds = [pair.kind for pair in pairs(Branches(4))]
    assert (kinds.count("paths"), kinds.count("sum")) == (66, 108)
    assert {pair.kind for pair in pairs(Branches(1))} == {"paths"}
    assert {pair.kind for pair in pairs(FirstBranches(1))} == {"paths"}
    assert all(p.first.node != p.second.node for p in pairs(Branches(2)) if p.kind == "sum")


def test_features_and_norm_are_those_of_the_network(snapshots: Snapshots) -> None:
    """Putting the pieces together again gives the supernet's own output."""
    model, space = snapshots.model(2), snapshots.run.space
    x = images(snapshots)
    path = ((0,), (), (2,), ())
    for number, cell in enumerate(model.cells()):
        inputs = cell_input(model, x, path, number)
        outputs = branch_outputs(cell, inputs, space)
        chosen = [b for b in branches(space) if b.operation in path[b.node]]
        total = sum((outputs[b.position] for b in chosen), torch.zeros(()))
        assert torch.allclose(
            torch.relu(normed(cell.node, total, chosen)), cell(inputs, path), atol=1e-6
        )


def test_the_first_cell_sees_the_stem_whatever_runs_before(snapshots: Snapshots) -> None:
    model = snapshots.model(2)
    first = next(cell_features(model, snapshots))
    with torch.no_grad():
        expected = branch_outputs(
            model.cells()[0], model.stem(images(snapshots)), snapshots.run.space
        )
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(first, expected, strict=True))


def test_measure_covers_epochs_cells_places_and_kinds(snapshots: Snapshots) -> None:
    frame = measure(snapshots)
    assert sorted(frame["epoch"].unique()) == [0, 1, 2]
    assert len(frame) == 3 * 3 * (66 + 108) * 2 * 2
    assert frame["mean"].dropna().between(-1.000001, 1.000001).all()
    raw = frame[(frame["place"] == "raw") & ~frame["centred"]]
    assert (raw["mean"].dropna() >= 0).all(), "outputs of ReLU and of max-pool are not negative"
