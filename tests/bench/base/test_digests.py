"""Tests of bench.base.digests."""

import hashlib
import io
from pathlib import Path

from bench.base.digests import crc_of_rest, sha256_of


def test_the_check_value_of_crc_32c() -> None:
    """The published one: RFC 3720, B.4, has it for 32 zeros, and CRC catalogues for 123456789."""
    assert crc_of_rest(io.BytesIO(b"123456789")) == (9, 0xE3069283)
    assert crc_of_rest(io.BytesIO(bytes(32))) == (32, 0x8A9136AA)


def test_large_files_are_read_in_parts() -> None:
    data = bytes(range(256)) * 4000
    file = io.BytesIO(b"head" + data)
    file.seek(4)
    assert crc_of_rest(file) == crc_of_rest(io.BytesIO(data))


def test_sha256(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(3_000_000))
    assert sha256_of(path) == hashlib.sha256(bytes(3_000_000)).hexdigest()
