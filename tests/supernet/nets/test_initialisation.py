"""Initial weights as the released code draws them."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from bench.config.cell_presets import authors, digits
from bench.runs.run import Run
from supernet.nets.initialisation import fan_out
from supernet.parts import resolve
from supernet.runs import build


def test_variance_is_two_over_the_fan_out_and_biases_are_zero() -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(64, 128, 3)
    fan_out(conv)
    assert conv.weight.std().item() == pytest.approx((2 / (9 * 128)) ** 0.5, rel=0.01)
    assert conv.bias is not None
    assert not conv.bias.any()
    depthwise = nn.Conv2d(256, 256, 5, groups=256)
    fan_out(depthwise)
    assert depthwise.weight.std().item() == pytest.approx((2 / 25) ** 0.5, rel=0.03)


def test_the_authors_supernet_starts_so_and_ours_as_pytorch_does(tmp_path: Path) -> None:
    for recipe, is_normal in ((digits().recipe, False), (authors(digits().recipe), True)):
        one = replace(recipe, batch_norm="none", m=3)
        model = build(Run(tmp_path, one, 0), resolve(one), "cpu")
        convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
        largest = max(
            (c.weight.abs().max() * (c.kernel_size[0] ** 2 * c.in_channels) ** 0.5).item()
            for c in convolutions
        )
        assert (largest > 1.01) == is_normal  # PyTorch draws uniformly up to 1 / sqrt(fan in)
        biases = [c.bias for c in convolutions if c.bias is not None]
        assert biases
        assert all(not bias.any() for bias in biases) == is_normal
