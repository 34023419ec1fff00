"""ImageNet, or any folder of that layout too large for memory: decoded as it is needed.

Layout: ROOT/train/<class>/<image>, ROOT/val/<class>/<image>. Evaluation resizes the short side to
size / 0.875 and crops the centre. A fixed part of the training images is held out to score
architectures; the test images are val.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, cast

import joblib
import torch
from torchvision.transforms import v2

from supernet.data.data_set import SPLIT_SEED, DataSet, Images, to_input
from supernet.data.decode import SUFFIXES, BrokenImageError, decode, images_of
from supernet.data.digest import digest_of_files
from supernet.data.file_source import Files, FileSource, statistics
from supernet.data.pool import check_counts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.config.recipe import Final, Recipe
    from supernet.data.source import Batch
    from supernet.distributed import Ranks

MAX_VALID = 10_000
"""Training images held out to score architectures, or a tenth of them where that is less."""

CROP = 0.875


class ImageNetSet(DataSet):
    """A data set normalised by ImageNet's published mean and standard deviation."""

    @cached_property
    def statistics(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and standard deviation of pixels in [0, 255], each of shape (1, 3, 1, 1)."""
        return statistics()


class FilePool:
    """The images of a run, as files.

    Attributes:
        broken: files that did not decode, where these are skipped: in training another image
            took the place, elsewhere they are left out.

    Raises:
        ValueError: no folder, no val, classes on one side only, or another number of classes
            than the recipe's.
    """

    def __init__(self, recipe: Recipe | Final, path: Path | None, device: str) -> None:
        if path is None:
            raise ValueError("data set 'imagenet' needs --data PATH, a folder with train/ and val/")
        self.recipe, self.root, self.device = recipe, path, torch.device(device)
        train, classes = list_files(path, "train")
        self.val, val_classes = list_files(path, "val")
        if classes != val_classes:
            odd = sorted(set(classes) ^ set(val_classes))
            side = "train" if odd[0] in classes else "val"
            raise ValueError(
                f"{path}: classes on one side of train and val only: {len(odd)}, such as "
                f"{odd[0]} in {side}"
            )
        if len(classes) != recipe.skeleton.num_classes:
            raise ValueError(
                f"{path} has {len(classes)} classes, the recipe {recipe.skeleton.num_classes}: "
                f"--set num_classes={len(classes)}"
            )
        self.broken: set[str] = set()
        order = shuffled(len(train))
        num_valid = min(MAX_VALID, len(train) // 10)
        self.splits = {
            "train": train.take(order[num_valid:]),
            "valid": train.take(order[:num_valid]),
            "test": self.val,
        }
        check_counts(recipe, lambda split: len(self.split(split)))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of every file's name and size."""
        return digest_of_files(self.root, self.split("train+valid+test").paths)

    @property
    def num_kept(self) -> int:
        """Images that are kept in memory: none but those that calibrate and score."""
        return 0

    def source(self, seed: int, ranks: Ranks) -> FileSource:
        """Return the batches to train on."""
        recipe = self.recipe
        files = first(self.split(recipe.train_split), recipe.num_train_images)
        size, training = recipe.skeleton.image_size, recipe.training
        broken = self.broken if recipe.skip_broken else None
        return FileSource(files, size, training, seed, ranks, self.device, broken)

    def data(self) -> DataSet:
        """Decode the images that calibrate and score."""
        recipe = cast("Recipe", self.recipe)
        size, calibration = recipe.skeleton.image_size, recipe.calibration
        parts = {name: Images(torch.empty(0), torch.empty(0)) for name in self.splits}
        for split, count in (
            (calibration.calibration_split, calibration.calibration_images),
            (recipe.score_split, recipe.num_score_images),
        ):
            if len(parts[split]) < (count or 1):
                parts[split] = self._decode_first(self.split(split), count, size)
        return ImageNetSet("imagenet", **parts, num_classes=recipe.skeleton.num_classes)

    def test(self) -> Iterator[Batch]:
        """Yield the batches that a final network is tested on."""
        recipe = cast("Final", self.recipe)
        files = first(self.split(recipe.test_split), recipe.num_test_images)
        for start in range(0, len(files), recipe.test_batch):
            index = range(start, min(start + recipe.test_batch, len(files)))
            images = self._decode(files.take(index), recipe.skeleton.image_size)
            yield to_input(images.pixels, statistics()), images.labels

    def split(self, name: str) -> Files:
        """Return 'train', 'valid', 'test', or several joined by '+'.

        Raises:
            ValueError: a name that is no split.
        """
        parts = [self.splits.get(part) for part in name.split("+")]
        if None in parts:
            raise ValueError(f"split {name!r} is not train, valid, test or a sum of these")
        files = [part for part in parts if part is not None]
        return Files(
            tuple(p for f in files for p in f.paths), tuple(n for f in files for n in f.labels)
        )

    def _decode_first(self, files: Files, count: int, size: int) -> Images:
        """Decode the first `count` images that decode, in the fixed order (0: all)."""
        first(files, count)
        every = first(files, 0)
        done = count or len(files)
        images = self._decode(every.take(range(done)), size)
        while count and len(images) < count and done < len(files):
            images = images + self._decode(every.take([done]), size)
            done += 1
        return images

    def _decode(self, files: Files, size: int) -> Images:
        """Decode the centres of images with threads (decoding leaves the interpreter free)."""
        with ThreadPoolExecutor(joblib.cpu_count()) as pool:
            decoded = list(pool.map(lambda path: self._decode_one(path, size), files.paths))
        kept = [(x, label) for x, label in zip(decoded, files.labels, strict=True) if x is not None]
        if not kept:
            raise BrokenImageError(f"no image decodes, from {files.paths[0]} on: are they images?")
        pixels = torch.stack([x for x, _ in kept])
        return Images(pixels, torch.tensor([label for _, label in kept])).to(self.device)

    def _decode_one(self, path: str, size: int) -> torch.Tensor | None:
        try:
            return centre(decode(path), size)
        except BrokenImageError:
            if not self.recipe.skip_broken:
                raise
            self.broken.add(path)
            return None


def list_files(root: Path, split: str) -> tuple[Files, list[str]]:
    """List a split's images and classes.

    Raises:
        ValueError: no such folder, or no images.
    """
    folder = root / split
    if not folder.is_dir():
        raise ValueError(f"{root} has no folder {split} with one folder per class")
    classes = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
    found = [
        (str(path), label)
        for label, name in enumerate(classes)
        for path in images_of(folder / name)
    ]
    if not found:
        raise ValueError(f"{folder} has no images ({', '.join(sorted(SUFFIXES))})")
    paths, labels = zip(*found, strict=True)
    return Files(paths, labels), classes


def first(files: Files, count: int) -> Files:
    """Return the first `count` files in an order shuffled once and for all (0: all).

    Raises:
        ValueError: more than there are.
    """
    if count > len(files):
        raise ValueError(f"{count} images asked for, but the split has {len(files)}")
    return files.take(shuffled(len(files))[: count or None])


def shuffled(count: int) -> list[int]:
    """Return an order of `count` things that is always the same."""
    generator = torch.Generator().manual_seed(SPLIT_SEED)
    order: list[int] = torch.randperm(count, generator=generator).tolist()
    return order


def centre(image: torch.Tensor, size: int) -> torch.Tensor:
    """Resize the short side to size / 0.875 and crop the centre, to (3, size, size)."""
    resized = v2.functional.resize(image, [round(size / CROP)], antialias=True)
    out: torch.Tensor = v2.functional.center_crop(resized, [size, size])
    return out
