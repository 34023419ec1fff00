"""How well the pattern of active ReLUs tells images apart.

Mellor et al., 'Neural architecture search without training', ICML 2021 (NASWOT). With N_A the
number of ReLU outputs and d_H the Hamming distance of the two images' binary codes,

    naswot = log |det K|,  K_ij = N_A - d_H(c_i, c_j)
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from supernet.nets.cell_layers import ConvBnRelu


@torch.no_grad()
def naswot(network: nn.Module, x: torch.Tensor, labels: torch.Tensor) -> float:  # noqa: ARG001 (a Proxy is called so)
    """Score distinct patterns high; minus infinity where two images have the same."""
    kernel = torch.zeros(len(x), len(x), dtype=torch.float64, device=x.device)

    def count(layer: nn.Module, inputs: Any, output: torch.Tensor) -> None:  # noqa: ARG001 (torch's hook)
        kernel.add_(agreements(output))

    for module in network.modules():
        if isinstance(module, ConvBnRelu):
            module.register_forward_hook(count)
    network(x)
    return float(torch.linalg.slogdet(kernel).logabsdet)


def agreements(activations: torch.Tensor) -> torch.Tensor:
    """Count the units on which each two images agree; from (B, ...) to (B, B) in float64."""
    code = (activations.flatten(1) > 0).float()  # counts below 2^24 are exact in float32
    return (code @ code.T + (1 - code) @ (1 - code).T).double()
