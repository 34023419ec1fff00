"""Stated cells of a table: a sample that whoever draws it again draws too, or a file of hashes.

A sample is the first cells in the order of the SHA-256 of 'SEED:HASH'. So it depends on nothing but
the seed and the hashes: neither on the machine nor on a library's generator, which NumPy may
change. A larger sample holds the smaller ones of its seed, and what was scored for one is of use
for the next. Who has another table draws others: a file, a hash a line, is the same for all.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.base.command import words
from bench.scores.cells import read_hash

if TYPE_CHECKING:
    from bench.table.table import Table

PATTERN = re.compile(r"sample:(\d{1,9})(?::(\d{1,9}))?")


class Sample(NamedTuple):
    """Cells of a table.

    Attributes:
        hashes: of the cells, sorted.
        statement: which they are, in words: belongs to every figure of these cells.
    """

    hashes: list[str]
    statement: str


def stated_cells(table: Table, cells: str, *, allow_missing: bool = False) -> Sample:
    """Return the cells that --cells names.

    Args:
        table: whose they are.
        cells: 'sample:NUM' or 'sample:NUM:SEED', or a file of hashes, one a line.
        allow_missing: leave out those of a file that the table lacks.

    Raises:
        ValueError: neither of these, or as `sample_cells` and `read_hashes` say, or the table lacks
            one.
    """
    if not Path(cells).is_file():
        return sample_cells(table, *parse_sample(cells))
    every = read_hashes(Path(cells))
    known = [key for key in every if key in table]
    name, num_unknown = words(Path(cells).name), len(every) - len(known)
    statement = f"{len(every):,} cells of {name} (SHA-256 of their sorted hashes {_digest(every)})"
    if num_unknown and not (allow_missing and known):
        unknown = min(set(every) - set(known))
        raise ValueError(
            f"{table.path} lacks {num_unknown:,} of the {len(every):,} cells of {cells}, such as "
            f"{unknown}: leave them out of the file, or name a table that has them"
        )
    if num_unknown:
        statement += f"; {num_unknown:,} left out that {table.path.name} lacks"
    return Sample(known, statement)


def quick_look(sample: Sample, limit: int | None) -> Sample:
    """Draw no more than so many of the cells, the same for all who ask, and say so.

    Args:
        sample: the cells.
        limit: how many; None: all of them.
    """
    if limit is None or limit >= len(sample.hashes):
        return sample
    statement = f"{sample.statement}; a quick look at {limit:,} of them"
    return Sample(_draw(sample.hashes, limit, seed=0), statement)


def read_hashes(path: Path) -> list[str]:
    """Read a file of hashes, one a line; return them sorted.

    Raises:
        ValueError: no hashes, one that is none, or one that stands there twice, with the line.
    """
    lines: dict[str, int] = {}
    for number, text in enumerate(_lines(path), 1):
        if not text.strip():
            continue
        try:
            key = read_hash(text.strip())
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
        if key in lines:
            raise ValueError(
                f"{path}, line {number}: {key} stands in line {lines[key]} too: leave one out"
            )
        lines[key] = number
    if not lines:
        raise ValueError(f"{path} has no hashes: give one a line")
    return sorted(lines)


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
    chosen = _draw(every, num, seed)
    statement = (
        f"{num:,} cells drawn with seed {seed} from the {len(every):,} of {table.path.name} "
        f"(SHA-256 of their sorted hashes {_digest(every)})"
    )
    return Sample(chosen, statement)


def parse_sample(text: str) -> tuple[int, int]:
    """Read what --cells takes, 'sample:NUM' or 'sample:NUM:SEED', the seed being 0 unless given.

    Raises:
        ValueError: anything else.
    """
    match = PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(
            f"cells {text!r} must be sample:NUM or sample:NUM:SEED, as sample:1000:0, or a file of "
            "hashes, one a line"
        )
    return int(match[1]), int(match[2] or 0)


def _draw(hashes: list[str], num: int, seed: int) -> list[str]:
    places = {key: hashlib.sha256(f"{seed}:{key}".encode()).digest() for key in hashes}
    return sorted(sorted(hashes, key=places.__getitem__)[:num])


def _digest(hashes: list[str]) -> str:
    return hashlib.sha256("".join(hashes).encode()).hexdigest()[:16]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text: give a file of hashes, one a line") from None
