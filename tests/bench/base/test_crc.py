"""Tests of bench.base.crc."""

import io

from bench.base.crc import crc_of_rest


def test_the_check_value_of_crc_32c() -> None:
    """The published one: RFC 3720, B.4, has it for 32 zeros, and CRC catalogues for 123456789."""
    assert crc_of_rest(io.BytesIO(b"123456789")) == (9, 0xE3069283)
    assert crc_of_rest(io.BytesIO(bytes(32))) == (32, 0x8A9136AA)


def test_large_files_are_read_in_parts() -> None:
    data = bytes(range(256)) * 4000
    file = io.BytesIO(b"head" + data)
    file.seek(4)
    assert crc_of_rest(file) == crc_of_rest(io.BytesIO(data))
