"""Fisher information of channels.

Theis et al. 2018, 'Faster gaze prediction with dense networks and Fisher pruning'; Turner et al.
2020, 'BlockSwap'. With a the output of a convolution or dense layer and N images,

    fisher = sum over layers and channels c of 1 / (2 N) sum_n (sum_hw a_nchw dL/da_nchw)^2

where L is the mean loss of the batch.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from supernet.proxies.layers import weighted_layers


def fisher(network: nn.Module, x: torch.Tensor, labels: torch.Tensor) -> float:
    """Sum by how much, to second order, the loss grows as each channel is taken away."""
    outputs: list[torch.Tensor] = []

    def note(layer: nn.Module, inputs: Any, output: torch.Tensor) -> torch.Tensor:  # noqa: ARG001 (torch's hook)
        outputs.append(output)
        return output.clone()  # what follows may work in place

    for layer in weighted_layers(network):
        layer.register_forward_hook(note)
    loss = F.cross_entropy(network(x), labels)
    gradients = torch.autograd.grad(loss, outputs)
    return float(sum(_information(a, g) for a, g in zip(outputs, gradients, strict=True)))


def _information(output: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    product = (output.detach() * gradient).reshape(*output.shape[:2], -1)
    return product.sum(2).pow(2).mean(0).sum() / 2  # of (B, channels)
