"""Tables as sources of a table: of this version, or of the one before tables had a seal.

A file without a seal is read by a process of its own under a time limit: damaged metadata can crash
HDF5, or send it round in circles.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from itertools import pairwise, product
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from bench.base.command import run_command
from bench.table.columns import BUDGET_COLUMNS, CELL_COLUMNS
from bench.table.data import Budget, TableData, TableError
from bench.table.file import TableFile
from bench.table.seal import is_unsealed
from bench.table.table import Table
from bench.table.verify import verify
from bench.table.write import write

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT_S = 60.0
"""How long reading an unsealed file may take; 423,624 cells take two seconds."""

_ROOT = Path(__file__).parents[3]


def read_table(path: Path) -> TableData:
    """Read a whole table; one of an older version is verified too.

    Raises:
        TableError: if it is no table, or a damaged one.
        FileNotFoundError: if it is missing.
    """
    if not is_unsealed(path):
        return _contents(TableFile(path))
    with tempfile.TemporaryDirectory() as folder:
        sealed = Path(folder) / "sealed.h5"
        _seal_in_a_process(path, sealed)
        with Table(sealed) as table:
            try:
                verify(table)
            except TableError as error:
                raise TableError(f"{path} is damaged: {error}") from None
        return _contents(TableFile(sealed))


def _seal_in_a_process(path: Path, out: Path) -> None:
    command = [sys.executable, "-m", __spec__.name, str(path.resolve()), str(out)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=_ROOT, timeout=LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise TableError(f"{path} is a damaged table: HDF5 finds no end; import it again") from None
    if done.returncode:
        reason = done.stderr.strip().rpartition("error: ")[2] or "HDF5 crashes on it"
        raise TableError(f"{path} can't be read: {reason}")


def _contents(file: TableFile) -> TableData:
    try:
        budgets = {}
        for epochs in file.budgets:
            columns = {name: file.column(name, epochs) for name in BUDGET_COLUMNS}
            budgets[epochs] = Budget(mean_only=columns.pop("mean_only"), figures=columns)
        hashes, *cells = map(file.column, CELL_COLUMNS)
        return TableData(
            hashes=hashes,
            **dict(zip([*CELL_COLUMNS][1:], cells, strict=True)),
            budgets=budgets,
            skeleton=file.skeleton,
            sources=file.sources,
            details=file.details,
        )
    finally:
        file.close()


def _command(argv: Sequence[str] | None = None) -> None:
    """Read an unsealed table and write it sealed: PATH OUT."""
    path, out = map(Path, argv or sys.argv[1:])
    file = TableFile(path, is_sealed=False)
    contents = _contents(file)
    with file.telling("its chunks"):
        _check_chunks(path)
    write(out, contents)


def _check_chunks(path: Path) -> None:
    """Refuse arrays whose chunks are gone, lie on one another, or are to be read unchecked.

    HDF5 reads zeros where a chunk is gone, and another array's numbers where an address is wrong:
    each chunk has a checksum of its own, but none tells where it belongs.

    Raises:
        TableError: with the first array that has such chunks.
    """
    places: list[tuple[int, int, str]] = []
    whole = path.read_bytes()
    with h5py.File(path) as file:
        arrays = {name: file[name] for name in CELL_COLUMNS if name in file}
        for name, group in file.items():
            if isinstance(group, h5py.Group):
                arrays |= {f"{name}/{one}": group[one] for one in BUDGET_COLUMNS if one in group}
        for name, array in arrays.items():
            places += [
                (*place, name) for place in _places(array, f"{path} is damaged: {name}", whole)
            ]
    for (_, end, name), (start, _, other) in pairwise(sorted(places)):
        if start < end:
            raise TableError(f"{path} is damaged: {name} and {other} lie at one place")


def _places(array: h5py.Dataset, what: str, whole: bytes) -> list[tuple[int, int]]:
    """Return where an array's chunks begin and end, all of which are to be there and checked.

    HDF5 may list a chunk and not find it when it reads: so what it reads is held against the bytes.
    """
    if not isinstance(array, h5py.Dataset) or not array.fletcher32:
        raise TableError(f"{what} has no checksums")
    made, sides = array.id.get_create_plist(), zip(array.shape, array.chunks, strict=True)
    starts = set(product(*(range(0, num, side) for num, side in sides)))
    filters = [made.get_filter(i)[0] for i in range(made.get_nfilters())]
    unchecked = 1 << filters.index(h5py.h5z.FILTER_FLETCHER32)
    chunks = [array.id.get_chunk_info(i) for i in range(array.id.get_num_chunks())]
    if {one.chunk_offset for one in chunks} != starts:
        raise TableError(f"{what} lacks some of its chunks")
    if any(one.filter_mask & unchecked for one in chunks):
        raise TableError(f"{what} has chunks without checksums")
    if any(_read(array, one) != _stored(array, one, whole) for one in chunks):
        raise TableError(f"{what} has chunks that are not found")
    return [(one.byte_offset, one.byte_offset + one.size) for one in chunks]


def _read(array: h5py.Dataset, chunk: Any) -> bytes:
    return bytes(array[_region(array, chunk)].tobytes())


def _stored(array: h5py.Dataset, chunk: Any, whole: bytes) -> bytes:
    """Return what the file's bytes say of a chunk, whose own end may lie beyond the array's."""
    numbers = np.frombuffer(whole, array.dtype, prod(array.chunks), chunk.byte_offset)
    inside = tuple(slice(part.stop - part.start) for part in _region(array, chunk))
    return bytes(numbers.reshape(array.chunks)[inside].tobytes())


def _region(array: h5py.Dataset, chunk: Any) -> tuple[slice, ...]:
    sides = zip(chunk.chunk_offset, array.chunks, array.shape, strict=True)
    return tuple(slice(start, min(start + side, num)) for start, side, num in sides)


if __name__ == "__main__":
    sys.exit(run_command(_command))
