"""Run folders: where a run's files lie, and how they are written so that none is ever half there.

    results/<preset>/<space>-m<m>/[<sampler>-]<batch norm>-seed<k>/
        run.json        recipe, seed, versions, commit, device
        history.csv     epoch, lr, loss, accuracy
        times.csv       stage, time_s
        scores.csv      architecture, cell_hash, calibrated, accuracy, loss
        checkpoint.pt   weights, optimiser, generators, history

Every file is written under a temporary name and renamed.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bench.base.files import read_csv, write_text
from bench.base.names import load
from bench.config.recipe import Recipe, from_dict, to_dict
from bench.space.branches import SPACES, Space

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

PACKAGE = Path(__file__).resolve().parent

RUN = "run.json"
HISTORY = "history.csv"
TIMES = "times.csv"
SCORES = "scores.csv"
CHECKPOINT = "checkpoint.pt"
PROGRESS = "progress.json"
MAIN_RECIPE = "sound"
PACKAGES = ("torch", "torchvision", "nasbench-pytorch", "numpy", "pandas", "scikit-learn")


class RunFolderError(ValueError):
    """A run folder that does not hold what is expected of it."""


@dataclass(frozen=True)
class Run:
    """One supernet: a recipe, a seed, and the folder with what they gave."""

    folder: Path
    recipe: Recipe
    seed: int

    @cached_property
    def space(self) -> Space:
        """The run's search space."""
        return load_space(self.recipe)

    @property
    def variant(self) -> str:
        """How the run differs from others of its space and m: sampler, batch norm."""
        return variant(self.recipe)

    @property
    def is_complete(self) -> bool:
        """Whether the run has its scores."""
        return (self.folder / SCORES).is_file()

    def scores(self) -> pd.DataFrame:
        """Read scores.csv: architecture, cell_hash, calibrated, accuracy, loss and own scorers."""
        return read_csv(self.folder / SCORES)


def load_space(recipe: Recipe) -> Space:
    """Build the recipe's search space."""
    return load(recipe.space, SPACES, "space")(recipe.m)


def variant(recipe: Recipe) -> str:
    """Name a recipe's batch norm, with its sampler before it where that is not the default."""
    is_default = recipe.sampler == Recipe().sampler
    return recipe.batch_norm if is_default else f"{recipe.sampler}-{recipe.batch_norm}"


def run_folder(results: Path, recipe: Recipe, seed: int) -> Path:
    """Return the folder of one run."""
    space, name = (re.sub(r"[^\w-]+", "_", part) for part in (recipe.space, variant(recipe)))
    return results / f"{space}-m{recipe.m}" / f"{name}-seed{seed}"


def open_run(results: Path, recipe: Recipe, seed: int, device: str, num_threads: int) -> Run:
    """Open the folder of a run, or make it.

    Raises:
        RunFolderError: the folder holds a run of another recipe.
    """
    folder = run_folder(results, recipe, seed)
    open_folder(folder, recipe, seed, device, num_threads)
    return Run(folder, recipe, seed)


def open_folder(folder: Path, recipe: Any, seed: int, device: str, num_threads: int) -> None:
    """Make a folder for a recipe of any type and a seed, or check that it is theirs.

    Raises:
        RunFolderError: the folder holds another recipe.
    """
    if (folder / RUN).is_file():
        old, _ = read_about(folder, recipe)
        _check_same(folder, to_dict(old), to_dict(recipe))
        return
    about = {
        "recipe": to_dict(recipe),
        "seed": seed,
        "device": device,
        "num_threads": num_threads,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "commit": _commit(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_text(json.dumps(about, indent=1) + "\n", folder / RUN)


def read_run(folder: Path) -> Run:
    """Read a run folder.

    Raises:
        RunFolderError: no run.json, or one that can't be read.
    """
    recipe, seed = read_about(folder, Recipe())
    return Run(folder, recipe, seed)


def read_about(folder: Path, default: T) -> tuple[T, int]:
    """Read the recipe, of `default`'s type, and the seed of a folder.

    Raises:
        RunFolderError: no run.json, or one that can't be read.
    """
    try:
        about = json.loads((folder / RUN).read_text())
        return from_dict(default, about["recipe"]), int(about["seed"])
    except FileNotFoundError:
        raise RunFolderError(f"{folder} has no {RUN}: it is no run folder") from None
    except (KeyError, TypeError, ValueError) as error:
        raise RunFolderError(f"{folder / RUN} can't be read: {error}") from error


def find_runs(results: Path) -> list[Run]:
    """List the complete runs below a results folder, by space, m, variant and seed."""
    runs = [read_run(path.parent) for path in results.glob(f"*/*/{RUN}")]
    complete = [run for run in runs if run.is_complete]
    return sorted(complete, key=lambda run: (*_group(run), run.seed))


def find_main_runs(results: Path) -> list[Run]:
    """List the complete runs of the recipe that analyses are about, or all if there are none."""
    runs = find_runs(results)
    return [run for run in runs if run.recipe.name == MAIN_RECIPE] or runs


def _group(run: Run) -> tuple[str, int, str]:
    return run.recipe.space, run.recipe.m, run.variant


def _check_same(folder: Path, old: dict[str, Any], new: dict[str, Any]) -> None:
    changed = [f"{name}={old[name]} (asked: {new[name]})" for name in new if old[name] != new[name]]
    if changed:
        raise RunFolderError(
            f"{folder} holds another recipe: {', '.join(changed)}; "
            "name another folder with --out, or delete it"
        )


def _commit() -> str:
    """Return the commit of the checkout, '+' behind it where files differ, or 'unknown'."""
    try:
        out = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12"],
            cwd=PACKAGE,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return out.stdout.strip()
