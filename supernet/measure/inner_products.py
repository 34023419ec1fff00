"""Cosines of Jacobians from their inner products <J, K>, <J, J> and <K, K>."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def cosine(products: torch.Tensor) -> torch.Tensor:
    """Return the cosine from inner products of shape (3, ...); NaN beside a Jacobian of zeros."""
    out: torch.Tensor = products[0] / (products[1] * products[2]).sqrt()
    return out


def jackknife(products: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the cosine, less its jackknife bias, and its standard error, from random directions.

    A cosine is a ratio of three means over directions, so that its plain estimate is biased.

    Args:
        products: of shape (3, ..., num_directions).
    """
    num, total = products.shape[-1], products.sum(-1)
    without_one = cosine(total[..., None] - products)  # (..., num_directions)
    mean = without_one.mean(-1)
    squares = (without_one - mean[..., None]).square().sum(-1)
    return num * cosine(total) - (num - 1) * mean, ((num - 1) / num * squares).sqrt()
