"""The frames of a TFRecord file, every checksum verified, without TensorFlow.

A frame is the length as a little-endian 64-bit integer, the masked CRC-32C of those 8 bytes, the
data, and the masked CRC-32C of the data; mask(c) = ((c >> 15 | c << 17) + 0xa282ead8) mod 2^32.
"""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import google_crc32c

from bench.table.data import SourceError

_HEADER = struct.Struct("<QI")
_FOOTER = struct.Struct("<I")
_CHUNK = 1 << 20


def read_records(
    path: Path, advance: Callable[[int], object] = lambda _: None
) -> Iterator[tuple[int, bytes]]:
    """Yield the number, from 1, and the data of every record.

    Args:
        path: the file.
        advance: called now and then with the number of bytes read since.

    Raises:
        SourceError: if a checksum is wrong or the file ends within a record.
    """
    unpack_header, crc32c = _HEADER.unpack, google_crc32c.value
    pending, size = 0, path.stat().st_size
    with path.open("rb", buffering=_CHUNK) as file:
        number = 0
        while header := file.read(_HEADER.size):
            number += 1
            if len(header) < _HEADER.size:
                raise SourceError(path, number, "truncated file: download it again")
            length, expected = unpack_header(header)
            if masked(crc32c(header[:8])) != expected:
                raise SourceError(path, number, "bad checksum of the length: download it again")
            body = file.read(min(length, size) + _FOOTER.size)
            if len(body) < length + _FOOTER.size:
                raise SourceError(path, number, "truncated file: download it again")
            data = body[:length]
            if masked(crc32c(data)) != _FOOTER.unpack_from(body, length)[0]:
                raise SourceError(path, number, "bad checksum of the data: download it again")
            yield number, data
            pending += _HEADER.size + len(body)
            if pending >= _CHUNK:
                advance(pending)
                pending = 0
    advance(pending)


def masked(crc: int) -> int:
    """Mask a CRC-32C as TFRecord does."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
