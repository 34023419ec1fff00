"""Images made to fit a net: checked against its skeleton, and shrunk where that is exact."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F

from supernet.data.data_set import DataSet, Images

SHRINK_BATCH = 5_000


def fitted(data: DataSet, name: str, skeleton: Any, device: str) -> DataSet:
    """Return the data on the device, its images shrunk where the skeleton's are a whole fraction.

    Raises:
        ValueError: images or labels that don't fit the skeleton.
    """
    data = shrunk(data, skeleton.image_size)
    have = (*data.train.pixels.shape[1:3], data.num_classes)
    want = (skeleton.in_channels, skeleton.image_size, skeleton.num_classes)
    if have != want:
        raise ValueError(
            f"data set {name!r} has (channels, size, classes) {have}, but the skeleton is for "
            f"{want}: --set in_channels=, image_size=, num_classes="
        )
    return data.to(torch.device(device))


def shrunk(data: DataSet, size: int) -> DataSet:
    """Return the data with images of this side, each pixel the mean of a square of pixels.

    Images that are no whole multiple of that side are returned as they are.
    """
    factor, rest = divmod(data.train.pixels.shape[-1], size)
    if rest or factor < 2:
        return data

    def shrink(images: Images) -> Images:
        parts = torch.split(images.pixels, SHRINK_BATCH)
        small = [F.avg_pool2d(part.float(), factor).round_().to(torch.uint8) for part in parts]
        return Images(torch.cat(small), images.labels)

    return replace(data, train=shrink(data.train), valid=shrink(data.valid), test=shrink(data.test))
