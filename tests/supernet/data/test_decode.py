"""Image files that are none, or not as they should be: one line that names the file."""

import contextlib
import io
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from supernet.data.decode import BrokenImageError, decode, images_of

NOISE = np.random.default_rng(0).integers(0, 256, (24, 20, 3), dtype=np.uint8)


def encoded(kind: str, image: Image.Image | None = None) -> bytes:
    """Encode noise, or an image, in a format."""
    file = io.BytesIO()
    (image or Image.fromarray(NOISE)).save(file, kind)
    return file.getvalue()


def png(width: int, height: int, depth: int, data: bytes) -> bytes:
    """A PNG in colours, from its compressed lines."""
    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    chunks = [
        struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part))
        for kind, part in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def huge_png() -> bytes:
    """A PNG of 60,000 x 60,000 pixels, of which the first line is there."""
    return png(60_000, 60_000, 8, zlib.compress(bytes(1 + 3 * 60_000)))


def large_png() -> bytes:
    """Fewer pixels than Pillow warns of, and more than we take."""
    return encoded("PNG", Image.new("1", (8000, 7000)))


def warned_png() -> bytes:
    """More pixels than Pillow warns of, and fewer than it refuses."""
    return encoded("PNG", Image.new("1", (10_000, 9_500)))


def animation(kind: str) -> Callable[[], bytes]:
    def make() -> bytes:
        file = io.BytesIO()
        first, *rest = (Image.new("RGB", (8, 8), (i, 9 * i, 99)) for i in range(3))
        first.save(file, kind, save_all=True, append_images=rest)
        return file.getvalue()

    return make


def deep(dtype: type[np.generic], kind: str) -> Callable[[], bytes]:
    return lambda: encoded(kind, Image.fromarray(np.full((8, 8), 900, dtype=dtype)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (huge_png, "can't be decoded as an image: .*decompression bomb"),
        (large_png, "has 8000 x 7000 pixels, more than 50,000,000: shrink it"),
        (warned_png, "can't be decoded as an image: .*decompression bomb|has 10000 x 9500 pixels"),
        (lambda: encoded("JPEG")[:-200], "can't be decoded as an image: .*truncated"),
        (lambda: encoded("PNG")[:-200], "can't be decoded as an image: "),
        (lambda: encoded("WEBP")[:-200], "can't be decoded as an image: "),
        (animation("GIF"), "is an animation: keep one of its images"),
        (animation("PNG"), "is an animation: keep one of its images"),
        (deep(np.uint16, "PNG"), r"has more than 8 bits a channel \(mode I;16.*\): convert it"),
        (deep(np.int32, "TIFF"), r"has more than 8 bits a channel \(mode I\): convert it"),
        (deep(np.float32, "TIFF"), r"has more than 8 bits a channel \(mode F\): convert it"),
        (lambda: b"no image", "can't be decoded as an image: cannot identify"),
        (lambda: b"", "can't be decoded as an image: cannot identify"),
    ],
)
def test_what_is_no_image_of_ours_is_named(
    tmp_path: Path, make: Callable[[], bytes], message: str
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(make())
    with pytest.raises(BrokenImageError, match=message) as error:
        decode(str(path))
    assert str(error.value).startswith(f"{path} ")
    assert "\n" not in str(error.value)


def test_an_unreadable_image_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(Image, "open", refuse)
    with pytest.raises(BrokenImageError, match=r"a.png can't be decoded .*Permission denied"):
        decode(str(tmp_path / "a.png"))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_images_of_8_bits_are_decoded(tmp_path: Path, mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    (tmp_path / "a.png").write_bytes(encoded(kind, Image.fromarray(NOISE).convert(mode)))
    assert decode(str(tmp_path / "a.png")).shape == (3, 24, 20)


def test_a_16_bit_colour_image_keeps_its_upper_bytes(tmp_path: Path) -> None:
    """Pillow reads it as 8 bits a channel."""
    lines = (NOISE.astype(np.uint16) * 256 + 77).astype(">u2").reshape(24, -1)
    raw = b"".join(b"\0" + line.tobytes() for line in lines)
    (tmp_path / "a.png").write_bytes(png(20, 24, 16, zlib.compress(raw)))
    assert torch.equal(decode(str(tmp_path / "a.png")).permute(1, 2, 0), torch.from_numpy(NOISE))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "PPM", "GIF"])
def test_damaged_images_are_decoded_or_named(tmp_path: Path, kind: str) -> None:
    rng, data, path = random.Random(kind), encoded(kind), tmp_path / "a.png"
    num_broken = 0
    for _ in range(150):
        changed = bytearray(data[: rng.choice((len(data), rng.randrange(1, len(data))))])
        for place in rng.choices(range(len(changed)), k=rng.randint(1, 4)):
            changed[place] = rng.randrange(256)
        path.write_bytes(changed)
        with contextlib.suppress(BrokenImageError):
            assert decode(str(path)).dtype == torch.uint8
            num_broken -= 1
        num_broken += 1
    assert num_broken > 10


def test_images_of_a_folder(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpg", "notes.txt", "Thumbs.db"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in images_of(tmp_path)] == ["a.jpg", "b.PNG"]


def test_images_of_a_kind_that_is_not_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.gif").write_bytes(b"")
    with pytest.raises(ValueError, match=r"a.gif is none of .bmp, .*: convert it, or move it away"):
        images_of(tmp_path)


def test_folders_that_are_called_images_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(ValueError, match=r"a.png is no file: move it away"):
        images_of(tmp_path)
