"""Decoded images kept on disk, one uint8 array a folder, mapped into memory by all who open it.

What it is found by: the folder's path and every file's name, size and times. A file is a .npy
whose last 32 bytes are the SHA-256 of its own name and of what comes before, so that damage, and
another cache in its place, are noticed and the images decoded anew; the .npy is mapped, so that
processes share its pages.
"""

from __future__ import annotations

import hashlib
import io
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from bench.base.files import CACHE_VARIABLE, cache_folder, replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

DECODING = "1: RGB, (N, 3, H, W)"
"""What the pixels depend on beside the files: a new number whenever decoding changes."""

DIGEST_BYTES = hashlib.sha256().digest_size


def cached(folder: Path, files: Sequence[Path], decode: Callable[[], np.ndarray]) -> np.ndarray:
    """Return a folder's decoded images, decoding them where no sound cache of them is there.

    A cache that can't be written costs time at the next start, not the run.

    Args:
        folder: where the files are, at some depth.
        files: each image, in order.
        decode: returns their pixels, uint8 of shape (N, C, H, W).
    """
    path = cache_folder() / f"{_of_folder(folder)}-{_of_files(files)}.npy"
    pixels = _read(path)
    if pixels is None:
        pixels = decode()
        _try_to_write(pixels, path)
    return pixels


def _of_folder(folder: Path) -> str:
    return hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]


def _of_files(files: Sequence[Path]) -> str:
    """Digest names, sizes and times: that of the content can be set at will, the other can't."""
    digest = hashlib.sha256(DECODING.encode())
    for file in files:
        status = file.stat()
        times = f"{status.st_mtime_ns}\0{status.st_ctime_ns}"
        digest.update(f"{file}\0{status.st_size}\0{times}\n".encode())
    return digest.hexdigest()[:32]


def _read(path: Path) -> np.ndarray | None:
    """Map a cache into memory; None: there is none, or it is damaged."""
    try:
        content = np.memmap(path, np.uint8, "r")
        body, digest = content[:-DIGEST_BYTES], content[-DIGEST_BYTES:]
        if _digest(path, body.data) != digest.tobytes():
            return None
        pixels: np.ndarray = np.load(path, mmap_mode="c")  # writes, if any, stay in this process
    except (OSError, ValueError):
        return None
    return pixels


def _digest(path: Path, *pieces: bytes | memoryview) -> bytes:
    digest = hashlib.sha256(f"{path.name}\n".encode())
    for piece in pieces:
        digest.update(piece)
    return digest.digest()


def _try_to_write(pixels: np.ndarray, path: Path) -> None:
    """Write a cache, and drop what is there of the same folder when its files were others."""
    try:
        _write(pixels, path)
        for other in path.parent.glob(f"{path.name.partition('-')[0]}-*.npy"):
            if other != path:
                with suppress(OSError):  # another process has done so, or (Windows) has it open
                    other.unlink()
    except OSError as error:
        reason = error.strerror or error
        print(
            f"decoded images can't be kept in {path.parent} ({reason}), so every start decodes "
            f"them anew: {CACHE_VARIABLE} names another folder",
            file=sys.stderr,
        )


def _write(pixels: np.ndarray, path: Path) -> None:
    header = io.BytesIO()
    form = np.lib.format
    form.write_array_header_1_0(header, form.header_data_from_array_1_0(pixels))
    body = header.getvalue(), pixels.data
    with replacing(path) as part, part.open("wb") as file:
        for piece in (*body, _digest(path, *body)):
            file.write(piece)
