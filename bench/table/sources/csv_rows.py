"""Rows of a CSV file: one per (cell, repeat), or one per cell with a mean.

Columns, in any order; any other is refused:

- the graph: `adjacency` (row-major 0 and 1) and `operations` (from `input` to `output`, joined by
  `,` or `+`), or else `branches` (operations in parallel between the input and a conv1x1-bn-relu
  before the output, joined by `+`: the paper's sub-space);
- the figures: at least one of `train_accuracy`, `valid_accuracy`, `test_accuracy` (fractions), and
  `time_s`; or at least one of the same with `mean_` before it, the only row of its cell;
- optional: `module_hash` and `trainable_parameters`, which are checked; `epochs`; `repeat`, a
  whole number that orders the rows of a cell.

The csv module reads it, not pandas: rows are checked one by one, and it imports in no time.
"""

import csv
import io
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.base.names import unknown
from bench.network.cell import OPERATIONS, Cell
from bench.network.skeleton import NASBENCH101, Skeleton
from bench.space.branches import parallel_cell
from bench.table.builder import NAN, TableBuilder
from bench.table.columns import BUDGET_COLUMNS
from bench.table.data import FIGURES, MOST_EPOCHS, SPLITS, SourceError, TableError
from bench.table.sources.nasbench_rows import check_parameters, parse_cell

DEFAULT_EPOCHS = 108  # NAS-Bench-101's largest budget
_MOST_DIGITS = 16
_NAMES = {f"{name}_accuracy" if name in SPLITS else name: name for name in FIGURES}
"""Column by column, what it is called in a table."""
_REPEATS = tuple(_NAMES)
_MEANS = tuple(f"mean_{column}" for column in _NAMES)
_GRAPHS = ("adjacency", "operations", "branches")
COLUMNS = (
    *_GRAPHS,
    *_REPEATS,
    *_MEANS,
    "module_hash",
    "trainable_parameters",
    "epochs",
    "repeat",
)


class _Columns(NamedTuple):
    """The columns of the figures, and whether they are means."""

    figures: list[str]
    mean_only: bool


def read_csv(
    path: Path,
    skeleton: Skeleton = NASBENCH101,
    *,
    epochs: int = DEFAULT_EPOCHS,
    skip_unknown: bool = False,
) -> tuple[TableBuilder, int]:
    """Read a whole file.

    Args:
        path: the CSV file.
        skeleton: the network that the figures belong to.
        epochs: the budget of rows that have no column for it.
        skip_unknown: leave out rows with an empty accuracy instead of refusing them.

    Returns:
        The rows, and the number of rows left out.

    Raises:
        SourceError: for the first row that is not as it should be.
        TableError: if the columns are not, or the last line does not end.
    """
    if not 1 <= epochs <= MOST_EPOCHS:
        raise TableError(f"epochs must be from 1 to {MOST_EPOCHS:,}, not {epochs}")
    _check_last_line(path)
    builder, num_skipped = TableBuilder(skeleton), 0
    seen: set[tuple[int, int, int | None]] = set()
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file, strict=True)
        columns = _columns(path, _names(path, reader))
        for number, row in _rows(path, reader):
            if skip_unknown and not all(row[name] for name in columns.figures):
                num_skipped += 1
                continue
            try:
                _add(builder, {"epochs": str(epochs), **row}, columns, seen)
            except ValueError as error:
                raise SourceError(path, number, error) from None
    return builder, num_skipped


def branches_cell(operations: Iterable[str]) -> Cell:
    """Make the cell with these operations in parallel, sorted as the space sorts them.

    Raises:
        ValueError: for an unknown operation, none, or more than four.
    """
    operations = [*operations]
    for name in operations:
        if name not in OPERATIONS:
            raise unknown("operation", name, OPERATIONS)
    return parallel_cell(tuple(sorted(map(OPERATIONS.index, operations))))


def graph_cell(adjacency: str, operations: str) -> Cell:
    """Make the cell of a row-major matrix and operations joined by `,` or `+`.

    Raises:
        ValueError: if they make none.
    """
    return parse_cell(adjacency.strip(), operations.replace("+", ",").split(","))


