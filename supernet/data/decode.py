"""One image file decoded to uint8 RGB with Pillow, or named as broken.

Pillow reads what ImageNet has besides plain JPEGs: CMYK ones, and another format under a wrong
name. torchvision's own decoders are deprecated.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".webp"})
OTHER_SUFFIXES = frozenset({".avif", ".gif", ".heic", ".jp2", ".jxl", ".tif", ".tiff"})
"""Images too, which are refused: left out in silence, a class would have fewer than its folder."""

MAX_PIXELS = 50_000_000
"""150 MB decoded; the largest image of ImageNet has 20 million."""

_ANIMATED = ("GIF", "PNG", "WEBP")
_MODES = frozenset(
    {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr"}
)
"""Pillow's modes of 8 bits a channel and fewer."""

_ERRORS = (
    *(OSError, ValueError, SyntaxError, TypeError, IndexError, struct.error),  # Pillow's own list
    *(EOFError, OverflowError, MemoryError, zlib.error),
    *(Image.DecompressionBombError, Image.DecompressionBombWarning),
)
"""What Pillow may raise on a damaged file; of 50,000, tried, none raised anything else."""


class BrokenImageError(ValueError):
    """A file that does not decode as an image."""


def decode(path: str) -> torch.Tensor:
    """Decode one image to uint8 of shape (3, H, W).

    Raises:
        BrokenImageError: it does not decode, or is no single image of 8 bits a channel.
    """
    try:
        with Image.open(path) as image, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata that pixels don't depend on
            problem = _problem(image)
            array = np.empty((0, 0, 3)) if problem else np.array(image.convert("RGB"))
    except _ERRORS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise BrokenImageError(f"{path} can't be decoded as an image: {reason}") from error
    if problem:
        raise BrokenImageError(f"{path} {problem}")
    return torch.from_numpy(array).permute(2, 0, 1)  # (3, H, W), channels last in memory


def images_of(folder: Path) -> Iterable[Path]:
    """List the images of a class's folder by name; other files are left out.

    Raises:
        ValueError: an image of a kind that is not read.
    """
    paths = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES | OTHER_SUFFIXES]
    for path in paths:
        if path.suffix.lower() in OTHER_SUFFIXES:
            known = ", ".join(sorted(SUFFIXES))
            raise ValueError(f"{path} is none of {known}: convert it, or move it away")
        if not path.is_file():
            raise ValueError(f"{path} is no file: move it away")
    return sorted(paths)


def _problem(image: Image.Image) -> str:
    """Say why an image is not taken, before its pixels are decoded; empty if it is."""
    width, height = image.size
    if width * height > MAX_PIXELS:
        return f"has {width} x {height} pixels, more than {MAX_PIXELS:,}: shrink it"
    if image.format in _ANIMATED and getattr(image, "n_frames", 1) > 1:
        return "is an animation: keep one of its images"
    if image.mode not in _MODES:
        return f"has more than 8 bits a channel (mode {image.mode}): convert it"
    return ""
