"""Proxies from gradients of the loss L by the weights w, taken on one batch.

    grad_norm   sum over layers of ||dL/dw||_2            Abdelfattah et al. 2021
    snip        sum over weights of |w dL/dw|             Lee et al. 2019, 'SNIP'
    grasp       sum over weights of -w (H dL/dw)          Wang et al. 2020, 'GraSP'

H is the Hessian of L; grasp's paper divides logits by a temperature of 200, zero-cost-nas and we
by 1. The signs are those of Abdelfattah et al.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from supernet.proxies.layers import weighted_layers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn


def grad_norm(network: nn.Module, x: torch.Tensor, labels: torch.Tensor) -> float:
    """Sum the norms of the layers' gradients."""
    _, gradients = _gradients(network, x, labels)
    return float(sum(g.norm() for g in gradients))


def snip(network: nn.Module, x: torch.Tensor, labels: torch.Tensor) -> float:
    """Sum, to first order, by how much the loss changes as each weight is taken away."""
    weights, gradients = _gradients(network, x, labels)
    return float(sum((w * g).abs().sum() for w, g in _pairs(weights, gradients)))


def grasp(network: nn.Module, x: torch.Tensor, labels: torch.Tensor) -> float:
    """Sum by how much the gradient's norm shrinks as each weight is taken away."""
    weights, gradients = _gradients(network, x, labels, create_graph=True)
    inner = torch.stack([(g.detach() * g).sum() for g in gradients]).sum()
    products = torch.autograd.grad(inner, weights, materialize_grads=True)  # H dL/dw
    return float(-sum((w * h).sum() for w, h in _pairs(weights, products)))


def _gradients(
    network: nn.Module, x: torch.Tensor, labels: torch.Tensor, *, create_graph: bool = False
) -> tuple[list[torch.Tensor], tuple[torch.Tensor, ...]]:
    weights: list[torch.Tensor] = [layer.weight for layer in weighted_layers(network)]
    loss = F.cross_entropy(network(x), labels)
    return weights, torch.autograd.grad(loss, weights, create_graph=create_graph)


def _pairs(
    weights: list[torch.Tensor], others: tuple[torch.Tensor, ...]
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    return zip((weight.detach() for weight in weights), others, strict=True)
