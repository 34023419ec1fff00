"""Networks of mixed inverted bottlenecks: MixPath's supernets, and the networks found in them.

One class builds both from a description (`bench.network.blocks.Network`). In a supernet every
searched layer holds all kernels, and a path, a `MixArchitecture`, says which of them run; layers
that are not searched run all that they have, so that a stand-alone network is one with nothing
searched.

    S1, S2   project(squeeze(sum of act(BN(depthwise_k)))) -> shadow batch norm number m'
    S3       per channel group: shadow batch norm m' of the sum of bare depthwise_k, concatenated;
             activation, squeeze, project, batch norm

In S3 the summed kernels are linear, so a supernet folds them into one kernel before it runs them:
one convolution a group instead of m', with the same result. A stand-alone network runs them as
described (`supernet.nets.extract.fold` rewrites it for good).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import nn

from bench.base.names import load
from bench.space.architecture import KERNELS, MixArchitecture
from supernet.shadow_bn import BATCH_NORMS, combinations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bench.network.blocks import Block, Network
    from bench.space.kernels import MixPathSpace

Kernels = tuple[tuple[int, ...], ...]


class MixNet(nn.Module):
    """A network of mixed inverted bottlenecks, searched or stand-alone.

    Args:
        network: the description; searched blocks have every kernel that may be chosen.
        num_fixed: how many blocks at the start are not searched; all by default.
        expansions: what a searched layer chooses from; none: as described.
        max_paths: m, the largest number of kernels summed in a group.
        batch_norm: of the searched layers, a name in BATCH_NORMS or `package.module:name`.
        dropout: probability before the dense layer, in training.
        is_folding: whether bare kernels are summed before they are run.
    """

    def __init__(
        self,
        network: Network,
        *,
        num_fixed: int | None = None,
        expansions: tuple[int, ...] = (),
        max_paths: int = 1,
        batch_norm: str = "single",
        dropout: float = 0.0,
        is_folding: bool = False,
    ) -> None:
        super().__init__()
        self.network = network
        self.num_fixed = len(network.blocks) if num_fixed is None else num_fixed
        self.batch_norm = batch_norm
        act = network.activation
        self.stem_conv = ConvNorm(
            network.in_channels, network.stem_channels, 3, stride=network.stem_stride, act=act
        )
        self.layers = nn.ModuleList()
        for index, block in enumerate(network.blocks):
            searched = index >= self.num_fixed
            norm = batch_norm if searched or batch_norm == "none" else "single"
            choices = (searched and expansions) or (block.expansion,)
            self.layers.append(
                nn.ModuleDict({str(e): MixBlock(block, e, max_paths, norm) for e in choices})
            )
        self.head = ConvNorm(network.blocks[-1].out_channels, network.head_channels, 1, act=act)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(network.head_channels, network.num_classes)
        self.apply(_initialise)
        for module in self.modules():
            if isinstance(module, PathGroup):
                module.is_folding = is_folding

    def forward(self, x: torch.Tensor, path: MixArchitecture | None = None) -> torch.Tensor:
        """Return logits of shape (B, num_classes) for normalised images (B, C, H, W)."""
        return self.body(self.stem(x), path)

    def stem(self, x: torch.Tensor) -> torch.Tensor:
        """Run what every path shares: the stem and the blocks that are not searched."""
        x = self.stem_conv(x)  # (B, stem_channels, H, W)
        for index in range(self.num_fixed):
            x = self._block(index, self.network.blocks[index].expansion)(x)
        return x

    shared = stem
    """What scoring runs once a batch for all paths (see `SupernetScorer`)."""

    def rest(self, shared: torch.Tensor, path: MixArchitecture | None = None) -> torch.Tensor:
        """Run what depends on the path, after `shared`."""
        return self.body(shared, path)

    def body(self, x: torch.Tensor, path: MixArchitecture | None = None) -> torch.Tensor:
        """Run the searched blocks and the head on the stem's output.

        Raises:
            ValueError: a path of another length than there are searched layers.
        """
        path = path or MixArchitecture()
        if len(path) != len(self.layers) - self.num_fixed:
            raise ValueError(
                f"path has {len(path)} layers, the network {len(self.layers) - self.num_fixed}"
            )
        for index, layer in enumerate(path, start=self.num_fixed):
            expansion = layer.expansion or self.network.blocks[index].expansion
            x = self._block(index, expansion)(x, layer.kernels)
        x = self.head(x).mean((2, 3))  # (B, head_channels)
        out: torch.Tensor = self.classifier(self.dropout(x))  # (B, num_classes)
        return out

    def _block(self, index: int, expansion: int) -> MixBlock:
        block = self.layers[index][str(expansion)]  # type: ignore[index]
        assert isinstance(block, MixBlock)
        return block


class MixBlock(nn.Module):
    """An inverted bottleneck whose channel groups sum the kernels that are asked for."""

    def __init__(self, block: Block, expansion: int, max_paths: int, batch_norm: str) -> None:
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
        norm = batch_norm if is_searched or batch_norm == "none" else "single"
        self.project = nn.Conv2d(mid, out, 1, groups=block.project_groups, bias=norm == "none")
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
        return x + y if self.block.has_residual else y  # type: ignore[no-any-return]


class PathGroup(nn.Module):
    """The depthwise kernels of one channel group, summed."""

    def __init__(
        self, channels: int, kernels: Iterable[int], block: Block, max_paths: int, batch_norm: str
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
        y = self.convs[str(kernel)](x)
        if self.block.is_bare:
            return y  # type: ignore[no-any-return]
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


def supernet(space: MixPathSpace, batch_norm: str = "shadow", dropout: float = 0.0) -> MixNet:
    """Build the supernet of a space."""
    return MixNet(
        space.template,
        num_fixed=space.num_fixed,
        expansions=space.expansions,
        max_paths=space.m,
        batch_norm=batch_norm,
        dropout=dropout,
        is_folding=True,
    )


def active(kernels: tuple[int, ...]) -> tuple[int, ...]:
    """Return the indices that a batch norm knows the summed kernels by."""
    return tuple(KERNELS.index(k) if k in KERNELS else k for k in kernels)


def depthwise(channels: int, kernel: int, stride: int) -> nn.Conv2d:
    """Build a depthwise convolution that keeps the size but for its stride."""
    return nn.Conv2d(channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False)


def activate(x: torch.Tensor, name: str) -> torch.Tensor:
    """Apply an activation of `bench.network.blocks.ACTIVATIONS`."""
    return ACTIVATION_FUNCTIONS[name](x)


ACTIVATION_FUNCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "relu": torch.relu_,
    "relu6": lambda x: F.hardtanh_(x, 0.0, 6.0),
    "swish": F.silu,
}


def set_batch_norms(model: nn.Module, momentum: float, epsilon: float) -> None:
    """Set every batch norm's momentum (PyTorch's: the weight of the new batch) and epsilon."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum, module.eps = momentum, epsilon


def _norm(batch_norm: str, channels: int, max_paths: int) -> nn.Module:
    every = combinations(len(KERNELS), 1, max_paths)
    return load(batch_norm, BATCH_NORMS, "batch norm")(channels, max_paths, every)


def _initialise(module: nn.Module) -> None:
    """Draw convolutions by their fan out (a depthwise one's is its kernel), as MobileNets do."""
    if isinstance(module, nn.Conv2d):
        fan_out = math.prod(module.kernel_size) * module.out_channels // module.groups
        nn.init.normal_(module.weight, 0.0, math.sqrt(2.0 / fan_out))
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.01)
        nn.init.zeros_(module.bias)
