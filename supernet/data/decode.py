"""One image file decoded to uint8 RGB with Pillow, or named as broken.

Pillow reads what ImageNet has besides plain JPEGs: CMYK ones, and another format under a wrong
name. torchvision's own decoders are deprecated.
"""

from __future__ import annotations

import warnings

import numpy as np
import torch
from PIL import Image


class BrokenImageError(ValueError):
    """A file that does not decode as an image."""


def decode(path: str) -> torch.Tensor:
    """Decode one image to uint8 of shape (3, H, W).

    Raises:
        BrokenImageError: it does not decode.
    """
    try:
        with Image.open(path) as image, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata that pixels don't depend on
            array = np.array(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise BrokenImageError(f"{path} can't be decoded as an image: {error}") from error
    return torch.from_numpy(array).permute(2, 0, 1)  # (3, H, W), channels last in memory
