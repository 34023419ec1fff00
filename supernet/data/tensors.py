"""Data sets as uint8 tensors on the device, with fixed splits and batched augmentation.

A set is decoded once. Splits never depend on a run's seed: every run of a preset sees the same
train, valid and test images, and the test images belong to the truth alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from bench.base.names import load
from supernet.data.folder import load_folder_split

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np

    from bench.config.recipe import Training
    from bench.network.cell_costs import Skeleton

SPLIT_SEED = 101
NUM_VALID_CIFAR10 = 10_000
SHRINK_BATCH = 5_000


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


def load_digits(path: Path | None = None) -> DataSet:
    """Load scikit-learn's 8x8 digits: stratified 1,000 train, 297 valid, 500 test."""
    from sklearn.datasets import load_digits as sklearn_digits

    if path is not None:
        raise ValueError(f"digits ships with scikit-learn and takes no --data, got {path}")
    bunch = sklearn_digits()
    pixels = torch.from_numpy((bunch.images * (255.0 / 16.0)).round().astype("uint8"))[:, None]
    labels = torch.from_numpy(bunch.target).long()
    test, rest = _stratified(labels, torch.arange(len(labels)), 500)
    valid, train = _stratified(labels, rest, 297)
    images = Images(pixels, labels)
    return DataSet("digits", images[train], images[valid], images[test], num_classes=10)


def load_cifar10(path: Path | None = None) -> DataSet:
    """Load CIFAR-10 through torchvision, downloading it where it is absent.

    The first 40,000 training images train and the last 10,000 (data_batch_5) validate, as in
    NAS-Bench-101.
    """
    from torchvision.datasets import CIFAR10

    from bench.table.table import data_folder

    root = path if path is not None else data_folder() / "cifar10"
    parts = [CIFAR10(str(root), train=train, download=True) for train in (True, False)]
    train, test = (_from_arrays(part.data, part.targets) for part in parts)
    cut = len(train) - NUM_VALID_CIFAR10
    return DataSet("cifar10", train[:cut], train[cut:], test, num_classes=10)


def load_folder(path: Path | None = None) -> DataSet:
    """Load PATH/train/<class>/ and PATH/test/<class>/ (or val/), all images of one size.

    A fifth of the training images, stratified and always the same ones, validate.

    Raises:
        ValueError: no path, no such folder, no images, or classes that differ between the two.
    """
    if path is None:
        raise ValueError("data set 'folder' needs --data PATH, a folder with train/ and test/")
    pixels, labels, classes = load_folder_split(path, ("train",))
    test_pixels, test_labels, test_classes = load_folder_split(path, ("test", "val"))
    if classes != test_classes:
        odd = sorted(set(classes) ^ set(test_classes))
        raise ValueError(f"{path}: classes on one side of train and test only: {', '.join(odd)}")
    images = Images(pixels, labels)
    valid, train = _stratified(labels, torch.arange(len(labels)), len(labels) // 5)
    return DataSet(
        "folder", images[train], images[valid], Images(test_pixels, test_labels), len(classes)
    )


DATA_SETS: dict[str, Callable[[Path | None], DataSet]] = {
    "digits": load_digits,
    "cifar10": load_cifar10,
    "folder": load_folder,
}


def load_data(name: str, skeleton: Skeleton, path: Path | None, device: str) -> DataSet:
    """Load a data set onto the device, its images shrunk where the skeleton's are a whole fraction.

    Raises:
        ValueError: an unknown name, or images or labels that don't fit the skeleton.
    """
    data = shrunk(load(name, DATA_SETS, "data set")(path), skeleton.image_size)
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
    mean, std = (part.to(pixels.device) for part in statistics)
    x = pixels.to(torch.float32).sub_(mean).div_(std)
    return x.contiguous(memory_format=torch.channels_last)


def augment(
    pixels: torch.Tensor, training: Training, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Crop and flip a batch of uint8 pixels; draw its cutout mask.

    Args:
        pixels: uint8 tensor of shape (B, C, H, W).
        training: holds crop_padding, flip and cutout (the side of the square, in pixels).
        generator: CPU generator; its draws are the same on every device.

    Returns:
        Augmented pixels, and the mask of shape (B, 1, H, W) to multiply the input with (None
        without cutout).
    """
    batch, _, height, width = pixels.shape
    device = pixels.device
    padding = training.crop_padding
    if padding or training.flip:
        shifts = torch.randint(2 * padding + 1, (2, batch, 1), generator=generator).to(device)
        rows = shifts[0] + torch.arange(height, device=device)  # (B, H)
        columns = torch.arange(width, device=device).expand(batch, -1)
        if training.flip:
            is_flipped = torch.randint(2, (batch, 1), generator=generator).to(device)
            columns = torch.where(is_flipped == 1, width - 1 - columns, columns)
        columns = shifts[1] + columns  # (B, W)
        padded = F.pad(pixels, (padding,) * 4)
        which = torch.arange(batch, device=device)[:, None, None]
        pixels = padded.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]]
        pixels = pixels.permute(0, 3, 1, 2)  # (B, C, H, W), channels last in memory
    if not training.cutout:
        return pixels, None
    centre = torch.rand((2, batch, 1), generator=generator).to(device)
    spans = [
        _span(centre[axis], size, training.cutout) for axis, size in enumerate((height, width))
    ]
    mask = ~(spans[0][:, :, None] & spans[1][:, None, :])
    return pixels, mask[:, None].to(torch.float32)


def _span(centre: torch.Tensor, size: int, side: int) -> torch.Tensor:
    """Mark the positions of shape (B, size) that a square of this side covers on one axis."""
    start = (centre * size).long() - side // 2  # (B, 1)
    positions = torch.arange(size, device=centre.device)
    return (positions >= start) & (positions < start + side)


def _stratified(
    labels: torch.Tensor, pool: torch.Tensor, num_first: int
) -> tuple[torch.Tensor, torch.Tensor]:
    from sklearn.model_selection import train_test_split

    rest, first = train_test_split(
        pool.numpy(), test_size=num_first, stratify=labels[pool].numpy(), random_state=SPLIT_SEED
    )
    return torch.from_numpy(first).sort().values, torch.from_numpy(rest).sort().values


def _from_arrays(pixels: np.ndarray, labels: list[int]) -> Images:
    return Images(torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous(), torch.tensor(labels))


def _value_counts(channel: torch.Tensor) -> torch.Tensor:
    return torch.bincount(channel.flatten().int(), minlength=256).double()
