"""MixPath-A and -B reconstructed: members of S3 and S2 nearest what the paper says of them.

Their kernel lists stand in a figure that is in no public text. Known are the parameters and
multiply-adds of both, and of B that 60% of its kernels are 5x5 and 22% are 7x7. Here a
steepest descent over changes of one or two choices, from plain starting points and without any
randomness, looks for the nearest member; its distance is measured in half of the last digit that
the paper gives.
What comes out shares the published figures with MixPath-A or -B, not its layers: a reconstruction.
The paper sets its 349 M and 378 M beside MixNet-M's 360 M ('MixNet-M uses 10M more'), which is
MixNet's own count (`bench.network.block_costs.num_operations`; plain multiply-adds are 339 M): so
theirs are taken as of that count too, and both counts are shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from bench.base.names import unknown
from bench.network.block_costs import num_operations, num_parameters
from bench.network.known_networks import known_network
from bench.space.architecture import KernelArchitecture, Layer
from bench.space.mixpath import s2, s3

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.space.kernels import KernelSpace

LABEL = "reconstruction"


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the paper says of a network.

    Attributes:
        num_parameters: trainable parameters.
        num_operations: as MixNet counts them.
        kernel_shares: fraction of all kernels by kernel size.
    """

    num_parameters: float
    num_operations: float
    kernel_shares: dict[int, float] = field(default_factory=dict)


MIXPATH_A = Target(num_parameters=5.0e6, num_operations=349e6)
MIXPATH_B = Target(num_parameters=5.1e6, num_operations=378e6, kernel_shares={5: 0.60, 7: 0.22})
HALF_DIGIT = {"parameters": 0.05e6, "operations": 0.5e6, "share": 0.005}


@dataclass(frozen=True)
class Reconstruction:
    """A member of a space that comes nearest a published network."""

    space: KernelSpace
    architecture: KernelArchitecture
    target: Target
    label: str = LABEL


@cache
def reconstruct(name: str) -> Reconstruction:
    """Reconstruct 'mixpath-a' (S3, m=1) or 'mixpath-b' (S2, m=2).

    Raises:
        ValueError: another name.
    """
    if name not in RECONSTRUCTIONS:
        raise unknown("reconstruction", name, RECONSTRUCTIONS)
    return RECONSTRUCTIONS[name]()


def nearest(space: KernelSpace, start: KernelArchitecture, target: Target) -> KernelArchitecture:
    """Descend from `start` to the member that no change of two choices brings nearer."""
    table = _contributions(space, start, target)  # (choices, values, quantities)
    chosen = np.array(space.to_integers(start))
    total = _quantities(space, start, target)
    owners = np.repeat(np.arange(table.shape[0]), table.shape[1])
    while True:
        change = (table - table[np.arange(len(chosen)), chosen][:, None]).reshape(len(owners), -1)
        pairs = total + change[:, None] + change[None]
        distances = _distance(pairs, target)
        distances[owners[:, None] == owners[None]] = np.inf
        first, second = np.unravel_index(np.argmin(distances), distances.shape)
        if distances[first, second] >= _distance(total, target) - 1e-9:
            return space.from_integers(chosen.tolist())
        total = pairs[first, second]
        for index in (first, second):
            chosen[owners[index]] = index % table.shape[1]


def distance(space: KernelSpace, architecture: KernelArchitecture, target: Target) -> float:
    """Measure how far a member is from the target, in half last digits (squares summed)."""
    return float(_distance(_quantities(space, architecture, target), target))


def kernel_shares(architecture: KernelArchitecture) -> dict[int, float]:
    """Return the fraction of all kernels by size."""
    kernels = [k for layer in architecture for group in layer.kernels for k in group]
    return {k: kernels.count(k) / len(kernels) for k in sorted(set(kernels))}


def _quantities(space: KernelSpace, architecture: KernelArchitecture, target: Target) -> np.ndarray:
    """Return parameters, operations, number of kernels, and number of each kernel size."""
    kernels = [k for layer in architecture for group in layer.kernels for k in group]
    network = space.network(architecture)
    costs = [num_parameters(network), num_operations(network)]
    return np.array([*costs, len(kernels), *map(kernels.count, target.kernel_shares)], dtype=float)


def _contributions(space: KernelSpace, start: KernelArchitecture, target: Target) -> np.ndarray:
    """Return what each value of each choice adds: all quantities are sums over choices."""
    base = space.to_integers(start)

    def change(position: int, value: int) -> np.ndarray:
        integers = [*base[:position], value, *base[position + 1 :]]
        return _quantities(space, space.from_integers(integers), target)

    return np.array([[change(p, v) for v in range(size)] for p, size in enumerate(space.sizes)])


def _distance(quantities: np.ndarray, target: Target) -> np.ndarray:
    parameters, operations, number, *counts = np.moveaxis(quantities, -1, 0)
    terms = [
        (parameters - target.num_parameters) / HALF_DIGIT["parameters"],
        (operations - target.num_operations) / HALF_DIGIT["operations"],
    ]
    for count, share in zip(counts, target.kernel_shares.values(), strict=True):
        terms.append((count / number - share) / HALF_DIGIT["share"])
    squares: np.ndarray = sum(term**2 for term in terms)
    return squares


def _mixpath_a() -> Reconstruction:
    """Start from MixNet-M with its kernels spread over four groups."""
    space = s3(1)
    start = KernelArchitecture(
        Layer(0, tuple(block.groups[i * len(block.groups) // 4] for i in range(4)))
        for block in known_network("mixnet-m").blocks[1:]
    )
    return Reconstruction(space, nearest(space, start, MIXPATH_A), MIXPATH_A)


def _mixpath_b() -> Reconstruction:
    """Start from each choice of kernels in every layer, and keep the nearest that is reached."""
    space = s2(2)
    starts = [
        KernelArchitecture([Layer(0, (kernels,))] * space.num_layers) for kernels in space.subsets
    ]
    reached = [nearest(space, start, MIXPATH_B) for start in starts]
    best = min(reached, key=lambda member: (distance(space, member, MIXPATH_B), str(member)))
    return Reconstruction(space, best, MIXPATH_B)


RECONSTRUCTIONS: dict[str, Callable[[], Reconstruction]] = {
    "mixpath-a": _mixpath_a,
    "mixpath-b": _mixpath_b,
}
