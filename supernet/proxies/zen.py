"""How strongly a Gaussian network's features answer to a small change of a Gaussian image.

Lin et al. 2021, 'Zen-NAS', Algorithm 1. With all convolutions drawn from N(0, 1), x and e images
of N(0, 1), f the features before the pooling, and s_ic^2 the variance of channel c that batch norm
i sees on x,

    zen = log E ||f(x) - f(x + 0.01 e)||_F + sum_i log sqrt(mean_c s_ic^2)

One draw, of as many images as the batch has. The released code sums absolute differences in place
of the norm, and takes running variances for those of the batch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

STEP = 0.01


@torch.no_grad()
def zen(network: Any, x: torch.Tensor, labels: torch.Tensor) -> float:  # noqa: ARG001 (a Proxy is called so)
    """Measure the expressivity of the features."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight)
    image, change = torch.randn_like(x), torch.randn_like(x)
    scales: list[torch.Tensor] = []

    def note(norm: nn.Module, inputs: tuple[torch.Tensor]) -> None:  # noqa: ARG001 (torch's hook)
        scales.append(inputs[0].var((0, 2, 3), correction=0).mean().log() / 2)

    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    handles = [norm.register_forward_pre_hook(note) for norm in norms]
    features = network.features(image)
    for handle in handles:
        handle.remove()
    difference = features - network.features(image + STEP * change)
    return float(difference.flatten(1).norm(dim=1).mean().log() + sum(scales))
