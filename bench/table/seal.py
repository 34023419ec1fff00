"""The seal at the head of a table file: a digest that is checked before HDF5 reads anything.

HDF5's own checksums leave its metadata bare: one flipped bit there renames an array, moves it, or
sends the library round in circles, deaf to Ctrl-C. So the file begins with a user block, which
HDF5 skips, and which holds the length and the CRC-32C of all that follows (see `digests`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import google_crc32c

from bench.base.digests import crc_of_rest
from bench.table.data import TableError

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 512
"""Bytes of the head; HDF5 looks for a file's beginning at 0, 512, 1024, ..."""

_MAGIC = b"mixpath-bench table"
_HDF5 = b"\x89HDF\r\n\x1a\n"


def sealed(image: bytes) -> bytes:
    """Put the seal before an HDF5 file in memory; HDF5 finds the file's beginning behind it."""
    return _head(len(image), google_crc32c.value(image)) + image


def open_sealed(path: Path) -> BinaryIO:
    """Open a table file whose contents are those that were sealed.

    Raises:
        TableError: if it is missing, not readable, truncated, damaged, or no table.
    """
    if not path.is_file():
        raise TableError(
            f"there is no table {path}: import one with mixpath-table import, or name another file"
        )
    try:
        file = path.open("rb", buffering=0)
    except PermissionError:
        raise TableError(f"{path} is not yours to read: ask its owner, or name another") from None
    try:
        _check(path, file)
    except BaseException:
        file.close()
        raise
    return file


def is_unsealed(path: Path) -> bool:
    """Tell whether a file is HDF5 without a seal: a table of schema version 1, or none of ours."""
    with path.open("rb") as file:
        return file.read(len(_HDF5)) == _HDF5


def _check(path: Path, file: BinaryIO) -> None:
    head = file.read(SIZE)
    if head.startswith(_HDF5):
        raise TableError(
            f"{path} is HDF5 without the digest that tables begin with: if it is a table of an "
            f"older version, run mixpath-table import {path} --out NEW.h5"
        )
    if not head.startswith(_MAGIC):
        raise TableError(f"{path} is no table, or a damaged one: import it again, or name another")
    if head != _head(*crc_of_rest(file)):
        raise TableError(f"{path} is damaged or truncated: import it again, or restore a copy")


def _head(length: int, crc: int) -> bytes:
    text = b"%s: HDF5 after %d bytes\nlength %d\nCRC-32C %08x\n" % (_MAGIC, SIZE, length, crc)
    return text.ljust(SIZE, b"\0")
