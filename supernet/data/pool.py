"""The images of a MixPath run: batches to train on, splits to calibrate and score, a test set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from bench.config.mixpath_recipe import FinalRecipe
from supernet.data.source import Source, TensorSource
from supernet.data.tensors import DATA_SETS, DataSet, load_data, take
from supernet.score import batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bench.config.mixpath_recipe import MixRecipe
    from supernet.data.source import Batch
    from supernet.distributed import Ranks

FILES = "imagenet"
"""The data set that stays in its files and is decoded as it is needed."""


class Pool(Protocol):
    """Where a run's images come from.

    Attributes:
        broken: files that did not decode and were skipped.
    """

    broken: set[str]

    def source(self, seed: int, ranks: Ranks) -> Source:
        """Return the batches to train on."""
        ...

    def data(self) -> DataSet:
        """Return the splits that calibrate and score, on the device."""
        ...

    def test(self) -> Iterator[Batch]:
        """Yield the batches that a final network is tested on."""
        ...


def open_pool(recipe: MixRecipe | FinalRecipe, path: Path | None, device: str) -> Pool:
    """Open a recipe's images.

    Raises:
        ValueError: images that are missing, damaged or don't fit the recipe.
    """
    if recipe.data_set == FILES:
        from supernet.data.imagenet import FilePool

        return FilePool(recipe, path, device)
    return TensorPool(recipe, path, device)


def check_data_set(name: str) -> None:
    """Refuse an unknown data set, before anything is made.

    Raises:
        ValueError: it is not known.
    """
    from bench.base.names import load

    if name != FILES:
        load(name, cast("Any", {**DATA_SETS, FILES: None}), "data set")


def check_counts(recipe: MixRecipe | FinalRecipe, size: Callable[[str], int]) -> None:
    """Refuse numbers of images that the splits don't have, before anything is trained.

    Raises:
        ValueError: a number above its split's size.
    """
    asked = {"num_train_images": (recipe.train_split, recipe.num_train_images)}
    if isinstance(recipe, FinalRecipe):
        asked["num_test_images"] = recipe.test_split, recipe.num_test_images
    else:
        calibration = recipe.calibration
        asked["num_score_images"] = recipe.score_split, recipe.num_score_images
        asked["calibration_images"] = (
            calibration.calibration_split,
            calibration.calibration_images,
        )
    for name, (split, count) in asked.items():
        if count > size(split):
            raise ValueError(
                f"{name}={count}, but split {split!r} of {recipe.data_set!r} has {size(split)} "
                f"images: --set {name}={size(split)}"
            )


class TensorPool:
    """A data set that is decoded once and kept on the device."""

    def __init__(self, recipe: MixRecipe | FinalRecipe, path: Path | None, device: str) -> None:
        self.recipe = recipe
        self.broken: set[str] = set()
        self._data = load_data(recipe.data_set, cast("Any", recipe.skeleton), path, device)
        check_counts(recipe, lambda split: len(self._data.split(split)))

    def source(self, seed: int, ranks: Ranks) -> Source:
        """Return the batches to train on."""
        recipe = self.recipe
        return TensorSource(
            take(self._data.split(recipe.train_split), recipe.num_train_images),
            self._data.statistics,
            recipe.training,
            seed,
            ranks=ranks,
            accumulate=recipe.training.accumulate,
            drop_last=recipe.training.drop_last,
        )

    def data(self) -> DataSet:
        """Return the data set."""
        return self._data

    def test(self) -> Iterator[Batch]:
        """Yield the batches that a final network is tested on."""
        recipe = self.recipe
        assert isinstance(recipe, FinalRecipe)
        images = take(self._data.split(recipe.test_split), recipe.num_test_images)
        yield from batches(images, recipe.test_batch, self._data.statistics)
