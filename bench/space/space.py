"""What a search space offers: architectures sampled, written, read and mapped to paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from typing import Protocol as Interface

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np

    from bench.network.cell import Cell


class Space(Interface):
    """Architectures of any kind; an architecture and a path are hashable values.

    Attributes:
        name: as in SPACES.
        m: largest number of paths summed.
        is_enumerated: whether a run scores every architecture; else a sample, or what a search
            asks for.
    """

    name: str
    m: int
    is_enumerated: bool

    def architectures(self) -> Iterable[Any]:
        """Enumerate every architecture, in a fixed order."""
        ...

    def count(self) -> int:
        """Count the architectures."""
        ...

    def sample(self, rng: np.random.Generator) -> Any:
        """Draw one as the supernet's training does."""
        ...

    def encode(self, architecture: Any) -> str:
        """Write an architecture as a short readable string."""
        ...

    def decode(self, text: str) -> Any:
        """Read what `encode` wrote; ValueError for anything else."""
        ...

    def path(self, architecture: Any) -> Any:
        """Map to the path of a forward pass."""
        ...

    def identity(self, architecture: Any) -> dict[str, Any]:
        """Name an architecture in a table: its text, and what tells what it is."""
        ...


class CellSpace(Space, Interface):
    """A space of NAS-Bench-101 cells, whose accuracies a table of truth may know."""

    num_nodes: int

    def architectures(self) -> Sequence[Any]:
        """List every architecture, in a fixed order."""
        ...

    def cell(self, architecture: Any) -> Cell:
        """Map to the NAS-Bench-101 cell whose accuracy is the truth."""
        ...


def has_cells(space: Space) -> bool:
    """Whether the space's architectures are cells, so that they can be ranked against a truth."""
    return hasattr(space, "cell")
