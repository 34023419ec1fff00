"""nasbench-pytorch's network of a cell, without its two slips: the oracle of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from nasbench_pytorch.model import Network
from torch import nn

if TYPE_CHECKING:
    from bench.network.cell import Cell
    from bench.network.skeleton import Skeleton

USUAL_MOMENTUM = 0.1  # theirs is TensorFlow's 0.997, which PyTorch takes for 'the last batch alone'


def network(cell: Cell, skeleton: Skeleton) -> Any:
    """Build their network of a cell."""
    return Network(
        (np.array(cell.adjacency), [*cell.operations]),
        num_labels=skeleton.num_classes,
        in_channels=skeleton.in_channels,
        stem_out_channels=skeleton.stem_channels,
        num_stacks=skeleton.num_stacks,
        num_modules_per_stack=skeleton.cells_per_stack,
        momentum=USUAL_MOMENTUM,
    )


def counted_parameters(model: nn.Module) -> int:
    """Count without the 0-dimensional parameters of their placeholders."""
    return sum(p.numel() for p in model.parameters() if p.ndim)


def layers(model: nn.Module) -> list[nn.Module]:
    """List the layers with weights: of each cell its operations first, then its projections."""
    kinds = nn.Conv2d | nn.BatchNorm2d | nn.Linear
    return [module for module in model.modules() if isinstance(module, kinds)]


def copy_weights(source: list[nn.Module], target: nn.Module) -> None:
    """Copy weights and statistics layer by layer, both in the order of `layers`."""
    for mine, theirs in zip(source, layers(target), strict=True):
        theirs.load_state_dict(mine.state_dict())
