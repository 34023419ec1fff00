"""Samplers: which path trains in the next step.

A sampler is a function (space, rng, progress) -> path, with progress in [0, 1) through training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from bench.space import Path, Space


def uniform(space: Space, rng: np.random.Generator, progress: float) -> Path:  # noqa: ARG001
    """Draw m' uniform in 1..m, paths uniform without replacement, operations uniform."""
    return space.path(space.sample(rng))


SAMPLERS: dict[str, Callable[[Space, np.random.Generator, float], Path]] = {"uniform": uniform}
