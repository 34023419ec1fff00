"""Stand-alone networks taken out of a supernet, and S3's summed kernels folded into one.

A network taken out gives in eval mode what the supernet gives on that path. Weights are matched by
name; batch norms by the order in which one forward pass calls them, so that any batch norm under
test, a user's own too, leaves just the one that the path uses.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import nn

from supernet.nets.bottleneck_layers import PathGroup
from supernet.nets.bottlenecks import BottleneckNet
from supernet.shadow_bn import NONE, SINGLE

if TYPE_CHECKING:
    from bench.network.block import Block
    from bench.space.architecture import KernelArchitecture
    from bench.space.kernels import KernelSpace


def stand_alone(
    space: KernelSpace, architecture: KernelArchitecture, dropout: float = 0.0
) -> BottleneckNet:
    """Build the network of one architecture, with fresh weights."""
    return BottleneckNet(space.network(space.checked(architecture)), dropout=dropout)


def extract(
    model: BottleneckNet, space: KernelSpace, architecture: KernelArchitecture
) -> BottleneckNet:
    """Build the network of one architecture with the supernet's weights and statistics."""
    path = space.checked(architecture)
    batch_norm = NONE if model.batch_norm.is_absent else SINGLE
    network = BottleneckNet(space.network(path), batch_norm=batch_norm, dropout=model.dropout.p)
    network.to(next(model.parameters()).device)
    _copy_named(model, network)
    pairs = zip(_norms_called(model, path), _norms_called(network, None), strict=True)
    for source, target in pairs:
        target.load_state_dict(source.state_dict())
        target.eps, target.momentum = source.eps, source.momentum
    return network.train(model.training)


def is_foldable(model: BottleneckNet) -> bool:
    """Whether the network has groups of several linear kernels that can be folded into one."""
    return any(b.is_bare and any(len(g) > 1 for g in b.groups) for b in model.network.blocks)


@torch.no_grad()
def fold(model: BottleneckNet) -> BottleneckNet:
    """Return an equal network in which each group's summed linear kernels are one kernel."""
    blocks = tuple(_folded(block) for block in model.network.blocks)
    network = BottleneckNet(
        replace(model.network, blocks=blocks),
        batch_norm=model.batch_norm,
        dropout=model.dropout.p,
    ).to(next(model.parameters()).device)
    _copy_named(model, network)
    norms = [
        [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)] for net in (model, network)
    ]
    for source, target in zip(*norms, strict=True):
        target.load_state_dict(source.state_dict())
        target.eps, target.momentum = source.eps, source.momentum
    groups = [[m for m in net.modules() if isinstance(m, PathGroup)] for net in (model, network)]
    for group, single in zip(*groups, strict=True):
        if group.block.is_bare:
            (conv,) = single.convs.values()
            assert isinstance(conv, nn.Conv2d)
            conv.weight.copy_(group.weight(tuple(int(k) for k in group.convs)))
    return network.train(model.training)


def _folded(block: Block) -> Block:
    if not block.is_bare:
        return block
    return replace(block, groups=tuple((max(group),) for group in block.groups))


def _copy_named(source: nn.Module, target: nn.Module) -> None:
    """Copy what has the same name and shape in both."""
    theirs = source.state_dict()
    with torch.no_grad():
        for name, value in target.state_dict().items():
            if name in theirs and theirs[name].shape == value.shape:
                value.copy_(theirs[name])


@torch.no_grad()
def _norms_called(model: BottleneckNet, path: KernelArchitecture | None) -> list[nn.BatchNorm2d]:
    """List the batch norms that a forward pass of this path calls, in order."""
    called: list[nn.BatchNorm2d] = []

    def note(norm: nn.Module, inputs: object) -> None:  # noqa: ARG001 (torch's hook)
        assert isinstance(norm, nn.BatchNorm2d)
        called.append(norm)

    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    handles = [norm.register_forward_pre_hook(note) for norm in norms]
    was_training = model.training
    size = model.network.image_size
    try:
        device = next(model.parameters()).device
        model.eval()
        model(torch.zeros(1, model.network.in_channels, size, size, device=device), path)
    finally:
        model.train(was_training)
        for handle in handles:
            handle.remove()
    return called
