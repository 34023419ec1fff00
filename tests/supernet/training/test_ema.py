"""The average against one written out: the same bits, counts of batches and old checkpoints."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from supernet.training.ema import Ema
from tests.supernet.training.test_captures import Watched


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 5)
    )


def steps(model: nn.Module, num: int) -> None:
    """Train on noise, so that weights, statistics and counts all move."""
    generator = torch.Generator().manual_seed(1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(num):
        images = torch.randn(8, 3, 8, 8, generator=generator)
        optimizer.zero_grad()
        model(images).square().mean().backward()
        optimizer.step()


def written_out(model: nn.Module, num: int, decay: float) -> dict[str, torch.Tensor]:
    """Average by hand while the model trains `num` steps."""
    averages = {name: value.clone() for name, value in model.state_dict().items()}
    for step in range(1, num + 1):
        steps(model, 1)
        weight = 1.0 - min(decay, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                averages[name].lerp_(value, weight)
            else:
                averages[name].copy_(value)
    return averages


def follow(model: nn.Module, ema: Ema, num: int) -> None:
    for _ in range(num):
        steps(model, 1)
        ema.update(model)


@pytest.mark.parametrize("decay", [0.9999, 0.6])
def test_fifty_steps_are_the_written_out_ones_bit_by_bit(decay: float) -> None:
    model = network()
    expected = written_out(copy.deepcopy(model), 50, decay)
    ema = Ema(model, decay)
    follow(model, ema, 50)
    found = ema.model.state_dict()
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert torch.equal(found[name], value), name
    assert found["1.num_batches_tracked"] == 50
    assert not torch.equal(found["0.weight"], model.state_dict()["0.weight"])


def test_an_update_reads_no_number_of_a_tensor() -> None:
    """On a GPU it would wait for it."""
    model = network()
    ema = Ema(model, 0.99)
    with Watched() as watched:
        ema.update(model)
    assert ema.num_updates == 1
    assert watched.forbidden == []


def test_a_model_without_counts_is_averaged() -> None:
    model = nn.Linear(2, 1)
    ema = Ema(model, 0.5)
    ema.update(model)
    assert torch.equal(ema.model.state_dict()["weight"], model.weight)


def test_the_average_is_no_part_of_the_model() -> None:
    model = network()
    ema = Ema(model, 0.99)
    before = ema.model.state_dict()["0.weight"].clone()
    steps(model, 1)
    assert torch.equal(ema.model.state_dict()["0.weight"], before)
    assert not any(parameter.requires_grad for parameter in ema.model.parameters())
    assert not any(module.training for module in ema.model.modules())
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert model.training


def test_a_state_is_gone_back_to_and_has_the_form_of_earlier_checkpoints() -> None:
    model = network()
    ema = Ema(model, 0.99)
    follow(model, ema, 7)
    state = copy.deepcopy(ema.state_dict())
    assert set(state) == {"model", "num_updates"}
    assert state["num_updates"] == 7
    assert set(state["model"]) == set(model.state_dict())

    at_seven = copy.deepcopy(model)
    follow(model, ema, 5)
    other = Ema(network(), 0.99)
    other.load_state_dict(state)
    assert other.num_updates == 7
    follow(at_seven, other, 5)
    for name, value in ema.model.state_dict().items():
        assert torch.equal(other.model.state_dict()[name], value), name
