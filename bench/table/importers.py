"""Import sources, official TFRecord files and CSV, into one table."""

import functools
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from bench.network.skeleton import NASBENCH101, Skeleton
from bench.table.csv_rows import DEFAULT_EPOCHS, read_csv
from bench.table.data import Source, TableData, TableError, write
from bench.table.merge import merge
from bench.table.nasbench_rows import read_tfrecord

SUFFIXES = (".tfrecord", ".csv")
_CHUNK = 1 << 20


def import_sources(
    paths: Iterable[Path],
    out: Path,
    *,
    skeleton: Skeleton = NASBENCH101,
    epochs: int = DEFAULT_EPOCHS,
    skip_unknown: bool = False,
    data_set: str | None = None,
    advance: Callable[[int], object] = lambda _: None,
) -> int:
    """Import sources into one table, which is written whole or not at all.

    Where several know a cell, see `merge.merge`.

    Args:
        paths: files ending in `.tfrecord` or `.csv`.
        out: the table to write.
        skeleton: the network that the figures belong to.
        epochs: the budget of CSV rows that do not state it.
        skip_unknown: leave out CSV rows with an empty accuracy instead of refusing them.
        data_set: what the figures were measured on, by the name that a recipe calls it; None:
            unknown, CIFAR-10 in NAS-Bench-101's network.
        advance: called now and then with the number of bytes read since.

    Returns:
        The number of rows left out.

    Raises:
        TableError: for the first record that is refused, or sources that disagree.
        OSError: if a file is missing or cannot be written.
    """
    tables, num_skipped = [], 0
    for path in paths:
        table, skipped = _read(path, skeleton, epochs, skip_unknown, advance)
        tables.append(table)
        num_skipped += skipped
    if not tables:
        raise TableError("nothing to import: name at least one .tfrecord or .csv file")
    whole = functools.reduce(merge, tables)
    details = {**whole.details, **({"data_set": data_set} if data_set else {})}
    write(out, replace(whole, details=details))
    return num_skipped


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _read(
    path: Path,
    skeleton: Skeleton,
    epochs: int,
    skip_unknown: bool,
    advance: Callable[[int], object],
) -> tuple[TableData, int]:
    num_skipped = 0
    if path.suffix == ".tfrecord":
        builder = read_tfrecord(path, skeleton, advance)
    elif path.suffix == ".csv":
        builder, num_skipped = read_csv(path, skeleton, epochs=epochs, skip_unknown=skip_unknown)
        advance(path.stat().st_size)
    else:
        raise TableError(f"{path} is none of {', '.join(SUFFIXES)}: convert it to CSV first")
    try:
        return builder.build([Source(path.name, sha256_of(path))]), num_skipped
    except TableError as error:
        raise TableError(f"{path}: {error}") from None
