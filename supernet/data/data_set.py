"""Data sets as uint8 tensors on the device, with fixed splits.

A set is decoded once. Splits never depend on a run's seed: every run of a preset sees the same
train, valid and test images, and the test images belong to the truth alone.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

    Batch = tuple[torch.Tensor, torch.Tensor]

SPLIT_SEED = 101


@dataclass(frozen=True)
class Images:
    """Images of one split.

    Attributes:
        pixels: uint8 tensor of shape (N, C, H, W), in [0, 255].
        labels: int64 tensor of shape (N,).
    """

    pixels: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: torch.Tensor | slice) -> Images:
        return Images(self.pixels[index], self.labels[index])

    def __add__(self, other: Images) -> Images:
        return Images(
            torch.cat([self.pixels, other.pixels]), torch.cat([self.labels, other.labels])
        )

    def to(self, device: torch.device) -> Images:
        """Move to a device."""
        return Images(self.pixels.to(device), self.labels.to(device))


@dataclass(frozen=True)
class DataSet:
    """The three splits of a data set."""

    name: str
    train: Images
    valid: Images
    test: Images
    num_classes: int

    @property
    def num_images(self) -> int:
        """Of all splits."""
        return len(self.train) + len(self.valid) + len(self.test)

    def split(self, name: str) -> Images:
        """Return 'train', 'valid', 'test', or several joined by '+'.

        Raises:
            ValueError: a name that is no split.
        """
        parts = name.split("+")
        for part in parts:
            if part not in ("train", "valid", "test"):
                raise ValueError(f"split {name!r} is not train, valid, test or a sum of these")
        images: Images = getattr(self, parts[0])
        for part in parts[1:]:
            images = images + getattr(self, part)
        return images

    @cached_property
    def statistics(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and standard deviation of the training pixels, each of shape (1, C, 1, 1)."""
        counts = torch.stack([_value_counts(channel) for channel in self.train.pixels.unbind(1)])
        values = torch.arange(256, dtype=torch.float64)
        total = counts.sum(1)
        mean = (counts * values).sum(1) / total
        variance = (counts * (values - mean[:, None]) ** 2).sum(1) / total
        shape = (1, -1, 1, 1)
        return mean.float().view(shape), variance.sqrt().clamp_min(1.0).float().view(shape)

    def to(self, device: torch.device) -> DataSet:
        """Move every split to a device."""
        return replace(
            self,
            train=self.train.to(device),
            valid=self.valid.to(device),
            test=self.test.to(device),
        )


def take(images: Images, num_images: int) -> Images:
    """Return the first `num_images` images in an order shuffled once and for all (0: all).

    Raises:
        ValueError: more images than there are.
    """
    if num_images > len(images):
        raise ValueError(f"{num_images} images asked for, but the split has {len(images)}")
    generator = torch.Generator().manual_seed(SPLIT_SEED)
    order = torch.randperm(len(images), generator=generator)
    return images[order[: num_images or None].to(images.labels.device)]


def to_input(pixels: torch.Tensor, statistics: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Normalise uint8 pixels into a channels-last float tensor of shape (B, C, H, W)."""
    mean, std = (part.to(pixels.device, non_blocking=True) for part in statistics)
    x = pixels.to(torch.float32).sub_(mean).div_(std)
    return x.contiguous(memory_format=torch.channels_last)


def batches(
    images: Images,
    batch: int,
    statistics: tuple[torch.Tensor, torch.Tensor],
    num_batches: int = 0,
) -> Iterator[Batch]:
    """Yield normalised inputs (B, C, H, W) and labels (B,).

    Args:
        images: in their order.
        batch: images a batch; 0: all in one.
        statistics: mean and standard deviation, each of shape (1, C, 1, 1).
        num_batches: how many, the images gone through again where they are too few; 0: once.
    """
    batch = batch or len(images)
    starts = range(0, len(images), batch)
    for start in itertools.islice(itertools.cycle(starts), num_batches or len(starts)):
        part = images[start : start + batch]
        yield to_input(part.pixels, statistics), part.labels


def _value_counts(channel: torch.Tensor) -> torch.Tensor:
    return torch.bincount(channel.flatten().int(), minlength=256).double().cpu()
