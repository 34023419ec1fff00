"""The pretended GPU: it refuses what a real one does, and lets through what a real one lets."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.pretend import CUDA, pretending, rounding_as_the_cpu

if TYPE_CHECKING:
    from collections.abc import Callable

CPU_NUMBER = torch.tensor(1.0)


def there(*size: int) -> torch.Tensor:
    return torch.zeros(*size).to(CUDA)


def in_place() -> object:
    total = torch.zeros(())
    total += there(3).sum()
    return total


def in_place_by_name() -> object:
    return torch.zeros(()).sub_(there(3).sum())


def written_out() -> object:
    return torch.add(there(3).sum(), 1, out=torch.zeros(()))


def indexed() -> object:
    return torch.zeros(3)[there(3).long()]


def set_at() -> None:
    torch.zeros(3)[there(3).long()] = 1.0


def stacked() -> object:
    return torch.stack([torch.zeros(()), there(3).sum()])


def concatenated() -> object:
    return torch.cat([there(3), torch.zeros(3)])


def as_array() -> object:
    return np.asarray(there(3))


def drawn_there() -> object:
    return torch.randn(3, generator=torch.Generator(), device="cuda")


def filled_there() -> object:
    return there(3).normal_(generator=torch.Generator())


def gradient_from_elsewhere() -> None:
    weight = nn.Parameter(there(3))
    weight.grad = torch.zeros(3)


def unmoved_norm() -> object:
    return nn.BatchNorm2d(2)(there(2, 2, 2, 2))


@pytest.mark.parametrize(
    "mistake",
    [
        in_place,
        in_place_by_name,
        written_out,
        indexed,
        set_at,
        stacked,
        concatenated,
        as_array,
        drawn_there,
        filled_there,
        gradient_from_elsewhere,
        unmoved_norm,
    ],
)
def test_what_a_gpu_refuses_is_refused(
    mistake: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    mistake_of_devices = r"same device|'cuda' device type|cuda:0 device type"
    with (
        pretending(monkeypatch),
        pytest.raises((RuntimeError, TypeError), match=mistake_of_devices),
    ):
        mistake()


def test_what_a_gpu_allows_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pretending(monkeypatch):
        x = there(3)
        x += CPU_NUMBER
        x[torch.zeros(2, dtype=torch.long)] = CPU_NUMBER
        assert x[torch.zeros(2, dtype=torch.long)].is_cuda
        assert torch.where(x > 0, x, CPU_NUMBER).is_cuda
        assert torch.zeros_like(x, device=None).is_cuda
        assert torch.zeros(3).copy_(x).is_cpu
        assert nn.Parameter(x).is_cuda
        assert torch.randn(3, generator=torch.Generator()).is_cpu


def test_convolutions_are_kept_from_tf32_without_a_warning() -> None:
    before = torch.backends.cudnn.allow_tf32
    with rounding_as_the_cpu():
        convolutions: Any = torch.backends.cudnn
        assert convolutions.conv.fp32_precision == "ieee"
    assert torch.backends.cudnn.allow_tf32 == before


def test_a_copy_of_a_model_lies_where_the_model_does(monkeypatch: pytest.MonkeyPatch) -> None:
    with pretending(monkeypatch):
        model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)).to(CUDA)
        copied = copy.deepcopy(model)
        assert all(value.is_cuda for value in copied.state_dict().values())
        copied(there(2, 1, 2, 2)).sum().backward()
        assert all(p.grad is not None and p.grad.is_cuda for p in copied.parameters())
        assert not any(p.grad is not None for p in model.parameters())
