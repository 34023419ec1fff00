"""A user's CSV files of scores: long, or with a column for each method.

Long files have a cell's columns (see `cells`), `method`, `score` and maybe `seed`; wide ones a
cell's columns, maybe `seed`, and a column of numbers for each method; without `method`, a column
`score` is the method that the file is named after. Columns are parted by commas, or by semicolons
or tabs where the header has no comma; a file may be compressed by gzip.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import sys
import warnings
import zlib
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.base.command import words
from bench.base.names import unknown
from bench.runs.digests import doubt_of_given
from bench.runs.layout import SUMS
from bench.scores.cells import COLUMNS as CELL_COLUMNS
from bench.scores.cells import GRAPHS, HASHES, MEANT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

METHOD, SCORE, SEED = "method", "score", "seed"
GZIP = b"\x1f\x8b"
"""First bytes of a .gz file."""

PACKED = {b"PK": "ZIP", b"\xfd7zXZ": "XZ", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "Zstandard"}
"""First bytes of files that are compressed otherwise."""

UTF_16 = (b"\xff\xfe", b"\xfe\xff")

NAMELESS = re.compile(r"|Unnamed: \d+")
"""A column without a name, as a file and as pandas' reader has it."""

SHAPES = (
    f"a cell ({MEANT}), then method and score and maybe seed, or else a column of numbers for "
    "each method"
)


def read_csv(path: Path) -> pd.DataFrame:
    """Read a file, its cells and methods as texts, its columns checked.

    Raises:
        ValueError: no such file, an empty or damaged one, one that is no CSV, or wrong columns.
    """
    if not path.is_file():
        raise ValueError(f"there is no file {path} with scores: name another")
    if doubt := doubt_of_given(path):
        raise ValueError(f"{path}: {doubt}; make it again, or take its line out of {SUMS}")
    data = _unpacked(path)
    if data and not data.endswith((b"\n", b"\r")):
        _check_last_line(data, path)
    try:
        return _read(data, path)
    except pd.errors.EmptyDataError:
        raise ValueError(f"{path} is empty: it needs {SHAPES}") from None
    except pd.errors.ParserWarning:
        raise ValueError(f"{path} has rows of more values than its header has columns") from None
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no CSV file: {error}") from None


def _unpacked(path: Path) -> bytes:
    """Return a file's bytes, those that were compressed where it is a .gz."""
    data = path.read_bytes()
    for start, kind in PACKED.items():
        if data.startswith(start):
            raise ValueError(f"{path} is compressed by {kind}: unpack it, or compress it by gzip")
    if path.suffix.lower() == ".gz" or data.startswith(GZIP):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"{path} is no whole .gz file: {error}; make it again") from None
    if data.startswith(UTF_16):
        raise ValueError(f"{path} is written in UTF-16: save it as UTF-8")
    if b"\0" in data:
        raise ValueError(f"{path} is no CSV file: it has bytes that are no text, as archives have")
    return data


def _check_last_line(data: bytes, path: Path) -> None:
    """Refuse a last line without an end that lacks a value; warn of another.

    Many editors end no last line. Whether a number in it was cut can't be told.
    """
    lines = data.decode("utf-8-sig", errors="replace").splitlines()
    sign = next((sign for sign in ",;\t" if sign in lines[0]), ",")
    columns, values = (next(csv.reader([lines[n]], delimiter=sign), []) for n in (0, -1))
    if len(values) < len(columns) or not values[-1].strip():
        raise ValueError(f"{path}: its last line is cut: make the file again, or end it")
    print(
        f"{path}: its last line has no end: if it was cut, its last value is wrong",
        file=sys.stderr,
    )


def _read(data: bytes, path: Path) -> pd.DataFrame:
    """Read the header as it is, without the names that pandas makes up, then all rows."""
    settings: dict[str, Any] = {"encoding": "utf-8-sig", "index_col": False, "sep": ","}
    head: dict[str, Any] = {"header": None, "nrows": 1, "dtype": str, "keep_default_na": False}
    names = pd.read_csv(io.BytesIO(data), **settings, **head).iloc[0].tolist()
    if len(names) == 1 and (sign := next((sign for sign in ";\t" if sign in names[0]), "")):
        settings["sep"] = sign
        names = pd.read_csv(io.BytesIO(data), **settings, **head).iloc[0].tolist()
    if METHOD not in names:
        names = [words(path.name).split(".")[0] if name == SCORE else name for name in names]
    check_columns(names, str(path))
    texts: Any = dict.fromkeys((*CELL_COLUMNS, METHOD), str)  # an adjacency is no number
    rows: dict[str, Any] = {"header": 0, "names": names, "dtype": texts, "low_memory": False}
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # more values than columns
        frame: pd.DataFrame = pd.read_csv(io.BytesIO(data), **settings, **rows)
    return frame


def check_columns(names: Sequence[str], where: str) -> None:
    """Refuse columns that name no cell, or no scores.

    Args:
        names: of the columns, as the file has them.
        where: what to call the rows in an error.

    Raises:
        ValueError: with the columns that were found, and those that are meant.
    """
    found = f"{where}: found the columns {', '.join(names) or 'none'}"
    _check_names(names, found)
    meant = (*CELL_COLUMNS, METHOD, SCORE, SEED)
    for name in names:
        if name not in meant and name.strip().lower() in meant:
            raise ValueError(f"{found}: write {name!r} as {name.strip().lower()!r}")
    if not (set(HASHES) & set(names) or any(set(graph) <= set(names) for graph in GRAPHS)):
        raise ValueError(f"{found}, none of which names a cell: give {SHAPES}")
    others = [name for name in names if name not in (*CELL_COLUMNS, SEED)]
    if METHOD in names:
        known = (METHOD, SCORE)
        further = [name for name in others if name not in known]
        if SCORE not in names:
            raise ValueError(f"{found}, but no {SCORE}: give {SHAPES}")
        if further:
            raise ValueError(f"{found}: {unknown('column', further[0], known)}; leave it out")
    elif not others:
        raise ValueError(f"{found}, but no scores: give {SHAPES}")


def _check_names(names: Sequence[str], found: str) -> None:
    """Refuse columns without a name, which are often an index, or with the name of another."""
    stripped = [name.strip() for name in names]
    for number, name in enumerate(stripped):
        if NAMELESS.fullmatch(name):
            raise ValueError(
                f"{found}, column {number + 1} without a name: name it or leave it out"
                if number
                else f"{found}, the first without a name: write with index=False"
            )
        if name in stripped[:number]:
            raise ValueError(f"{found}: {name!r} comes twice: leave one out, or rename it")
