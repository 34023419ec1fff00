"""A stated sample of the cells of a table: whoever draws it again draws the same.

Cells come in the order of the SHA-256 of 'SEED:HASH', and a sample is the first of them. So it
depends on nothing but the seed and the hashes: neither on the machine nor on a library's generator,
which NumPy may change. A larger sample holds the smaller ones of its seed, and what was scored
for one is of use for the next.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bench.table.table import Table

PATTERN = re.compile(r"sample:(\d{1,9})(?::(\d{1,9}))?")


class Sample(NamedTuple):
    """Cells drawn from a table.

    Attributes:
        hashes: of the cells, sorted.
        statement: number, seed and table in words: belongs to every figure of these cells.
    """

    hashes: list[str]
    statement: str


def sample_cells(table: Table, num: int, seed: int = 0) -> Sample:
    """Draw cells of a table without replacement.

    Args:
        table: any; all its cells take part.
        num: how many.
        seed: of the draw.

    Raises:
        ValueError: fewer than one, or more than the table has.
    """
    every = table.hashes()
    if not 1 <= num <= len(every):
        raise ValueError(f"a sample of {num} cells of {table.path}: draw 1 to {len(every)}")
    chosen = sorted(sorted(every, key=lambda key: _place(seed, key))[:num])
    digest = hashlib.sha256("".join(every).encode()).hexdigest()
    statement = (
        f"{num:,} cells drawn with seed {seed} from the {len(every):,} of {table.path.name} "
        f"(SHA-256 of their sorted hashes {digest[:16]})"
    )
    return Sample(chosen, statement)


def parse_sample(text: str) -> tuple[int, int]:
    """Read what --cells takes, 'sample:NUM' or 'sample:NUM:SEED', the seed being 0 unless given.

    Raises:
        ValueError: anything else.
    """
    match = PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(f"cells {text!r} must be sample:NUM or sample:NUM:SEED, as sample:1000:0")
    return int(match[1]), int(match[2] or 0)


def _place(seed: int, key: str) -> bytes:
    return hashlib.sha256(f"{seed}:{key}".encode()).digest()
