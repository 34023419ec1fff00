"""Named child streams of one root seed, so that no part's draws disturb another's."""

from __future__ import annotations

import zlib

import numpy as np


def child_rng(seed: int, name: str) -> np.random.Generator:
    """Return the generator of the stream `name` under the root seed."""
    key = (zlib.crc32(name.encode()),)
    return np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=key))
