"""The images of a run: batches to train on, splits to calibrate and score, a test set."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING
from typing import Protocol as Interface

from bench.config.recipe import Final, Recipe
from supernet.data.data_set import DataSet, batches, take
from supernet.data.digest import digest_of
from supernet.data.source import Source, TensorSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.config.recipe import Trained
    from supernet.data.source import Batch
    from supernet.distributed import Ranks


class Pool(Interface):
    """Where a run's images come from.

    Attributes:
        broken: files that did not decode and were skipped.
    """

    broken: set[str]

    @property
    def digest(self) -> str:
        """What tells these images from others, in hexadecimal."""
        ...

    @property
    def num_kept(self) -> int:
        """Images that are kept in memory."""
        ...

    def source(self, seed: int, ranks: Ranks) -> Source:
        """Return the batches to train on."""
        ...

    def data(self) -> DataSet:
        """Return the splits that calibrate and score, on the device."""
        ...

    def test(self) -> Iterator[Batch]:
        """Yield the batches that a final network is tested on."""
        ...


def check_counts(recipe: Trained, size: Callable[[str], int]) -> None:
    """Refuse numbers of images that the splits don't have, before anything is trained.

    Raises:
        ValueError: a number above its split's size.
    """
    asked = {"num_train_images": (recipe.train_split, recipe.num_train_images)}
    if isinstance(recipe, Final):
        asked["num_test_images"] = recipe.test_split, recipe.num_test_images
    if isinstance(recipe, Recipe):
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

    def __init__(self, recipe: Trained, data: DataSet) -> None:
        self.recipe = recipe
        self.broken: set[str] = set()
        self._data = data
        check_counts(recipe, lambda split: len(data.split(split)))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of every split's pixels, as the net sees them, and labels."""
        return digest_of(self._data)

    @property
    def num_kept(self) -> int:
        """Images that are kept in memory: all."""
        return self._data.num_images

    def source(self, seed: int, ranks: Ranks) -> Source:
        """Return the batches to train on."""
        recipe = self.recipe
        return TensorSource(
            take(self._data.split(recipe.train_split), recipe.num_train_images),
            self._data.statistics,
            recipe.training,
            seed,
            ranks=ranks,
        )

    def data(self) -> DataSet:
        """Return the data set."""
        return self._data

    def test(self) -> Iterator[Batch]:
        """Yield the batches that a final network is tested on."""
        recipe = self.recipe
        assert isinstance(recipe, Final)
        images = take(self._data.split(recipe.test_split), recipe.num_test_images)
        yield from batches(images, recipe.test_batch, self._data.statistics)
