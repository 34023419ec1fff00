"""The formula of section 3.1 against real convolutions, and its calculator."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import torch

from analysis.figures import kernel_cost
from tests.paths import ROOT

if TYPE_CHECKING:
    import pytest


def test_the_formula_counts_a_real_block() -> None:
    """Every weight of a convolution that keeps the size is used once a pixel."""
    channels, expansion, size, kernels = 8, 3, 5, (3, 7)
    middle = expansion * channels
    convolutions = [
        torch.nn.Conv2d(channels, middle, 1, bias=False),
        torch.nn.Conv2d(middle, channels, 1, bias=False),
        *(torch.nn.Conv2d(middle, middle, k, groups=middle, bias=False) for k in kernels),
    ]
    weights = sum(convolution.weight.numel() for convolution in convolutions)
    counted = kernel_cost.num_multiply_adds(channels, expansion, size, kernels)
    assert counted == weights * size * size


def test_mixing_kernels_is_nearly_free_with_many_channels() -> None:
    costs = [kernel_cost.relative_cost(c, (3, 5)) for c in (16, 64, 1024)]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < 1.02
    assert kernel_cost.relative_cost(48, (3,)) == 1


def test_the_calculator_prints_a_block(capsys: pytest.CaptureFixture[str]) -> None:
    kernel_cost.command(["--channels", "48", "--size", "32", "--kernels", "3,5"])
    expected = 2 * 32 * 32 * 48 * 288 + (9 + 25) * 32 * 32 * 288
    assert capsys.readouterr().out.startswith(f"{expected:,} multiply-adds")


def test_the_command_of_its_caption_runs() -> None:
    words = kernel_cost.ANALYSIS.caption.partition("python ")[2].partition(" counts")[0].split()
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "multiply-adds" in done.stdout
