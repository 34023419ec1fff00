"""Batch-norm statistics: Lemma 2 where its condition holds exactly, and where nothing is alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from analysis.figures.bn_ratios import prediction, ratios, summarise
from bench.config.training import Calibration
from bench.network.skeleton import Skeleton
from bench.space.branches import Branches
from supernet.calibrate import calibrated
from supernet.measure.bn_statistics import read_statistics
from supernet.nets.cells import CellNet, active_paths
from supernet.shadow_bn import (
    CombinationBatchNorm,
    ShadowBatchNorm,
    SingleBatchNorm,
    norm_under_test,
)

SKELETON = Skeleton(stem_channels=6, num_stacks=1, cells_per_stack=1, image_size=8, in_channels=1)
M = 4


def statistics_of(model: CellNet, x: torch.Tensor) -> pd.DataFrame:
    """Calibrate every SBN_k on the first k branch nodes' 3x3 convolutions, and read them all."""

    def run() -> None:
        for k in range(1, M + 1):
            model(x, tuple((0,) if node < k else () for node in range(M)))

    with calibrated(model, run, Calibration()):
        return read_statistics(model)


def medians(statistics: pd.DataFrame) -> dict[tuple[str, int], float]:
    frame = summarise(ratios(statistics.assign(m=M, bn="shadow", seed=0)))
    return {
        (q, k): v for q, k, v in zip(frame["quantity"], frame["k"], frame["median"], strict=True)
    }


@pytest.mark.parametrize("place", ["shadow-sum", "shadow"])
def test_equal_paths_give_lemma_2_exactly(place: str) -> None:
    """On the sum, and after a 1x1 convolution without bias, which is linear."""
    torch.manual_seed(0)
    model = CellNet(SKELETON, Branches(M), norm_under_test(place))
    cell = model.cells()[0]
    for node in range(1, M):  # the condition of zero order, exactly
        cell.projections[node].load_state_dict(cell.projections[0].state_dict())
        cell.operations[node].load_state_dict(cell.operations[0].state_dict())
    found = medians(statistics_of(model, torch.rand(64, 1, 8, 8)))
    for k in (2, 3, 4):
        assert found["mean", k] == pytest.approx(1 / k, rel=1e-4)
        assert found["variance", k] == pytest.approx(1 / k**2, rel=1e-4)
        assert found["weight", k] == pytest.approx(1.0)


def test_uncorrelated_paths_add_variances() -> None:
    norm = ShadowBatchNorm(5, 2)
    rng = torch.Generator().manual_seed(0)
    x, y = (torch.randn(4000, 5, 4, 4, generator=rng) + 1 for _ in range(2))

    def run() -> None:
        norm(x, (0,))
        norm(x + y, (0, 3))

    with calibrated(norm, run, Calibration()):
        frame = read_statistics(norm).assign(m=2, bn="shadow", seed=0)
    found = summarise(ratios(frame)).set_index("quantity")
    assert found["median"]["mean"] == pytest.approx(0.5, abs=0.01)
    assert found["median"]["variance"] == pytest.approx(0.5, abs=0.01)
    assert found["uncorrelated"]["variance"] == 0.5


def test_every_kind_of_batch_norm_is_read() -> None:
    model = nn.Sequential(
        ShadowBatchNorm(2, 3), SingleBatchNorm(2), CombinationBatchNorm(2, [(0,), (1, 4)])
    )
    frame = read_statistics(model)
    families = frame.drop_duplicates(["block", "num_paths", "combination"])
    assert families[["block", "num_paths", "combination"]].values.tolist() == [
        [0, 1, ""],
        [0, 2, ""],
        [0, 3, ""],
        [1, 0, ""],
        [2, 1, "0"],
        [2, 2, "1-4"],
    ]
    assert len(frame) == 12
    assert read_statistics(nn.ReLU()).empty


def norms(mean: list[float], bias: list[float]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = [
        {
            "m": 2,
            "bn": "shadow",
            "seed": 0,
            "block": 0,
            "num_paths": k,
            "channel": channel,
            "mean": k * mu,
            "variance": float(k * k),
            "weight": 1.0,
            "bias": beta,
        }
        for k in (1, 2)
        for channel, (mu, beta) in enumerate(zip(mean, bias, strict=True))
    ]
    return pd.DataFrame(rows)


def test_channels_near_zero_are_left_out_and_counted() -> None:
    frame = summarise(ratios(norms([1.0, -2.0, 0.001], [0.5, 0.01, -0.2]))).set_index("quantity")
    assert frame["num_left_out"].to_dict() == {"mean": 1, "variance": 0, "weight": 0, "bias": 1}
    assert frame["num_channels"]["mean"] == 2
    assert frame["median"]["mean"] == 0.5
    assert frame["paper_s1"].to_dict() == {"mean": 0.5, "variance": 0.25, "weight": 1, "bias": 1}


def test_a_statistic_that_is_zero_everywhere_has_no_median() -> None:
    frame = summarise(ratios(norms([1.0, 2.0], [0.0, 0.0]))).set_index("quantity")
    assert np.isnan(frame["median"]["bias"])


def test_predictions() -> None:
    assert [prediction(q, 3) for q in ("mean", "variance", "weight", "bias")] == [
        1 / 3,
        1 / 9,
        1,
        1,
    ]


def test_branches_are_indexed_as_active_paths_are() -> None:
    place = CellNet(SKELETON, Branches(M)).path_sums()[0]
    assert place.num_paths == 12
    assert active_paths(((), (), (1,), ())) == (7,)
    assert not place.can_sum(7, 8)
    assert place.can_sum(7, 9)
