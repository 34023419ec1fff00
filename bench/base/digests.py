"""Digests of files: SHA-256, and the CRC-32C, which tells damage alone and costs next to nothing.

On one core the CRC-32C of 54 MB takes 6 ms, where zlib's CRC-32 takes 17 and SHA-256 takes 35.
"""

from __future__ import annotations

import hashlib
from typing import IO, TYPE_CHECKING

import google_crc32c

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK = 1 << 18


def crc_of_rest(file: IO[bytes]) -> tuple[int, int]:
    """Read a file to its end; return how many bytes these were, and their CRC-32C."""
    length, crc = 0, 0
    for chunk in _chunks(file):
        length, crc = length + len(chunk), google_crc32c.extend(crc, chunk)
    return length, crc


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in _chunks(file):
            digest.update(chunk)
    return digest.hexdigest()


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: file.read(_CHUNK), b"")
