"""The rows of one file or data frame of scores, told apart by method: cells, seeds and numbers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from bench.base.checks import show
from bench.scores.cells import COLUMNS as CELL_COLUMNS
from bench.scores.cells import RowError, as_texts, identify
from bench.scores.files import METHOD, SCORE, SEED, check_columns, read_csv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FRAME = "the data frame"
LARGEST = sys.float_info.max


class Part(NamedTuple):
    """Scores of one method and one file: per row its cell, architecture, seed and value."""

    where: str
    method: str
    rows: NDArray[np.intp]
    cells: NDArray[np.intp]
    copies: NDArray[np.intp]
    seeds: NDArray[np.int64]
    values: Floats


def read_parts(source: Path | str | pd.DataFrame, keys: dict[str, int]) -> Iterator[Part]:
    """Split a file or a data frame by method.

    Args:
        source: its path, or the frame.
        keys: numbers the cells of all sources by hash; new ones are added.

    Raises:
        ValueError: no rows, or one that is not as it should be, with its number.
    """
    if isinstance(source, pd.DataFrame):
        check_columns([str(name) for name in source.columns], FRAME)
        return _parts(as_texts(source.reset_index(drop=True)), FRAME, keys)
    return _parts(read_csv(Path(source)), str(source), keys)


def place(where: str, row: int) -> str:
    """Name a row as its reader counts it: lines of a file, the header first; rows of a frame."""
    number = f"row {row}" if where == FRAME else f"line {row + 2}"
    return f"{where}, {number}"


def _parts(frame: pd.DataFrame, where: str, keys: dict[str, int]) -> Iterator[Part]:
    """Split a file by method; `keys` numbers the cells of all files."""
    if frame.empty:
        raise ValueError(f"{where} has no rows: give scores")
    try:
        hashes, index, copies = identify(frame)
    except RowError as error:
        raise ValueError(f"{place(where, error.row)}: {error}") from None
    cells = np.array([keys.setdefault(key, len(keys)) for key in hashes], dtype=np.intp)[index]
    seeds = _seeds(frame, where)
    if METHOD not in frame.columns:
        rows = np.arange(len(frame))
        for name in frame.columns:
            if name not in (*CELL_COLUMNS, SEED):
                values = _numbers(frame, str(name), where)
                yield Part(where, str(name), rows, cells, copies, seeds, values)
        return
    values = _numbers(frame, SCORE, where)
    methods = frame[METHOD].astype("category")
    if (row := methods.isna().to_numpy().argmax()) or methods.isna().iloc[0]:
        raise ValueError(f"{place(where, int(row))}: has no method: fill it in")
    codes = methods.cat.codes.to_numpy()
    for code in dict.fromkeys(codes.tolist()):
        rows = np.flatnonzero(codes == code)
        chosen = (cells[rows], copies[rows], seeds[rows], values[rows])
        yield Part(where, str(methods.cat.categories[code]).strip(), rows, *chosen)


def _numbers(frame: pd.DataFrame, name: str, where: str) -> Floats:
    column = frame[name]
    numbers = _floats(column, name, where)
    is_text = np.isnan(numbers) & column.notna().to_numpy()
    if is_text.any():
        row = int(is_text.argmax())
        raise ValueError(
            f"{place(where, row)}: {name} {show(column.iloc[row])} is no number: mend it"
        )
    return numbers


def _floats(column: pd.Series[Any], name: str, where: str) -> Floats:
    """Return the numbers of a column, NaN where there is none."""
    if pd.api.types.infer_dtype(column) == "boolean":
        raise ValueError(f"{where}: {name} is True or False, which is no number: leave it out")
    try:
        numbers = pd.to_numeric(column, errors="coerce")
        return numbers.to_numpy(np.float64, na_value=np.nan)
    except OverflowError:
        huge = (isinstance(value, int) and abs(value) > LARGEST for value in column)
        row = next(row for row, is_huge in enumerate(huge) if is_huge)
        raise ValueError(
            f"{place(where, row)}: {name} {show(column.iloc[row])} has too many digits: mend it"
        ) from None


def _seeds(frame: pd.DataFrame, where: str) -> NDArray[np.int64]:
    if SEED not in frame.columns:
        return np.zeros(len(frame), dtype=np.int64)
    numbers = _floats(frame[SEED], SEED, where)
    is_wrong = ~((numbers >= 0) & (numbers == np.floor(numbers)) & (numbers < 2**53))
    if is_wrong.any():
        row = int(is_wrong.argmax())
        raise ValueError(
            f"{place(where, row)}: seed {frame[SEED].iloc[row]!s:.40} must be a whole number of at "
            "least 0, or leave the column out"
        )
    return numbers.astype(np.int64)
