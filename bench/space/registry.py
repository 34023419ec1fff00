"""The search spaces by name: adding one is its file and a line here.

A space is built with m, and with the skeleton too where it takes a second argument (the layers of
S1 to S3 depend on it). An own one is named on the command line as `package.module:name`.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from bench.base.names import call_plugin, load
from bench.network.skeleton import BlockSkeleton
from bench.space.branches import Branches, FirstBranches
from bench.space.mixpath import s1, s2, s3

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from bench.space.space import Space

SPACES: dict[str, Callable[..., Space]] = {
    "branches": Branches,
    "first-branches": FirstBranches,
    "s1": s1,
    "s2": s2,
    "s3": s3,
}


def build_space(name: str, m: int, skeleton: Any) -> Space:
    """Build a space by name.

    Args:
        name: a key of SPACES, or `package.module:name`.
        m: largest number of paths summed.
        skeleton: the net's own part of the recipe.

    Raises:
        ValueError: an unknown name, m outside the space's range, or a skeleton of another net.
    """
    factory = load(name, SPACES, "space")
    if name in ("s1", "s2", "s3") and not isinstance(skeleton, BlockSkeleton):
        raise ValueError(f"space {name!r} is made of bottlenecks: it needs --net bottlenecks")
    if len(inspect.signature(factory).parameters) > 1:
        return call_plugin(name, "space", factory, m, skeleton)
    return call_plugin(name, "space", factory, m)
