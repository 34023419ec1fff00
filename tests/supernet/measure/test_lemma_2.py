"""Lemma 2 where it can fail: paths made by hand that keep it and that break it, and moments."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import torch

from bench.runs import schemas
from supernet.measure.lemma_2 import compare, gather, measure
from tests.measured_run import snapshots_of, train_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from supernet.measure.snapshots import Snapshots
    from supernet.nets.supernet import PathSum

NUM, CHANNELS = 2000, 3


class Made:
    """A place whose two paths are functions of its input."""

    cell, offset, num_paths, is_linear = 0, 0, 2, True
    norm: torch.nn.Module = torch.nn.Identity()

    def __init__(self, second: Callable[[torch.Tensor], torch.Tensor]) -> None:
        self.second = second

    def can_sum(self, first: int, second: int) -> bool:
        """Whether they differ."""
        return first != second

    def inputs(self, x: torch.Tensor, upstream: Any) -> torch.Tensor:  # noqa: ARG002 (called so)
        """Return the images."""
        return x

    def outputs(self, inputs: torch.Tensor) -> list[torch.Tensor]:
        """Run both."""
        return [inputs, self.second(inputs)]

    def before_norm(self, total: torch.Tensor) -> torch.Tensor:
        """Do nothing."""
        return total

    def normed(self, total: torch.Tensor, paths: Any) -> torch.Tensor:  # noqa: ARG002 (called so)
        """Do nothing."""
        return total


def found(second: Callable[[torch.Tensor], torch.Tensor], mean: float = 1.0) -> dict[str, Any]:
    """Compare Gaussian features with what `second` makes of them: rows by kind."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn((NUM, CHANNELS, 1, 1), generator=generator) + mean
    place: PathSum = Made(second)
    rows = compare(place, gather(place, iter(torch.split(x, 500))), m=2)
    return {row["kind"]: row for row in rows}


def independent(x: torch.Tensor) -> torch.Tensor:
    return torch.randn(x.shape, generator=torch.Generator().manual_seed(int(x.sum() * 1e4))) + 1.0


def test_identical_paths_keep_the_lemma() -> None:
    rows = found(lambda x: x)
    pair = rows["pair"]
    assert pair["variance_ratio"] == pytest.approx(2)
    assert (pair["correlation"], pair["cosine"]) == pytest.approx((1, 1))
    for row in rows.values():
        distances = [value for name, value in row.items() if name.endswith("distance")]
        assert [d for d in distances if not math.isnan(d)] == pytest.approx(
            [0.0] * sum(not math.isnan(d) for d in distances), abs=1e-6
        )
    assert pair["mean_difference"] == pair["log_variance_difference"] == 0


def test_independent_paths_break_equation_4_though_their_means_add_up() -> None:
    rows = found(independent)
    pair = rows["pair"]
    assert pair["variance_ratio"] == pytest.approx(1, abs=0.05)
    assert pair["correlation"] == pytest.approx(0, abs=0.05)
    assert pair["half_mean_distance"] == pytest.approx(0, abs=1e-6)  # the identity
    assert pair["half_log_variance_distance"] == pytest.approx(math.log(2), abs=0.05)
    assert pair["mean_difference"] < 0.1
    assert pair["log_variance_difference"] < 0.1
    # 2 x has twice the variance of x + y, so that the two do not share SBN_2
    assert rows["double"]["log_variance_distance"] == pytest.approx(math.log(2), abs=0.1)
    assert rows["double"]["cosine"] == pytest.approx(1)


def test_paths_that_are_opposite_cancel() -> None:
    rows = found(lambda x: 2 - x)
    assert rows["pair"]["correlation"] == pytest.approx(-1)
    assert rows["pair"]["variance_ratio"] == pytest.approx(0, abs=1e-6)
    assert rows["pair"]["mean_difference"] < 0.2
    assert rows["pair"]["log_variance_difference"] == pytest.approx(0, abs=1e-5)


