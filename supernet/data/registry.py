"""The data sets by name: adding one is its loader and a line here.

A loader is a function path -> `DataSet`, whose images are decoded once and kept on the device. What
is too large for that stays in files (FILE_SETS). An own loader is named on the command line as
`package.module:name`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bench.base.names import call_plugin, load
from supernet.data.fit import fitted
from supernet.data.imagenet import FilePool
from supernet.data.pool import TensorPool
from supernet.data.sets import load_cifar10, load_digits, load_folder, load_mnist5k

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.config.recipe import Trained
    from supernet.data.data_set import DataSet
    from supernet.data.pool import Pool

DATA_SETS: dict[str, Callable[[Path | None], DataSet]] = {
    "digits": load_digits,
    "mnist5k": load_mnist5k,
    "cifar10": load_cifar10,
    "folder": load_folder,
}

FILE_SETS: dict[str, Callable[[Any, Path | None, str], Pool]] = {"imagenet": FilePool}


def data_source(recipe: Trained) -> Callable[[Path | None, str], Pool]:
    """Look up a recipe's data set; what is returned opens its images at a path, for a device.

    Raises:
        ValueError: an unknown name.
    """
    known: dict[str, Any] = {**DATA_SETS, **FILE_SETS}
    found = load(recipe.data_set, known, "data set")
    if recipe.data_set in FILE_SETS:
        return partial(found, recipe)

    def open_tensors(path: Path | None, device: str) -> Pool:
        loaded = call_plugin(recipe.data_set, "data set", found, path)
        data = fitted(loaded, recipe.data_set, recipe.skeleton, device)
        return TensorPool(recipe, data)

    return open_tensors


def load_data(name: str, skeleton: Any, path: Path | None, device: str) -> DataSet:
    """Load a data set onto the device, made to fit a skeleton (see `fitted`).

    Raises:
        ValueError: an unknown name, or images or labels that don't fit the skeleton.
    """
    return fitted(load(name, DATA_SETS, "data set")(path), name, skeleton, device)
