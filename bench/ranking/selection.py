"""Selections: which of a run's architectures a protocol ranks, in the order drawn."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

from bench.base.streams import child_rng

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable

    import numpy as np

    from bench.ranking.protocol import Protocol
    from bench.space.space import CellSpace

MAX_DRAWS = 100_000


def select_architectures(
    pool: list[str], space: CellSpace, protocol: Protocol, seed: int
) -> list[str]:
    """Return the architectures that enter, in the order drawn; from ordered lists, some twice.

    Args:
        pool: the architectures to choose among, as texts.
        space: what they are points of.
        protocol: how to choose.
        seed: the run's.

    Raises:
        ValueError: the space's sampler does not find as many as the protocol wants.
    """
    if protocol.selection == "all":
        return pool
    rng = child_rng(seed, f"draw-{protocol.name}")  # the name of the stream decides what is drawn
    if protocol.selection == "sampler":
        if len(pool) <= protocol.num_drawn:
            return pool
        return _distinct(lambda: space.encode(space.sample(rng)), pool, protocol.num_drawn)
    return _select_lists(pool, space, protocol, rng)


def _select_lists(
    pool: list[str],
    space: Any,  # a Space that has sample_list and from_list too
    protocol: Protocol,
    rng: np.random.Generator,
) -> list[str]:
    """Draw distinct ordered lists, as the released code does; it never ends where too few exist."""
    every = [pairs for text in pool for pairs in _lists(space.decode(text))]
    if len(every) > protocol.num_drawn:
        every = _distinct(lambda: space.sample_list(rng), every, protocol.num_drawn)
    return [space.encode(space.from_list(pairs)) for pairs in every]


def _lists(architecture: tuple[int | None, ...]) -> Iterable[tuple[tuple[int, int], ...]]:
    return permutations([(n, op) for n, op in enumerate(architecture) if op is not None])


def _distinct(one: Callable[[], Any], pool: Collection[Hashable], num: int) -> list[Any]:
    """Draw until `num` distinct members of the pool have come up.

    Raises:
        ValueError: they have not after MAX_DRAWS draws.
    """
    wanted, found = set(pool), dict[Any, None]()
    for _ in range(MAX_DRAWS):
        drawn = one()
        if drawn in wanted:
            found[drawn] = None
            if len(found) == num:
                return list(found)
    raise ValueError(
        f"{MAX_DRAWS:,} draws gave only {len(found)} of the {num} architectures to rank: "
        "the space's sampler rarely or never draws the others; use the protocol 'sound'"
    )