def test_a_cosine_of_1_does_not_make_lemma_1_true() -> None:
    """The trap: y = 2 x has a cosine of 1 to x, twice its mean and four times its variance."""
    pair = found(lambda x: 2 * x)["pair"]
    assert (pair["cosine"], pair["correlation"]) == pytest.approx((1, 1))
    assert pair["log_variance_difference"] == pytest.approx(math.log(4), abs=1e-5)
    assert pair["mean_difference"] == pytest.approx(1 / math.sqrt(2.5), rel=0.1)
    assert found(lambda x: 2 * x)["path"]["log_variance_distance"] > 0.4


def test_moments_are_numpys_whatever_the_chunks() -> None:
    x = torch.randn((60, CHANNELS, 2, 2), generator=torch.Generator().manual_seed(1)) + 3
    place: PathSum = Made(lambda x: x.square())
    moments = gather(place, iter(torch.split(x, 7)))
    a, b = (v.double().transpose(0, 1).flatten(1).numpy() for v in (x, x.square()))
    assert moments.num_images == 60
    assert moments.path(1) == pytest.approx(np.stack([b.mean(1), b.var(1)]), rel=1e-6)
    both = a + b
    assert moments.sums[0, 1] == pytest.approx(np.stack([both.mean(1), both.var(1)]), rel=1e-5)
    for channel in range(CHANNELS):
        expected = np.cov(a[channel], b[channel], bias=True)
        assert moments.covariances[:, :, channel] == pytest.approx(expected, rel=1e-6)
    assert moments.sums[0, 0] == pytest.approx(np.stack([2 * a.mean(1), 4 * a.var(1)]), rel=1e-5)


def test_dead_channels_have_no_correlation() -> None:
    pair = found(torch.zeros_like)["pair"]
    assert math.isnan(pair["correlation"])
    assert math.isnan(pair["variance_ratio"])
    assert pair["num_channels"] == 0


def test_of_one_path_nothing_is_summed() -> None:
    place: PathSum = Made(lambda x: x)
    rows = list(compare(place, gather(place, iter([torch.randn(50, 3, 2, 2)])), m=1))
    assert [row["kind"] for row in rows] == ["path", "path", "pair"]
    assert math.isnan(rows[2]["mean_distance"])
    assert rows[2]["correlation"] == pytest.approx(1)


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Snapshots:
    return snapshots_of(train_run(tmp_path_factory.mktemp("results"), m=2))


def test_cells_have_every_path_pair_and_double(snapshots: Snapshots, tmp_path: Path) -> None:
    frame = measure(snapshots)
    assert sorted(frame["epoch"].unique()) == [0, 2]
    assert len(frame) == 2 * 3 * (12 + 66 + 12)
    summed = frame[(frame["kind"] == "pair") & frame["mean_distance"].notna()]
    assert len(summed) == 2 * 3 * 54
    schemas.write(frame, tmp_path / "lemma_2.csv", schemas.LEMMA_2)
    pd.testing.assert_frame_equal(frame, measure(snapshots))


def test_averaged_over_pairs_the_means_are_an_identity(snapshots: Snapshots) -> None:
    """Why the ratio of the means of SBN_1 and SBN_2 tests nothing, trained or not."""
    for epoch in snapshots.ends:
        place = snapshots.model(epoch).path_sums()[0]
        x = torch.rand(40, 1, 8, 8, generator=torch.Generator().manual_seed(2))
        inputs = place.inputs(x, [((0,), (), (), ())] * len(x))
        moments = gather(place, iter([inputs]))
        singles = np.mean([moments.path(i)[0] for i in range(12)], axis=0)
        pairs = [m[0] for (i, j), m in moments.sums.items() if i < j and place.can_sum(i, j)]
        assert np.mean(pairs, axis=0) == pytest.approx(2 * singles, rel=1e-4, abs=1e-5)
