"""An image folder per class, decoded once into one array and cached.

Layout: ROOT/<split>/<class>/<image>. The cache lies in the user's cache folder under a key made
of every file's name, size and modification time, so that a changed folder is decoded anew; its name
ends with its CRC-32C, so that a damaged one is decoded anew too.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from bench.base.digests import crc_of_rest
from bench.base.files import cache_folder
from supernet.data.decode import SUFFIXES, decode, images_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def load_folder_split(
    root: Path, splits: Sequence[str]
) -> tuple[torch.Tensor, torch.Tensor, list[str]]:
    """Load the first of these splits that exists.

    Returns:
        uint8 pixels of shape (N, 3, H, W), int64 labels of shape (N,), and the class names.

    Raises:
        ValueError: no such split, no images, images of several sizes, an unreadable image.
    """
    folder = next((root / split for split in splits if (root / split).is_dir()), None)
    if folder is None:
        raise ValueError(f"{root} has no folder {' or '.join(splits)} with one folder per class")
    classes = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
    files = [(path, i) for i, name in enumerate(classes) for path in images_of(folder / name)]
    if not files:
        raise ValueError(f"{folder} has no images ({', '.join(sorted(SUFFIXES))})")
    pixels = _cached([path for path, _ in files])
    return torch.from_numpy(pixels), torch.tensor([label for _, label in files]), classes


def _cached(files: list[Path]) -> np.ndarray:
    digest = hashlib.sha256()
    for path in files:
        status = path.stat()
        digest.update(f"{path.resolve()}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    key = digest.hexdigest()[:32]
    for cache in cache_folder().glob(f"{key}-*.npy"):
        if _is_whole(cache):
            pixels: np.ndarray = np.load(cache)
            return pixels
    pixels = _decode_all(files)
    with suppress(OSError):  # a full disk, or a folder that is read-only, costs the cache alone
        _save(pixels, cache_folder(), key)
    return pixels


def _is_whole(cache: Path) -> bool:
    """Tell whether a file has the contents that its name tells."""
    with cache.open("rb") as file:
        return cache.stem.endswith(f"-{crc_of_rest(file)[1]:08x}")


def _save(pixels: np.ndarray, folder: Path, key: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as file:
        part = Path(file.name)
        try:
            np.save(file, pixels)
            file.seek(0)
            crc = crc_of_rest(file)[1]
        except BaseException:
            part.unlink()
            raise
    part.replace(folder / f"{key}-{crc:08x}.npy")


def _decode_all(files: list[Path]) -> np.ndarray:
    first = decode(str(files[0])).numpy()
    pixels = np.empty((len(files), *first.shape), dtype=np.uint8)

    def fill(index: int) -> None:
        image = decode(str(files[index])).numpy()
        if image.shape != first.shape:
            sizes = [f"{shape[2]}x{shape[1]}" for shape in (image.shape, first.shape)]
            raise ValueError(f"{files[index]} is {sizes[0]} pixels, {files[0]} is {sizes[1]}")
        pixels[index] = image

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(fill, range(len(files))):
            pass
    return pixels
