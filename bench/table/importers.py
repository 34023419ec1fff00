"""Import sources, official TFRecord files, CSV and other tables, into one table."""

import functools
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from bench.base.digests import sha256_of
from bench.network.skeleton import NASBENCH101, Skeleton
from bench.table.data import Source, TableData, TableError
from bench.table.merge import merge
from bench.table.sources.csv_rows import DEFAULT_EPOCHS, read_csv
from bench.table.sources.nasbench_rows import read_tfrecord
from bench.table.sources.tables import read_table
from bench.table.sources.whole import check_copies, check_official, check_repeats
from bench.table.write import write

SUFFIXES = (".tfrecord", ".csv", ".h5")


def import_sources(
    paths: Iterable[Path],
    out: Path,
    *,
    skeleton: Skeleton = NASBENCH101,
    epochs: int = DEFAULT_EPOCHS,
    skip_unknown: bool = False,
    fewer_repeats: bool = False,
    data_set: str | None = None,
    advance: Callable[[int], object] = lambda _: None,
) -> int:
    """Import sources into one table, which is written whole or not at all.

    Where several know a cell, see `merge.merge`.

    Args:
        paths: files ending in `.tfrecord` or `.csv`, or in `.h5` where they are tables.
        out: the table to write.
        skeleton: the network that the figures belong to; a table knows its own.
        epochs: the budget of CSV rows that do not state it.
        skip_unknown: leave out CSV rows with an empty accuracy instead of refusing them.
        fewer_repeats: take cells that have fewer repeats than others of their source.
        data_set: what the figures were measured on, by the name that a recipe calls it; None:
            unknown, CIFAR-10 in NAS-Bench-101's network.
        advance: called now and then with the number of bytes read since.

    Returns:
        The number of rows left out.

    Raises:
        TableError: for the first record that is refused, cells with fewer repeats than others of
            their source, or sources that disagree.
        OSError: if a file is missing or cannot be written.
    """
    tables, num_skipped = [], 0
    for path in paths:
        table, skipped = _read(path, skeleton, epochs, skip_unknown, advance)
        if path.suffix.lower() != ".h5" and not fewer_repeats:
            check_repeats(path, table)
        tables.append(table)
        num_skipped += skipped
    if not tables:
        raise TableError("nothing to import: name at least one .tfrecord, .csv or .h5 file")
    whole = functools.reduce(merge, tables)
    details = {**whole.details, **({"data_set": data_set} if data_set else {})}
    write(out, replace(whole, details=details))
    return num_skipped


def _read(
    path: Path,
    skeleton: Skeleton,
    epochs: int,
    skip_unknown: bool,
    advance: Callable[[int], object],
) -> tuple[TableData, int]:
    num_skipped = 0
    if path.suffix.lower() == ".tfrecord":
        builder = read_tfrecord(path, skeleton, advance)
    elif path.suffix.lower() == ".h5":
        table = read_table(path)
        advance(path.stat().st_size)
        return table, 0
    elif path.suffix.lower() == ".csv":
        builder, num_skipped = read_csv(path, skeleton, epochs=epochs, skip_unknown=skip_unknown)
        advance(path.stat().st_size)
    else:
        raise TableError(f"{path} is none of {', '.join(SUFFIXES)}: convert it to CSV first")
    source = Source(path.name, sha256_of(path))
    check_official(path, source)
    try:
        table = builder.build([source])
    except TableError as error:
        raise TableError(f"{path}: {error}") from None
    if path.suffix.lower() == ".tfrecord":
        check_copies(path, table)
    return table, num_skipped
