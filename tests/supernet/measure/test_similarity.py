"""Similarities: cosines against numpy, the pairs compared, and features against the network's."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from bench.network.cell import OPERATIONS
from bench.network.skeleton import Skeleton
from bench.space.branches import Branches, FirstBranches
from supernet.measure.similarity import cosine, images, measure, summary, upstream_paths
from supernet.nets.cells import CellNet
from supernet.nets.supernet import pairs
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


def compared(space: Branches) -> list[tuple[str, int, int]]:
    skeleton = Skeleton(stem_channels=2, num_stacks=1, cells_per_stack=1)
    return list(pairs(CellNet(skeleton, space).path_sums()[0], space.m))


def test_all_paths_are_paired_and_sums_where_the_space_has_them() -> None:
    kinds = [kind for kind, _, _ in compared(Branches(4))]
    assert (kinds.count("paths"), kinds.count("sum")) == (66, 108)
    assert {kind for kind, _, _ in compared(Branches(1))} == {"paths"}
    assert {kind for kind, _, _ in compared(FirstBranches(1))} == {"paths"}
    sums = [(i, j) for kind, i, j in compared(Branches(2)) if kind == "sum"]
    assert sums
    assert all(i // len(OPERATIONS) != j // len(OPERATIONS) for i, j in sums)


def test_features_and_norm_are_those_of_the_network(snapshots: Snapshots) -> None:
    """Putting the pieces together again gives the supernet's own output."""
    model = snapshots.model(2)
    x = images(snapshots)
    path = ((0,), (), (2,), ())
    for place, cell in zip(model.path_sums(), model.cells(), strict=True):
        inputs = place.inputs(x, [path] * len(x))
        outputs = place.outputs(inputs)
        chosen = [node * len(OPERATIONS) + op for node, ops in enumerate(path) for op in ops]
        total = sum((outputs[i] for i in chosen), torch.zeros(()))
        assert torch.allclose(
            torch.relu(place.normed(total, chosen)), cell(inputs, path), atol=1e-6
        )


def test_the_first_cell_sees_the_stem_whatever_runs_before(snapshots: Snapshots) -> None:
    model, x = snapshots.model(2), images(snapshots)
    first = model.path_sums()[0]
    upstream = upstream_paths(snapshots.run.space, snapshots.run.seed, len(x))
    with torch.no_grad():
        assert torch.allclose(first.inputs(x, upstream), model.stem(x), atol=1e-6)


def test_later_cells_see_what_each_image_went_through(snapshots: Snapshots) -> None:
    model, x = snapshots.model(2), images(snapshots)
    place = model.path_sums()[1]
    upstream = upstream_paths(snapshots.run.space, snapshots.run.seed, len(x))
    with torch.no_grad():
        mixed = place.inputs(x, upstream)
        for i, path in enumerate(upstream):
            assert torch.allclose(mixed[[i]], place.inputs(x[[i]], [path]), atol=1e-6)
        assert not torch.allclose(mixed, place.inputs(x, upstream[:1] * len(x)), atol=1e-3)


def test_measure_covers_epochs_cells_places_and_kinds(snapshots: Snapshots) -> None:
    frame = measure(snapshots)
    assert sorted(frame["epoch"].unique()) == [0, 1, 2]
    assert len(frame) == 3 * 3 * (66 + 108) * 2 * 2
    assert frame["mean"].dropna().between(-1.000001, 1.000001).all()
    raw = frame[(frame["place"] == "raw") & ~frame["centred"]]
    assert (raw["mean"].dropna() >= 0).all(), "outputs of ReLU and of max-pool are not negative"