def _check_last_line(path: Path) -> None:
    """Refuse a file whose last line does not end: a number in it may have been cut.

    Raises:
        TableError: if it is so.
    """
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(size - 1, 0))
        if size and file.read() not in (b"\n", b"\r"):
            raise TableError(f"{path} ends within a line: is it whole? if so, end that line")


def _names(path: Path, reader: "csv.DictReader[str]") -> Sequence[str]:
    try:
        return reader.fieldnames or ()
    except (csv.Error, UnicodeDecodeError) as error:
        raise TableError(f"{path} can't be read: {error}") from None


def _columns(path: Path, names: Sequence[str]) -> _Columns:
    """Check the header."""
    for name in names:
        if name not in COLUMNS:
            raise TableError(f"{path}: {unknown('column', name, COLUMNS)}")
        if names.count(name) > 1:
            raise TableError(f"{path}: column {name!r} comes twice: leave one out")
    if {*_GRAPHS} & {*names} not in ({"branches"}, {"adjacency", "operations"}):
        raise TableError(f"{path}: needs the columns adjacency and operations, or else branches")
    means, single = ([name for name in known if name in names] for known in (_MEANS, _REPEATS))
    if bool(means) == bool(single) or not (means or single)[0].endswith("_accuracy"):
        raise TableError(
            f"{path}: needs one of {', '.join(_REPEATS[:3])}, or else of {', '.join(_MEANS[:3])}"
        )
    if means and "repeat" in names:
        raise TableError(f"{path}: a mean has no repeat: leave that column out")
    return _Columns(means or single, bool(means))


def _rows(path: Path, reader: "csv.DictReader[str]") -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the number, from 1, and the fields of every row."""
    for number in itertools.count(1):
        try:
            row = next(reader, None)
        except (csv.Error, UnicodeDecodeError) as error:
            raise SourceError(path, number, error) from None
        if row is None:
            return
        if None in row or None in row.values():
            raise SourceError(path, number, f"must have {len(reader.fieldnames or ())} fields")
        yield number, row


def _add(
    builder: TableBuilder,
    row: dict[str, str],
    columns: _Columns,
    seen: set[tuple[int, int, int | None]],
) -> None:
    index = builder.index(_cell(row))
    if row.get("trainable_parameters"):
        check_parameters(_whole(row, "trainable_parameters"), builder.parameters[index])
    epochs = _whole(row, "epochs", 1, MOST_EPOCHS)
    repeat = _whole(row, "repeat") if "repeat" in row else None
    if (columns.mean_only or repeat is not None) and (index, epochs, repeat) in seen:
        raise ValueError("the same cell, epochs and repeat once more: leave one row out")
    seen.add((index, epochs, repeat))
    figures = _figures(row, columns)
    builder.add(index, epochs, figures, mean_only=columns.mean_only, repeat=repeat)


def _cell(row: dict[str, str]) -> Cell:
    if "branches" in row:
        cell = branches_cell(row["branches"].split("+"))
    else:
        cell = graph_cell(row["adjacency"], row["operations"])
    stated = row.get("module_hash")
    if stated and stated != cell.hash:
        raise ValueError(f"states hash {stated}, its graph has {cell.hash}")
    return cell


def _whole(row: dict[str, str], name: str, least: int = 0, most: int = 10**15) -> int:
    text = row[name]
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    if not is_number or not least <= int(text) <= most:
        raise ValueError(
            f"{name} must be a whole number from {least} to {most:,}, not {text[:40]!r}"
        )
    return int(text)


def _figures(row: dict[str, str], columns: _Columns) -> dict[str, float]:
    return {_NAMES[name.removeprefix("mean_")]: _number(row, name) for name in columns.figures}


def _number(row: dict[str, str], name: str) -> float:
    if not row[name]:
        raise ValueError(f"missing field {name}: fill it in, or leave such rows out")
    try:
        value = float(row[name])
    except ValueError:
        value = NAN
    column = BUDGET_COLUMNS[_NAMES[name.removeprefix("mean_")]]
    if math.isnan(value) or column.excess(np.array([value])):
        raise ValueError(
            f"{name} must be in [{column.least:g}, {column.most:g}], not {row[name][:40]!r}"
        )
    return value
