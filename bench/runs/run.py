"""Runs: a supernet, or a network trained to the end, as a folder with its recipe and seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bench.config.recipe import Final, Recipe
from bench.runs import schemas
from bench.runs.about import RunFolderError, open_folder, read_about
from bench.runs.digests import is_lost
from bench.runs.expected import check_cells, check_kernels, check_numbered
from bench.runs.layout import (
    CHECKPOINT,
    EVALUATION,
    HISTORY,
    SCORES,
    TIMES,
    final_folder,
    run_folder,
    variant,
)
from bench.space.registry import build_space
from bench.space.space import has_cells

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from bench.config.recipe import Trained
    from bench.space.space import Space

__all__ = [
    "FinalRun",
    "Run",
    "RunFolderError",
    "load_space",
    "open_final",
    "open_run",
    "read_final",
    "read_run",
    "read_trained",
    "scores_schema",
]


@dataclass(frozen=True)
class Run:
    """One supernet: a recipe, a seed, and the folder with what they gave."""

    folder: Path
    recipe: Recipe
    seed: int

    @cached_property
    def space(self) -> Any:
        """The run's search space."""
        return load_space(self.recipe)

    @property
    def variant(self) -> str:
        """How the run differs from others of its space and m: sampler, batch norm."""
        return variant(self.recipe)

    @property
    def is_trained(self) -> bool:
        """Whether every epoch has been trained.

        Raises:
            DamagedFileError: a history that is not as it was written, or not of this run.
        """
        is_there = (self.folder / HISTORY).is_file()
        return is_there and len(self.history()) == self.recipe.training.epochs

    @property
    def has_weights(self) -> bool:
        """Whether the trained weights are there, or should be."""
        return (self.folder / CHECKPOINT).is_file() or is_lost(self.folder / CHECKPOINT)

    @property
    def is_complete(self) -> bool:
        """Whether the run has the scores of every architecture, to be ranked against a truth.

        One that has lost its history or its times is not: they are made again.
        """
        is_whole = not any(is_lost(self.folder / name) for name in (HISTORY, TIMES))
        return is_whole and (self.folder / SCORES).is_file() and has_cells(self.space)

    def history(self) -> pd.DataFrame:
        """Read history.csv: epoch, lr, loss, accuracy.

        Raises:
            DamagedFileError: it is not as it was written, or has not the epochs of this run.
        """
        most = self.recipe.training.epochs
        least = most if (self.folder / SCORES).is_file() else 0
        return read_history(self.folder / HISTORY, least, most)

    def scores(self) -> pd.DataFrame:
        """Read scores.csv: architecture, what it is, calibrated, accuracy, loss, own scorers.

        Raises:
            DamagedFileError: a file that is not as it was written, or not of this space.
        """
        check = check_cells if has_cells(self.space) else check_kernels
        return schemas.read(
            self.folder / SCORES, scores_schema(self.space), lambda rows: check(rows, self.space)
        )


@dataclass(frozen=True)
class FinalRun:
    """One network trained to the end."""

    folder: Path
    recipe: Final
    seed: int

    @cached_property
    def space(self) -> Any:
        """The space that the architecture comes from."""
        return load_space(self.recipe)

    @cached_property
    def architecture(self) -> Any:
        """The architecture."""
        return self.space.decode(self.recipe.architecture)

    def evaluation(self) -> pd.DataFrame:
        """Read evaluation.csv: epoch, weights, accuracy, top5_accuracy, loss.

        Raises:
            DamagedFileError: a file that is not as it was written.
        """
        history = self.folder / HISTORY  # written last
        most = self.recipe.training.epochs
        least = len(read_history(history, 0, most)) if history.is_file() else 0
        return schemas.read(
            self.folder / EVALUATION,
            schemas.EVALUATION,
            lambda rows: check_numbered(rows.drop_duplicates("epoch"), "epoch", least),
        )


def read_history(path: Path, least: int, most: int) -> pd.DataFrame:
    """Read a history.csv of so many epochs.

    Raises:
        DamagedFileError: it is not as it was written, or of fewer or more.
    """
    return schemas.read(
        path, schemas.HISTORY, lambda rows: check_numbered(rows, "epoch", least, most)
    )


def num_epochs(folder: Path) -> int:
    """Return how many epochs a run has been trained for."""
    path = folder / HISTORY
    return len(schemas.read(path, schemas.HISTORY)) if path.is_file() else 0


def load_space(recipe: Trained) -> Any:
    """Build the recipe's search space.

    Raises:
        ValueError: an unknown space, or m outside its range.
    """
    return build_space(recipe.space, recipe.m, recipe.skeleton)


def scores_schema(space: Space) -> schemas.Schema:
    """Return what a run's scores.csv holds."""
    return schemas.CELL_SCORES if has_cells(space) else schemas.KERNEL_SCORES


def open_run(
    results: Path,
    recipe: Recipe,
    seed: int,
    device: str,
    num_threads: int,
    device_name: str = "",
) -> Run:
    """Open the folder of a supernet, or make it; a GPU's name is what its maker calls it.

    Raises:
        RunFolderError: the folder holds a run of another recipe.
    """
    folder = run_folder(results, recipe, seed)
    open_folder(folder, recipe, seed, device, num_threads, device_name)
    return Run(folder, recipe, seed)


def open_final(
    results: Path,
    recipe: Final,
    seed: int,
    device: str,
    num_threads: int,
    device_name: str = "",
) -> FinalRun:
    """Open the folder of a network trained to the end, or make it.

    Raises:
        RunFolderError: it holds another recipe.
    """
    folder = final_folder(results, recipe, seed)
    open_folder(folder, recipe, seed, device, num_threads, device_name)
    return FinalRun(folder, recipe, seed)


def read_run(folder: Path) -> Run:
    """Read the folder of a supernet.

    Raises:
        RunFolderError: no run.json, one that can't be read, or a network's.
    """
    about = read_about(folder)
    if not isinstance(about.recipe, Recipe):
        raise RunFolderError(f"{folder} holds a network trained to the end, not a supernet")
    return Run(folder, about.recipe, about.seed)


def read_trained(folder: Path) -> Run:
    """Read the folder of a supernet that has weights.

    Raises:
        RunFolderError: as `read_run`, or there are no weights.
    """
    run = read_run(folder)
    _check_trained(folder)
    return run


def read_final(folder: Path) -> FinalRun:
    """Read the folder of a network trained to the end.

    Raises:
        RunFolderError: no such folder, or one without weights.
    """
    about = read_about(folder)
    if not isinstance(about.recipe, Final):
        raise RunFolderError(f"{folder} holds a supernet, not a network trained to the end")
    _check_trained(folder)
    return FinalRun(folder, about.recipe, about.seed)


def _check_trained(folder: Path) -> None:
    """Refuse a folder without weights, with a RunFolderError."""
    if not (folder / CHECKPOINT).is_file():
        raise RunFolderError(f"{folder} has no {CHECKPOINT}: train it first")
