"""Samplers: which path trains in the next step.

A sampler is a function (space, rng, progress) -> path, with progress in [0, 1) through training.

    uniform   m' in 1..m uniform, then that many paths: MixPath
    one-shot  all operations of all branch nodes on (in S1 to S3: all kernels of all groups), each
              dropped independently with a probability that rises linearly through training (Bender
              et al. 2018)

One-Shot's paths run several operations at one branch node and up to all of them at once, so that
only batch norms that don't count paths ('single', 'none') can follow their sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from bench.network.cell import OPERATIONS
from bench.space.architecture import KERNELS, KernelArchitecture, Layer
from bench.space.kernels import KernelSpace

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from bench.space.space import CellSpace, Space

    Sampler: TypeAlias = Callable[[Any, np.random.Generator, float], Any]

DROP_ALL = 0.05
"""Probability that every operation of a cell (or of a group of kernels) would be dropped at the end
of training (Bender et al.'s r: each of k operations is dropped with r ** (1 / k)); such a draw is
repeated, since a sum of nothing has no output."""


def uniform(space: Space, rng: np.random.Generator, progress: float) -> Any:  # noqa: ARG001 (a Sampler is called so)
    """Draw m' uniform in 1..m, paths uniform without replacement, operations uniform."""
    return space.path(space.sample(rng))


def one_shot(space: CellSpace | KernelSpace, rng: np.random.Generator, progress: float) -> Any:
    """Drop every operation independently, more of them as training goes on; never all."""
    if isinstance(space, KernelSpace):
        return _one_shot_layers(space, rng, progress)
    is_on = _kept((space.num_nodes, len(OPERATIONS)), rng, progress)
    return tuple(tuple(np.flatnonzero(node).tolist()) for node in is_on)


def _one_shot_layers(
    space: KernelSpace, rng: np.random.Generator, progress: float
) -> KernelArchitecture:
    """Drop kernels group by group; an expansion, of which one alone can run, is drawn uniformly."""
    layers = []
    for _ in range(space.num_layers):
        expansion = int(rng.choice(space.expansions)) if space.expansions else 0
        groups = [_kept((len(KERNELS),), rng, progress) for _ in range(space.num_groups)]
        kernels = (tuple(k for k, on in zip(KERNELS, g, strict=True) if on) for g in groups)
        layers.append(Layer(expansion, tuple(kernels)))
    return KernelArchitecture(layers)


def _kept(shape: tuple[int, ...], rng: np.random.Generator, progress: float) -> NDArray[np.bool_]:
    """Draw which operations stay on: at least one."""
    is_on = np.zeros(shape, dtype=bool)
    while not is_on.any():
        is_on = rng.random(shape) >= drop_probability(is_on.size, progress)
    return is_on


def drop_probability(num_operations: int, progress: float) -> float:
    """Return One-Shot's dropout of one operation of a cell: 0 at first, rising linearly."""
    return float(DROP_ALL ** (1 / num_operations) * progress)


SAMPLERS: dict[str, Sampler] = {
    "uniform": uniform,
    "one-shot": one_shot,
}
