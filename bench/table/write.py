"""The file that a table is written to.

After its seal (see `seal`) it is HDF5: `hash` (num_cells, 16) sorted, `edges` and `operations` (see
`packing`), `parameters`, and per budget a group `epochs_<n>` with `train`, `valid`, `test`
(accuracies) and `time_s`, all (num_cells, num_repeats) with NaN where unknown, and `mean_only`
(num_cells,). Nothing is compressed, since accuracies hardly shrink.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5py
from numpy.typing import NDArray

from bench.base.files import replacing
from bench.table.columns import BUDGET_COLUMNS, CELL_COLUMNS, Column, unsorted_place
from bench.table.data import TableData, TableError
from bench.table.seal import sealed

KIND = "mixpath-bench table"
SCHEMA_VERSION = 2


def write(path: Path | str, data: TableData) -> None:
    """Write a table: all of it, or nothing.

    The file is made in memory and then written at once: HDF5 itself prints pages of errors, or
    even crashes, when the disk is full.

    Raises:
        TableError: if an array is not what `columns` asks for: a wrong table is never sealed.
        OSError: if the file cannot be written.
    """
    _check(data)
    with h5py.File("table", "w", driver="core", backing_store=False) as file:
        _fill(file, data)
        file.flush()
        image = file.id.get_file_image()
    with replacing(Path(path)) as temporary:
        temporary.write_bytes(sealed(image))


def _check(data: TableData) -> None:
    for name, column, values in _arrays(data):
        problem = column.problem(values, len(data.hashes), data.num_repeats)
        if problem:
            raise TableError(f"{name} {problem}: correct it at its source")
    if unsorted_place(data.hashes) is not None:
        raise TableError("hashes must ascend: sort the cells of the table by them")


def _arrays(data: TableData) -> Iterator[tuple[str, Column, NDArray[Any]]]:
    cells = {"hash": data.hashes, **{name: getattr(data, name) for name in [*CELL_COLUMNS][1:]}}
    for name, column in CELL_COLUMNS.items():
        yield name, column, cells[name]
    for epochs, budget in data.budgets.items():
        for name, column in BUDGET_COLUMNS.items():
            values = budget.mean_only if name == "mean_only" else budget.figures[name]
            yield f"epochs_{epochs}/{name}", column, values


def _fill(file: h5py.File, data: TableData) -> None:
    file.attrs.update(_attributes(data))
    for name, _, values in _arrays(data):
        file.create_dataset(name, data=values)


def _attributes(data: TableData) -> dict[str, Any]:
    return {
        "kind": KIND,
        "schema_version": SCHEMA_VERSION,
        "num_cells": len(data.hashes),
        "num_repeats": data.num_repeats,
        "budgets": sorted(data.budgets),
        "skeleton": json.dumps(asdict(data.skeleton)),
        "sources": json.dumps([source._asdict() for source in data.sources]),
        "details": json.dumps(dict(data.details)),
    }
