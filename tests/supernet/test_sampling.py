"""Samplers: Bernoulli's numbers of paths, One-Shot's dropout, and a supernet that runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from bench.config.cell_presets import digits
from bench.config.fields import override
from bench.network.skeleton import Skeleton
from bench.space.architecture import KERNELS
from bench.space.branches import Branches, FirstBranches
from bench.space.mixpath import s1, s3
from supernet.nets.cells import CellNet
from supernet.parts import resolve
from supernet.sampling import (
    DROP_ALL,
    bernoulli,
    drop_probability,
    number_probabilities,
    one_shot,
    uniform,
)
from supernet.shadow_bn import SINGLE

if TYPE_CHECKING:
    from bench.space.kernels import KernelSpace

EVERYTHING = ((0, 1, 2),) * 4


def test_uniform_is_the_spaces_own_sampler() -> None:
    space = Branches(3)
    drawn = uniform(space, np.random.default_rng(7), 0.5)
    assert drawn == space.path(space.sample(np.random.default_rng(7)))


@pytest.mark.parametrize("m", [1, 2, 4])
def test_bernoulli_numbers_are_those_of_coins_given_1_to_m(m: int) -> None:
    """By hand at m = 4: 4, 6, 4 and 1 of 15; uniform has a quarter each."""
    rng, num = np.random.default_rng(0), 8000
    paths = [bernoulli(Branches(m), rng, 0.5) for _ in range(num)]
    found = np.bincount([sum(map(len, path)) for path in paths], minlength=5)[1:] / num
    subsets = np.array([4, 6, 4, 1][:m])
    assert found[:m] == pytest.approx(subsets / subsets.sum(), abs=0.02)
    assert not found[m:].any()
    expected = number_probabilities("bernoulli", 4, m)
    assert list(expected.values()) == pytest.approx(list(subsets / subsets.sum()))
    assert number_probabilities("uniform", 4, m) == dict.fromkeys(range(1, m + 1), 1 / m)


def test_bernoulli_runs_one_operation_at_a_node_alike_at_all() -> None:
    rng, num = np.random.default_rng(1), 8000
    paths = [bernoulli(Branches(4), rng, 0.0) for _ in range(num)]
    assert {len(node) for path in paths for node in path} == {0, 1}
    used = np.array([[node != () for node in path] for path in paths])
    assert used.mean(axis=0) == pytest.approx(np.full(4, 8 / 15), abs=0.02)
    operations = np.bincount([op for path in paths for node in path for op in node])
    assert operations / operations.sum() == pytest.approx(np.full(3, 1 / 3), abs=0.02)


@pytest.mark.parametrize("space", [s1(2), s3(4), s3(1)])
def test_bernoulli_kernels_are_every_subset_alike_in_the_space(space: KernelSpace) -> None:
    rng = np.random.default_rng(2)
    drawn = [bernoulli(space, rng, 0.0) for _ in range(300)]
    for path in drawn:
        space.checked(path)
    groups = [group for path in drawn for layer in path for group in layer.kernels]
    shares = np.array([groups.count(subset) / len(groups) for subset in space.subsets])
    assert shares == pytest.approx(np.full(len(shares), 1 / len(shares)), abs=0.03)


def test_at_first_everything_is_on() -> None:
    assert one_shot(Branches(4), np.random.default_rng(0), 0.0) == EVERYTHING
    assert one_shot(FirstBranches(2), np.random.default_rng(0), 0.0) == ((0, 1, 2),) * 2


def test_dropout_rises_linearly_to_where_all_are_dropped_in_one_draw_of_twenty() -> None:
    at_end = drop_probability(12, 1.0)
    assert at_end**12 == pytest.approx(DROP_ALL)
    assert drop_probability(12, 0.0) == 0.0
    assert drop_probability(12, 0.25) == pytest.approx(0.25 * at_end)


@pytest.mark.parametrize("progress", [0.3, 0.9])
def test_operations_are_dropped_independently_at_the_stated_rate(progress: float) -> None:
    rng = np.random.default_rng(1)
    paths = [one_shot(Branches(4), rng, progress) for _ in range(4000)]
    is_on = np.array([[op in node for node in path for op in range(3)] for path in paths])
    dropped = drop_probability(12, progress)
    kept = (1 - dropped) / (1 - dropped**12)  # given that not all are dropped
    assert is_on.mean(axis=0) == pytest.approx(np.full(12, kept), abs=0.03)
    correlations = np.corrcoef(is_on.T)[~np.eye(12, dtype=bool)]
    assert np.abs(correlations).max() < 0.08


@pytest.mark.parametrize("space", [s1(2), s3(1)])
def test_kernels_are_dropped_group_by_group(space: KernelSpace) -> None:
    rng = np.random.default_rng(3)
    everything = one_shot(space, rng, 0.0)
    assert {group for layer in everything for group in layer.kernels} == {KERNELS}
    drawn = [one_shot(space, rng, 0.9) for _ in range(300)]
    groups = [group for path in drawn for layer in path for group in layer.kernels]
    assert len(groups) == 300 * space.num_layers * space.num_groups
    assert min(map(len, groups)) == 1
    dropped = drop_probability(4, 0.9)
    kept = (1 - dropped) / (1 - dropped**4)
    assert np.mean([len(group) for group in groups]) / 4 == pytest.approx(kept, abs=0.01)
    expansions = {layer.expansion for path in drawn for layer in path}
    assert expansions == set(space.expansions or (0,))


def test_no_path_is_empty() -> None:
    rng = np.random.default_rng(2)
    for _ in range(2000):
        assert any(one_shot(FirstBranches(1), rng, 0.999))


def test_a_supernet_with_one_batch_norm_runs_all_twelve_paths() -> None:
    skeleton = Skeleton(stem_channels=2, cells_per_stack=1, image_size=8, in_channels=1)
    model = CellNet(skeleton, Branches(4), SINGLE).eval()
    assert model(torch.rand(2, 1, 8, 8), EVERYTHING).shape == (2, 10)


def test_shadow_batch_norm_refuses_more_paths_than_it_has_norms() -> None:
    skeleton = Skeleton(stem_channels=2, cells_per_stack=1, image_size=8, in_channels=1)
    model = CellNet(skeleton, Branches(4))
    with pytest.raises(ValueError, match=r"12 summed paths: there are batch norms for 1\.\.4"):
        model(torch.rand(2, 1, 8, 8), EVERYTHING)


def failing(space: Branches, rng: object, progress: float) -> None:  # noqa: ARG001 (as a Sampler)
    """An own sampler with a mistake in it."""
    raise RuntimeError("oops")


def test_an_own_sampler_that_fails_is_named() -> None:
    parts = resolve(override(digits().recipe, {"sampler": f"{__name__}:failing"}))
    with pytest.raises(ValueError, match=r"sampler '.*:failing' failed \(RuntimeError: oops.*mend"):
        parts.sampler(parts.space, np.random.default_rng(0), 0.0)
