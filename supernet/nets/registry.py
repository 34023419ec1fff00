"""The nets by name: adding one is its file and a line here.

A net is a function (recipe, space, batch norm) -> `supernet.nets.supernet.Supernet`. An own one is
named on the command line as `package.module:name`; where paths share nothing, or are compared
nowhere, `OwnNet` gives it what is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

from supernet.nets.bottlenecks import build_bottlenecks
from supernet.nets.cells import build_cells

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from bench.config.recipe import Recipe
    from supernet.shadow_bn import NormUnderTest

NETS: dict[str, Callable[[Recipe, Any, NormUnderTest], Any]] = {
    "cells": build_cells,
    "bottlenecks": build_bottlenecks,
}


class OwnNet(nn.Module):
    """A base for own nets, of which only `forward(x, path)` is asked."""

    def shared(self, x: torch.Tensor) -> torch.Tensor:
        """Share nothing: return the images (B, C, H, W)."""
        return x

    def rest(self, shared: torch.Tensor, path: Any) -> torch.Tensor:
        """Run the whole net; return logits of shape (B, num_classes)."""
        out: torch.Tensor = self(shared, path)
        return out

    def path_sums(self) -> list[Any]:
        """Compare no paths."""
        return []
