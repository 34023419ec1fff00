"""What calibration, scoring and measurements ask of a supernet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from typing import Protocol as Interface

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch
    from torch import nn


class Supernet(Interface):
    """A one-shot network: one set of weights, and a path for each forward pass.

    It is a `torch.nn.Module`. What `shared` gives must not depend on the path, neither its outputs
    in eval mode nor its batch norms' statistics in training mode, so that it is run once a batch
    for all architectures; a net that shares nothing returns its input (see `OwnNet`).
    """

    def __call__(self, x: torch.Tensor, path: Any) -> torch.Tensor:
        """Return logits of shape (B, num_classes) for normalised images (B, C, H, W)."""
        ...

    def shared(self, x: torch.Tensor) -> Any:
        """Run what every path shares."""
        ...

    def rest(self, shared: Any, path: Any) -> torch.Tensor:
        """Run what depends on the path, after `shared`; return logits."""
        ...

    def path_sums(self) -> Sequence[PathSum]:
        """List the places where paths are summed and compared, first to last; may be empty."""
        ...


class PathSum(Interface):
    """A place of a supernet where parallel paths are summed, before the batch norm under test.

    Attributes:
        cell: number of the cell or layer.
        offset: number of the place's first path, among all that are compared in this cell.
        num_paths: how many paths there are.
        norm: the batch norm under test.
        is_linear: whether all between the sum and that batch norm (`before_norm`) is linear, so
            that Jacobians of sums follow from those of single paths.
    """

    cell: int
    offset: int
    num_paths: int
    norm: nn.Module
    is_linear: bool

    def can_sum(self, first: int, second: int) -> bool:
        """Whether the two can be summed in one architecture."""
        ...

    def inputs(self, x: torch.Tensor, upstream: Sequence[Any]) -> torch.Tensor:
        """Return what the place gets for images (B, C, H, W), image i having taken upstream[i]."""
        ...

    def outputs(self, inputs: torch.Tensor) -> list[torch.Tensor]:
        """Run every path on one input, each to shape (B, C', H', W')."""
        ...

    def before_norm(self, total: torch.Tensor) -> torch.Tensor:
        """Run what lies between a sum of paths and the batch norm under test."""
        ...

    def normed(self, total: torch.Tensor, paths: Sequence[int]) -> torch.Tensor:
        """Run all up to the batch norm under test on the sum of these paths."""
        ...


class LinearPathSum(PathSum, Interface):
    """A place whose Jacobians are measured exactly where that is cheap."""

    @property
    def receptive_field(self) -> int:
        """Side, in pixels of the image, of what one output of a path sees."""
        ...

    def num_values(self, image: torch.Tensor) -> int:
        """Return the size of a feature map of one image (1, C, H, W), to bound memory by."""
        ...


def pairs(place: PathSum, m: int) -> Iterator[tuple[str, int, int]]:
    """List what is compared at a place: (kind, first, second).

    'paths': one path against another; 'sum': one against the sum of it and another, as the paper's
    'one path and two paths', where two can be summed.
    """
    for first in range(place.num_paths):
        for second in range(place.num_paths):
            if first < second:
                yield "paths", first, second
            if m >= 2 and place.can_sum(first, second):
                yield "sum", first, second
