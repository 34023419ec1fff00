"""What can happen to a file: each damage makes other bytes of it, or none where it is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    Damage: TypeAlias = Callable[[Random, bytes, bytes], bytes | None]

VALUES = (
    *("", "-", "nan", "NaN", "inf", "-inf", "Infinity", "null", "true", "True", "False", "None"),
    *("0", "1", "-1", "1.5", "0.5", "2", "3", "4", "91", "1e999", "1e-320", "9" * 40, "0x10"),
    *("sound", "shadow", "31p-", "e3k3", '"x"', "[]", "{}", "\u00e9", "\x00", "a b", "../x"),
)
"""What a value is edited to."""

BLOCK = 512


def flip_bit(rng: Random, data: bytes, _: bytes) -> bytes:
    """Flip one bit."""
    return _flipped(rng, data, 1)


def flip_bits(rng: Random, data: bytes, _: bytes) -> bytes:
    """Flip two to twenty bits."""
    return _flipped(rng, data, rng.randint(2, 20))


def cut(rng: Random, data: bytes, _: bytes) -> bytes:
    """Cut the file off anywhere."""
    return data[: rng.randrange(max(len(data), 1))]


def cut_at_line(rng: Random, data: bytes, _: bytes) -> bytes:
    """Cut the file off behind a line."""
    lines = data.splitlines(keepends=True)
    return b"".join(lines[: rng.randrange(max(len(lines), 1))])


def drop_lines(rng: Random, data: bytes, _: bytes) -> bytes:
    """Leave out one to three lines in a row."""
    lines = data.splitlines(keepends=True)
    start = rng.randrange(max(len(lines), 1))
    del lines[start : start + rng.randint(1, 3)]
    return b"".join(lines)


def repeat_line(rng: Random, data: bytes, _: bytes) -> bytes:
    """Write one line twice."""
    lines = data.splitlines(keepends=True)
    lines.insert(rng.randint(0, len(lines)), rng.choice(lines or [b""]))
    return b"".join(lines)


def repeat_column(rng: Random, data: bytes, _: bytes) -> bytes:
    """Write one column twice."""
    rows = [line.split(b",") for line in data.split(b"\n")]
    place = rng.randrange(len(rows[0]))
    return b"\n".join(
        b",".join([*row, *row[place : place + 1]]) if any(row) else b"" for row in rows
    )


def swap_lines(rng: Random, data: bytes, _: bytes) -> bytes:
    """Let two lines change places."""
    lines = data.splitlines(keepends=True)
    one, two = rng.randrange(max(len(lines), 1)), rng.randrange(max(len(lines), 1))
    if lines:
        lines[one], lines[two] = lines[two], lines[one]
    return b"".join(lines)


def edit_value(rng: Random, data: bytes, _: bytes) -> bytes:
    """Put another value between two commas, colons or ends of lines."""
    ends = [-1, *(i for i, byte in enumerate(data) if byte in b",:\n"), len(data)]
    which = rng.randrange(len(ends) - 1)
    value = rng.choice(VALUES).encode()
    return data[: ends[which] + 1] + value + data[ends[which + 1] :]


def swap_values(rng: Random, data: bytes, _: bytes) -> bytes:
    """Put the value of one line into the same place of another."""
    rows = [line.split(b",") for line in data.split(b"\n")]
    one, two = rng.choice(rows), rng.choice(rows)
    place = rng.randrange(min(len(one), len(two)))
    one[place], two[place] = two[place], one[place]
    return b"\n".join(b",".join(row) for row in rows)


def empty(_: Random, __: bytes, ___: bytes) -> bytes:
    """Leave nothing of it."""
    return b""


def junk(rng: Random, data: bytes, _: bytes) -> bytes:
    """Write random bytes in its place."""
    return rng.randbytes(rng.randint(1, max(len(data), 2)))


def append(rng: Random, data: bytes, other: bytes) -> bytes:
    """Write something behind its end."""
    return data + rng.choice([b"\n", b"\0" * BLOCK, rng.randbytes(20), other, b"0\n", b" "])


def zero_block(rng: Random, data: bytes, _: bytes) -> bytes:
    """Fill a block with zeros, as a disk does that lost it."""
    start = rng.randrange(0, max(len(data), 1), BLOCK)
    length = len(data[start : start + BLOCK])
    return data[:start] + b"\0" * length + data[start + length :]


def another(_: Random, __: bytes, other: bytes) -> bytes:
    """Put another's file in its place."""
    return other


def half_another(rng: Random, data: bytes, other: bytes) -> bytes:
    """Go on as another's file does from some place."""
    place = rng.randrange(max(len(data), 1))
    return data[:place] + other[place:]


def missing(_: Random, __: bytes, ___: bytes) -> None:
    """Remove it."""


DAMAGES: dict[str, tuple[Damage, int]] = {
    "bit flipped": (flip_bit, 6),
    "bits flipped": (flip_bits, 2),
    "cut": (cut, 3),
    "cut at a line": (cut_at_line, 3),
    "lines dropped": (drop_lines, 3),
    "line repeated": (repeat_line, 2),
    "column repeated": (repeat_column, 1),
    "lines swapped": (swap_lines, 2),
    "value edited": (edit_value, 8),
    "values swapped": (swap_values, 3),
    "empty": (empty, 1),
    "junk": (junk, 1),
    "appended to": (append, 2),
    "block of zeros": (zero_block, 2),
    "another's": (another, 1),
    "half another's": (half_another, 1),
    "missing": (missing, 1),
}
"""By name, with how often each is drawn."""


def draw(rng: Random, data: bytes, other: bytes) -> tuple[str, bytes | None]:
    """Draw a damage that changes the file; return its name and the bytes."""
    weights = [weight for _, weight in DAMAGES.values()]
    while True:
        name = rng.choices(list(DAMAGES), weights)[0]
        damaged = DAMAGES[name][0](rng, data, other)
        if damaged != data:
            return name, damaged


def _flipped(rng: Random, data: bytes, count: int) -> bytes:
    flipped = bytearray(data or b"\0")
    for _ in range(count):
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
    return bytes(flipped)
