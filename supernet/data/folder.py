"""An image folder per class, decoded once into one array and cached.

Layout: ROOT/<split>/<class>/<image>.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import torch

from supernet.data.cache import cached
from supernet.data.decode import SUFFIXES, decode, images_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


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
    paths = [path for path, _ in files]
    pixels = cached(folder, paths, lambda: _decode_all(paths))
    return torch.from_numpy(pixels), torch.tensor([label for _, label in files]), classes


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
