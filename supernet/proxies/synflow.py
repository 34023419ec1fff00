"""Synaptic flow.

Tanaka et al. 2020, 'Pruning neural networks without any data by iteratively conserving synaptic
flow'. With every weight replaced by its absolute value, no batch norms, and one image of ones,

    R = sum of the logits,  synflow = log(sum over weights of |w dR/dw|)

The sum grows by orders of magnitude with depth, so it is taken in double precision; its logarithm
ranks as it does. Without batch norms as in zero-cost-nas (there `synflow_bn` keeps them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from supernet.proxies.layers import remove_batch_norms, weighted_layers

if TYPE_CHECKING:
    from torch import nn


def synflow(network: nn.Module, x: torch.Tensor, labels: torch.Tensor) -> float:  # noqa: ARG001 (a Proxy is called so)
    """Sum the synaptic saliencies of all weights, and take the logarithm."""
    remove_batch_norms(network)
    network.double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
    weights = [layer.weight for layer in weighted_layers(network)]
    ones = torch.ones_like(x[:1], dtype=torch.float64)
    gradients = torch.autograd.grad(network(ones).sum(), weights)
    total = sum((w.detach() * g).sum() for w, g in zip(weights, gradients, strict=True))
    return float(torch.as_tensor(total).log())
