"""How much the network's Jacobians differ from image to image.

Mellor et al., 'Neural architecture search without training', version 1 (2020). With J_n the
gradient of the summed logits by image n, and v_i the eigenvalues of the N x N correlation matrix
of the J_n,

    jacob_cov = -sum_i (log(v_i + k) + 1 / (v_i + k)),  k = 1e-5

The released code takes them from a general solver, which may return complex ones; the matrix is
symmetric, so here they are real.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

K = 1e-5


def jacob_cov(network: nn.Module, x: torch.Tensor, labels: torch.Tensor) -> float:  # noqa: ARG001 (a Proxy is called so)
    """Score uncorrelated Jacobians high; NaN where one is constant."""
    x = x.detach().requires_grad_()
    (jacobians,) = torch.autograd.grad(network(x).sum(), x)
    return correlation_score(jacobians.flatten(1).double().cpu().numpy())


def correlation_score(jacobians: NDArray[np.float64]) -> float:
    """Score rows of shape (N, num_pixels) by how little they are correlated."""
    with np.errstate(invalid="ignore", divide="ignore"):
        correlations = np.corrcoef(jacobians)
    if not np.isfinite(correlations).all():
        return float("nan")
    eigenvalues = np.linalg.eigvalsh(correlations) + K
    with np.errstate(invalid="ignore"):
        return float(-(np.log(eigenvalues) + 1.0 / eigenvalues).sum())
