"""Scores repeat with their seed, whatever else is asked for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from bench.network.skeleton import Skeleton
from supernet.data.sets import load_digits
from supernet.proxies.registry import PROXIES
from supernet.proxies.scoring import draw_batch, score_cell
from tests.graphs import FIRST_CELL, INCEPTION_CELL, LINE_CELL

SKELETON = Skeleton(stem_channels=4, num_stacks=2, cells_per_stack=1, image_size=8, in_channels=1)


def infinite(network: Any, x: torch.Tensor, labels: torch.Tensor) -> float:  # noqa: ARG001 (a Proxy is called so)
    return math.inf


def drawn(network: Any, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:  # noqa: ARG001 (a Proxy is called so)
    for parameter in network.parameters():
        parameter.data.zero_()  # its own copy
    return torch.rand(())


def no_number(network: Any, x: torch.Tensor, labels: torch.Tensor) -> str:  # noqa: ARG001 (a Proxy is called so)
    return "high"


def failing(network: Any, x: torch.Tensor, labels: torch.Tensor) -> float:  # noqa: ARG001 (a Proxy is called so)
    raise RuntimeError("no idea")


def in_training(network: Any, x: torch.Tensor, labels: torch.Tensor) -> float:  # noqa: ARG001 (a Proxy is called so)
    return float(np.mean([module.training for module in network.modules()]))


def scores(*methods: str, seed: int = 0) -> dict[str, float]:
    batch = draw_batch(load_digits(), 16, seed)
    return score_cell(INCEPTION_CELL, SKELETON, batch, methods, seed)


def own(function: Any) -> str:
    return f"{__name__}:{function.__name__}"


def test_each_score_is_its_own() -> None:
    together = scores(own(drawn), *PROXIES)
    assert all(math.isfinite(value) for value in together.values())
    for name, value in together.items():
        assert scores(name) == {name: value}
    other = scores(*together, seed=1)
    assert all(other[name] != value for name, value in together.items())


def test_torch_s_generator_is_left_alone() -> None:
    state = torch.get_rng_state()
    scores("zen", own(drawn))
    assert torch.equal(torch.get_rng_state(), state)


def test_every_cell_has_scores() -> None:
    batch = draw_batch(load_digits(), 16, 0)
    for cell in (LINE_CELL, FIRST_CELL):
        found = score_cell(cell, SKELETON, batch, PROXIES, 0)
        assert all(math.isfinite(value) for value in found.values())


def test_a_proxy_gets_a_network_in_training_mode() -> None:
    """Where zero-cost-nas has it too: batch norms normalise by the batch's own statistics."""
    assert scores(own(in_training)) == {own(in_training): 1.0}


def test_a_score_that_is_not_finite_is_none() -> None:
    assert math.isnan(scores(own(infinite))[own(infinite)])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("synflo", "unknown proxy .*'synflo': did you mean 'synflow'"),
        (own(no_number), "returned str, not a number"),
        (own(failing), r"proxy .*failing.* failed \(RuntimeError: no idea at .*test_scoring.py:"),
    ],
)
def test_mistakes_are_named(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        scores(name)


def test_batches_are_of_training_images_and_differ_by_seed() -> None:
    data = load_digits()
    x, labels = draw_batch(data, 64, 0)
    assert x.shape == (64, 1, 8, 8)
    mean, std = data.statistics
    known = {pixels.numpy().tobytes(): int(y) for pixels, y in zip(*vars(data.train).values())}  # noqa: B905 (as long)
    found = (x * std + mean).round().to(torch.uint8).contiguous()
    assert [known[one.contiguous().numpy().tobytes()] for one in found] == labels.tolist()
    assert not torch.equal(draw_batch(data, 64, 1)[0], x)


@pytest.mark.parametrize("num", [1, 1001])
def test_batches_that_cannot_be_are_refused(num: int) -> None:
    with pytest.raises(ValueError, match=f"batch_size={num}: proxies compare 2 to 1000 training"):
        draw_batch(load_digits(), num, 0)
