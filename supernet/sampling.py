"""Samplers: which path trains in the next step.

A sampler is a function (space, rng, progress) -> path, with progress in [0, 1) through training.

    uniform    m' in 1..m uniform, then that many paths: MixPath, section 3.3
    bernoulli  every branch node (in S1 to S3 every kernel) on with probability 1/2, independently,
               drawn again while none or more than m are on: MixPath, section 3.2 and Algorithm 1
    one-shot   all operations of all branch nodes on (in S1 to S3: all kernels of all groups), each
               dropped independently with a probability that rises linearly through training (Bender
               et al. 2018)

The paper gives both of the first two. They differ in how often each number of paths trains: with
'uniform' all alike, with 'bernoulli' as there are subsets of that size (m = 4: 4, 6, 4 and 1 in 15,
so that SBN_4 trains in one step of fifteen, not of four). Given the number they are the same. Which
probability, and what happens to a draw of none or too many, Algorithm 1 does not say: ours keeps
the coins independent but for that condition, and a node that is on runs one operation, drawn
uniformly, since two at one node are outside the space.

One-Shot's paths run several operations at one branch node and up to all of them at once, so that
only batch norms that don't count paths ('single', 'none') can follow their sum.
"""

from __future__ import annotations

import math
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


def bernoulli(space: Any, rng: np.random.Generator, progress: float) -> Any:  # noqa: ARG001 (a Sampler is called so)
    """Toss a coin for every path; again while none or more than m are on."""
    if isinstance(space, KernelSpace):
        return _draw_layers(space, rng, lambda: _tossed(len(KERNELS), space.m, rng))
    is_on = _tossed(space.num_nodes, space.m, rng)
    operations = rng.integers(len(OPERATIONS), size=space.num_nodes)
    return tuple((int(op),) if on else () for op, on in zip(operations, is_on, strict=True))


def one_shot(space: CellSpace | KernelSpace, rng: np.random.Generator, progress: float) -> Any:
    """Drop every operation independently, more of them as training goes on; never all."""
    if isinstance(space, KernelSpace):
        return _draw_layers(space, rng, lambda: _kept((len(KERNELS),), rng, progress))
    is_on = _kept((space.num_nodes, len(OPERATIONS)), rng, progress)
    return tuple(tuple(np.flatnonzero(node).tolist()) for node in is_on)


def _draw_layers(
    space: KernelSpace, rng: np.random.Generator, draw: Callable[[], NDArray[np.bool_]]
) -> KernelArchitecture:
    """Draw kernels group by group; an expansion, of which one alone can run, is drawn uniformly."""
    layers = []
    for _ in range(space.num_layers):
        expansion = int(rng.choice(space.expansions)) if space.expansions else 0
        groups = [draw() for _ in range(space.num_groups)]
        kernels = (tuple(k for k, on in zip(KERNELS, g, strict=True) if on) for g in groups)
        layers.append(Layer(expansion, tuple(kernels)))
    return KernelArchitecture(layers)


def _tossed(num_paths: int, m: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Toss fair coins: between one and m of them on."""
    while True:
        is_on = rng.random(num_paths) < 0.5
        if 1 <= is_on.sum() <= m:
            return is_on


def _kept(shape: tuple[int, ...], rng: np.random.Generator, progress: float) -> NDArray[np.bool_]:
    """Draw which operations stay on: at least one."""
    is_on = np.zeros(shape, dtype=bool)
    while not is_on.any():
        is_on = rng.random(shape) >= drop_probability(is_on.size, progress)
    return is_on


def drop_probability(num_operations: int, progress: float) -> float:
    """Return One-Shot's dropout of one operation of a cell: 0 at first, rising linearly."""
    return float(DROP_ALL ** (1 / num_operations) * progress)


def number_probabilities(sampler: str, num_groups: int, m: int) -> dict[int, float]:
    """Return how often training draws 1..m paths, among `num_groups` that can be on together.

    Samplers other than 'bernoulli' are taken for 'uniform': One-Shot and own ones may draw paths
    that are no architecture, or change through training.
    """
    numbers = range(1, m + 1)
    weights = [math.comb(num_groups, k) if sampler == "bernoulli" else 1 for k in numbers]
    return {k: weight / sum(weights) for k, weight in zip(numbers, weights, strict=True)}


SAMPLERS: dict[str, Sampler] = {
    "uniform": uniform,
    "bernoulli": bernoulli,
    "one-shot": one_shot,
}
