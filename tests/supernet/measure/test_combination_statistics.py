"""Combinations' statistics: pooling, distances, and what calibration finds at node 5."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bench.runs.schemas import COMBINATION_STATISTICS, conform
from supernet.calibrate import calibrated
from supernet.data.data_set import take, to_input
from supernet.measure.combination_statistics import (
    calibrate_all,
    distance,
    measure,
    pool,
    probabilities,
)
from tests.measured_run import snapshots_of, train_run

if TYPE_CHECKING:
    from supernet.measure.snapshots import Snapshots


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Snapshots:
    return snapshots_of(train_run(tmp_path_factory.mktemp("results"), m=2))


def test_pooling_is_that_of_all_values_together() -> None:
    values = np.random.default_rng(0).normal(size=(5, 40, 3)) * [1, 2, 3] + [0, 1, 2]
    pooled = pool(np.stack([values.mean(1), values.var(1)], axis=1))
    together = values.reshape(-1, 3)
    assert pooled == pytest.approx(np.stack([together.mean(0), together.var(0)]))


def test_all_are_pooled_as_training_draws_them_by_hand() -> None:
    """Of m = 2 one single path and three pairs: 1/2, and three times 1/6."""
    weights = probabilities(np.array([1, 2, 2, 2]), {1: 0.5, 2: 0.5})
    assert weights == pytest.approx(np.array([1 / 2, 1 / 6, 1 / 6, 1 / 6]))
    means = np.array([[0.0], [3.0], [3.0], [3.0]])
    values = np.stack([means, np.ones_like(means)], axis=1)
    # mean (0 + 3) / 2, not (0 + 9) / 4; variance 1 + 1.5 squared
    assert pool(values, weights) == pytest.approx(np.array([[1.5], [1 + 2.25]]))
    assert pool(values) == pytest.approx(np.array([[2.25], [1 + 27 / 16]]))


def test_probabilities_are_those_of_the_sampler(snapshots: Snapshots) -> None:
    frame = measure(snapshots)
    first = frame[frame["is_trained"] & (frame["block"] == 0)]
    assert first["probability"].sum() == pytest.approx(1)
    by_number = first.groupby("num_paths")["probability"].agg(["sum", "nunique"])
    assert by_number["sum"].tolist() == pytest.approx([0.5, 0.5])
    space, rng = snapshots.run.space, np.random.default_rng(0)
    drawn = [space.encode(space.sample(rng)) for _ in range(20_000)]
    share = drawn.count("3---") / len(drawn)
    expected = first.set_index("architecture")["probability"]["3---"]
    assert share == pytest.approx(expected, abs=0.006)


def test_distances_by_hand() -> None:
    reference = np.array([[0.0, 1.0], [4.0, 1.0]])
    value = np.array([[2.0, 1.0], [4.0, math.e**2]])
    found = distance(value, reference)
    assert found["mean_distance"] == pytest.approx(math.sqrt(0.5))
    assert found["log_variance_distance"] == pytest.approx(math.sqrt(2))
    assert distance(reference, reference) == {"mean_distance": 0, "log_variance_distance": 0}


def test_dead_channels_are_left_out() -> None:
    reference, value = np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[9.0, 1.0], [1.0, 1.0]])
    assert distance(value, reference)["mean_distance"] == 0
    dead = np.zeros((2, 2))
    assert all(math.isnan(one) for one in distance(dead, dead).values())


def test_statistics_are_those_of_calibrating_one_path(snapshots: Snapshots) -> None:
    run, model = snapshots.run, snapshots.model(2)
    calibration = run.recipe.calibration
    x = to_input(
        take(snapshots.data.train, calibration.calibration_images).pixels, snapshots.data.statistics
    )
    found = calibrate_all(snapshots, 2)
    for place in (0, 30, 65):
        path = run.space.path(run.space.architectures()[place])
        num_paths = sum(map(len, path))
        with calibrated(model, partial(model, x, path), calibration):
            for block, cell in enumerate(model.cells()):
                norm: Any = cell.node.norm
                norm = norm.norms[num_paths - 1]
                assert found[place][block][0] == pytest.approx(norm.running_mean.numpy(), abs=1e-5)
                assert found[place][block][1] == pytest.approx(norm.running_var.numpy(), rel=1e-4)


def test_a_row_for_every_architecture_and_cell(snapshots: Snapshots) -> None:
    frame = measure(snapshots)
    assert frame.groupby("is_trained").size().to_dict() == {False: 66 * 3, True: 66 * 3}
    assert frame["is_trained"].tolist()[0], "trained first"
    conform(frame, COMBINATION_STATISTICS)
    assert sorted(frame["num_paths"].unique()) == [1, 2]
    distances = frame.filter(like="distance")
    assert ((distances >= 0) | distances.isna()).all(axis=None)


def test_with_one_path_there_is_only_one_number(tmp_path_factory: pytest.TempPathFactory) -> None:
    frame = measure(snapshots_of(train_run(tmp_path_factory.mktemp("results"), m=1)))
    number, overall = frame["number_mean_distance"], frame["all_mean_distance"]
    assert number.to_numpy() == pytest.approx(overall.to_numpy())
