"""The layers of mixed inverted bottlenecks: blocks, channel groups of summed kernels, gates."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import nn

from bench.space.architecture import KERNELS
from supernet.shadow_bn import SINGLE, NormUnderTest, combinations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bench.network.block import Block

Kernels = tuple[tuple[int, ...], ...]


class Bottleneck(nn.Module):
    """An inverted bottleneck whose channel groups sum the kernels that are asked for."""

    def __init__(
        self, block: Block, expansion: int, max_paths: int, batch_norm: NormUnderTest
    ) -> None:
        super().__init__()
        self.block = block = replace(block, expansion=expansion)
        mid, out, act = block.mid_channels, block.out_channels, block.activation
        self.expand = (
            nn.Identity()
            if expansion == 1
            else ConvNorm(block.in_channels, mid, 1, groups=block.expand_groups, act=act)
        )
        self.groups = nn.ModuleList(
            PathGroup(channels, kernels, block, max_paths, batch_norm)
            for channels, kernels in zip(block.split(), block.groups, strict=True)
        )
        self.squeeze = (
            SqueezeExcite(mid, block.squeeze_channels, act) if block.squeeze else nn.Identity()
        )
        is_searched = not block.is_bare and len(block.groups) == 1
        norm = batch_norm if is_searched or batch_norm.is_absent else SINGLE
        self.project = nn.Conv2d(mid, out, 1, groups=block.project_groups, bias=norm.is_absent)
        self.norm = _norm(norm, out, max_paths)

    def forward(self, x: torch.Tensor, kernels: Kernels | None = None) -> torch.Tensor:
        """Run the kernels asked for in each group; by default all."""
        kernels = kernels or self.block.groups
        y = self.expand(x)  # (B, mid, H, W)
        parts = y.split(self.block.split(), 1) if len(self.groups) > 1 else (y,)
        outputs = [g(part, k) for g, part, k in zip(self.groups, parts, kernels, strict=True)]
        y = torch.cat(outputs, 1) if len(outputs) > 1 else outputs[0]
        y = activate(y, self.block.activation) if self.block.is_bare else y
        y = self.norm(self.project(self.squeeze(y)), active(kernels[0]))  # (B, out, H', W')
        out: torch.Tensor = x + y if self.block.has_residual else y
        return out


class PathGroup(nn.Module):
    """The depthwise kernels of one channel group, summed."""

    def __init__(
        self,
        channels: int,
        kernels: Iterable[int],
        block: Block,
        max_paths: int,
        batch_norm: NormUnderTest,
    ) -> None:
        super().__init__()
        self.block = block
        self.is_folding = False
        self.convs = nn.ModuleDict({str(k): depthwise(channels, k, block.stride) for k in kernels})
        self.norms = nn.ModuleDict(
            {} if block.is_bare else {str(k): nn.BatchNorm2d(channels) for k in kernels}
        )
        if block.is_bare:
            self.norm = _norm(batch_norm, channels, max_paths)

    def forward(self, x: torch.Tensor, kernels: tuple[int, ...]) -> torch.Tensor:
        """Sum the paths of these kernels."""
        if self.block.is_bare and self.is_folding and len(kernels) > 1:
            total = self._folded(x, kernels)
        else:
            total = self._path(x, kernels[0])
            for kernel in kernels[1:]:
                total = total + self._path(x, kernel)
        if self.block.is_bare:
            total = self.norm(total, active(kernels))
        return total  # (B, channels, H', W')

    def weight(self, kernels: tuple[int, ...]) -> torch.Tensor:
        """Fold these kernels into one of the largest size, of shape (channels, 1, k, k)."""
        padded = []
        for kernel in kernels:
            conv = self.convs[str(kernel)]
            assert isinstance(conv, nn.Conv2d)
            padded.append(F.pad(conv.weight, ((max(kernels) - kernel) // 2,) * 4))
        return torch.stack(padded).sum(0)

    def _folded(self, x: torch.Tensor, kernels: tuple[int, ...]) -> torch.Tensor:
        padding = max(kernels) // 2
        return F.conv2d(x, self.weight(kernels), None, self.block.stride, padding, 1, x.shape[1])

    def _path(self, x: torch.Tensor, kernel: int) -> torch.Tensor:
        y: torch.Tensor = self.convs[str(kernel)](x)
        if self.block.is_bare:
            return y
        return activate(self.norms[str(kernel)](y), self.block.activation)


class SqueezeExcite(nn.Module):
    """Channels scaled by a gate that two 1x1 convolutions make of their means."""

    def __init__(self, channels: int, squeezed: int, act: str) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.expand = nn.Conv2d(squeezed, channels, 1)
        self.act = act

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scale every channel."""
        gate = activate(self.reduce(x.mean((2, 3), keepdim=True)), self.act)
        return x * torch.sigmoid(self.expand(gate))


class ConvNorm(nn.Module):
    """Convolution, batch norm, activation."""

    def __init__(
        self, before: int, channels: int, kernel: int, *, stride: int = 1, groups: int = 1, act: str
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            before, channels, kernel, stride, kernel // 2, groups=groups, bias=False
        )
        self.norm = nn.BatchNorm2d(channels)
        self.act = act

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run it."""
        return activate(self.norm(self.conv(x)), self.act)


def active(kernels: tuple[int, ...]) -> tuple[int, ...]:
    """Return the indices that a batch norm knows the summed kernels by."""
    return tuple(KERNELS.index(k) if k in KERNELS else k for k in kernels)


def depthwise(channels: int, kernel: int, stride: int) -> nn.Conv2d:
    """Build a depthwise convolution that keeps the size but for its stride."""
    return nn.Conv2d(channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False)


def activate(x: torch.Tensor, name: str) -> torch.Tensor:
    """Apply an activation of `bench.network.block.ACTIVATIONS`."""
    return ACTIVATION_FUNCTIONS[name](x)


ACTIVATION_FUNCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "relu": torch.relu_,
    "relu6": lambda x: F.hardtanh_(x, 0.0, 6.0),
    "swish": F.silu,
}


def _norm(batch_norm: NormUnderTest, channels: int, max_paths: int) -> nn.Module:
    every = combinations(len(KERNELS), 1, max_paths)
    return batch_norm.build(channels, max_paths, every)
