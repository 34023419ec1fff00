"""A user's CSV files of scores: long, or with a column for each method.

Long files have a cell's columns (see `cells`), `method`, `score` and maybe `seed`; wide ones a
cell's columns, maybe `seed`, and a column of numbers for each method; without `method`, a column
`score` is the method that the file is named after. Columns are parted by commas, or by semicolons
or tabs where the header has no comma; a file may be compressed (.gz, .zip, .xz).
"""

from __future__ import annotations

import csv
import os
import sys
import warnings
from collections import deque
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.base.names import unknown
from bench.runs.digests import doubt_of_given
from bench.runs.layout import SUMS
from bench.scores.cells import COLUMNS as CELL_COLUMNS
from bench.scores.cells import GRAPHS, HASHES, MEANT

if TYPE_CHECKING:
    from pathlib import Path

METHOD, SCORE, SEED = "method", "score", "seed"
PACKED = (b"\x1f\x8b", b"PK", b"\xfd7zXZ", b"BZh", b"\x28\xb5\x2f\xfd")
"""First bytes of .gz, .zip, .xz, .bz2 and .zst, which tell themselves whether they are whole."""
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
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
    _check_whole(path)
    settings: dict[str, Any] = {"encoding": "utf-8-sig", "index_col": False}
    texts: Any = dict.fromkeys((*CELL_COLUMNS, METHOD), str)  # an adjacency is no number
    try:
        header = pd.read_csv(path, nrows=0, **settings).columns
        if len(header) == 1:
            settings["sep"] = next((sign for sign in ";\t" if sign in str(header[0])), ",")
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # more values than columns
            frame: pd.DataFrame = pd.read_csv(path, dtype=texts, low_memory=False, **settings)
    except pd.errors.EmptyDataError:
        raise ValueError(f"{path} is empty: it needs {SHAPES}") from None
    except pd.errors.ParserWarning:
        raise ValueError(f"{path} has rows of more values than its header has columns") from None
    except (ValueError, EOFError) as error:  # of pandas' parser, or of its decoder
        raise ValueError(f"{path} is no CSV file: {error}") from None
    if METHOD not in frame.columns:
        frame = frame.rename(columns={SCORE: path.name.split(".")[0]})
    check_columns(frame, str(path))
    return frame


def _check_whole(path: Path) -> None:
    """Refuse a file that is not as its digest beside it says, with a cut last line, or UTF-16."""
    if doubt := doubt_of_given(path):
        raise ValueError(f"{path}: {doubt}; make it again, or take its line out of {SUMS}")
    with path.open("rb") as file:
        start = file.read(len(max(PACKED, key=len)))
        file.seek(-1, os.SEEK_END) if start else None
        is_cut = start and not start.startswith(PACKED) and file.read(1) not in (b"\n", b"\r")
    if start.startswith(UTF_16):
        raise ValueError(f"{path} is written in UTF-16: save it as UTF-8")
    if is_cut:
        _check_last_line(path)


def _check_last_line(path: Path) -> None:
    """Refuse a last line without an end that lacks a value; warn of another.

    Many editors end no last line. Whether a number in it was cut can't be told.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        header = file.readline()
        last = next(iter(deque(file, maxlen=1)), header)
    sign = next((sign for sign in ",;\t" if sign in header), ",")
    columns, values = (next(csv.reader([line], delimiter=sign), []) for line in (header, last))
    if len(values) < len(columns) or not values[-1].strip():
        raise ValueError(f"{path}: its last line is cut: make the file again, or end it")
    print(
        f"{path}: its last line has no end: if it was cut, its last value is wrong",
        file=sys.stderr,
    )


def check_columns(frame: pd.DataFrame, where: str) -> None:
    """Refuse columns that name no cell, or no scores.

    Args:
        frame: rows of scores.
        where: what to call them in an error.

    Raises:
        ValueError: with the columns that were found, and those that are meant.
    """
    names = [str(name) for name in frame.columns]
    found = f"{where}: found the columns {', '.join(names) or 'none'}"
    if "" in names or "Unnamed: 0" in names:
        raise ValueError(f"{found}, the first without a name: write with index=False")
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
