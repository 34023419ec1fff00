"""The layers whose weights proxies count, and a network without batch norms."""

from __future__ import annotations

from typing import TypeAlias

from torch import nn

Layer: TypeAlias = nn.Conv2d | nn.Linear


def weighted_layers(network: nn.Module) -> list[Layer]:
    """List convolutions and dense layers."""
    return [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]


def remove_batch_norms(network: nn.Module) -> None:
    """Replace every batch norm by the identity."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
