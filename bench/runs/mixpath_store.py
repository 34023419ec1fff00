"""Run folders of the MixPath pipelines.

results/<preset>/<space>-m<m>/<batch norm>-seed<k>/      a supernet
    run.json, history.csv, times.csv, checkpoint.pt
    scores.csv                    every architecture that a search has paid for
    search-<algorithm>-seed<k>/   search.json, evaluated.csv, pareto.csv
results/<preset>/<retrain or transfer>-<digest>-seed<k>/  a network trained for good
    run.json, history.csv, times.csv, evaluation.csv, checkpoint.pt, best.pt, network.pt2
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from bench.base.files import read_csv, write_csv, write_text
from bench.config.mixpath_recipe import FinalRecipe, MixRecipe, recipe_space
from bench.runs.run import (
    CHECKPOINT,
    HISTORY,
    RUN,
    RunFolderError,
    open_folder,
    read_about,
    run_folder,
    variant,
)

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from bench.space.architecture import MixArchitecture
    from bench.space.kernels import MixPathSpace

SEARCH = "search.json"
EVALUATED = "evaluated.csv"
PARETO = "pareto.csv"
EVALUATION = "evaluation.csv"
BEST = "best.pt"
NETWORK = "network.pt2"


@dataclass(frozen=True)
class MixRun:
    """One supernet of S1, S2 or S3."""

    folder: Path
    recipe: MixRecipe
    seed: int

    @cached_property
    def space(self) -> MixPathSpace:
        """The run's search space."""
        return recipe_space(self.recipe)

    @property
    def variant(self) -> str:
        """How the run differs from others of its space and m: sampler, batch norm."""
        return variant(cast("Any", self.recipe))

    @property
    def is_trained(self) -> bool:
        """Whether every epoch has been trained."""
        path = self.folder / HISTORY
        return path.is_file() and len(read_csv(path)) >= self.recipe.training.epochs


@dataclass(frozen=True)
class FinalRun:
    """One network trained for good."""

    folder: Path
    recipe: FinalRecipe
    seed: int

    @cached_property
    def space(self) -> MixPathSpace:
        """The space that the architecture comes from."""
        return recipe_space(self.recipe)

    @cached_property
    def architecture(self) -> MixArchitecture:
        """The architecture."""
        return self.space.decode(self.recipe.architecture)


def open_supernet(
    results: Path, recipe: MixRecipe, seed: int, device: str, num_threads: int
) -> MixRun:
    """Open the folder of a supernet, or make it.

    Raises:
        RunFolderError: it holds another recipe.
    """
    folder = run_folder(results, cast("Any", recipe), seed)
    open_folder(folder, recipe, seed, device, num_threads)
    return MixRun(folder, recipe, seed)


def open_final(
    results: Path, recipe: FinalRecipe, seed: int, device: str, num_threads: int
) -> FinalRun:
    """Open the folder of a network, or make it.

    Raises:
        RunFolderError: it holds another recipe.
    """
    identity = json.dumps([recipe.space, recipe.m, recipe.architecture, recipe.start])
    digest = hashlib.sha256(identity.encode()).hexdigest()[:10]
    folder = results / f"{recipe.name}-{digest}-seed{seed}"
    open_folder(folder, recipe, seed, device, num_threads)
    return FinalRun(folder, recipe, seed)


def read_supernet(folder: Path) -> MixRun:
    """Read the folder of a trained supernet.

    Raises:
        RunFolderError: no folder of a supernet, or one without weights.
    """
    if kind(folder) != "supernet":
        raise RunFolderError(f"{folder} holds a network trained for good, not a supernet")
    recipe, seed = read_about(folder, MixRecipe())
    _check_trained(folder)
    return MixRun(folder, recipe, seed)


def read_final(folder: Path) -> FinalRun:
    """Read the folder of a network trained for good.

    Raises:
        RunFolderError: no such folder, or one without weights.
    """
    if kind(folder) == "supernet":
        raise RunFolderError(f"{folder} holds a supernet, not a network trained for good")
    recipe, seed = read_about(folder, FinalRecipe())
    _check_trained(folder)
    return FinalRun(folder, recipe, seed)


def kind(folder: Path) -> str:
    """Return 'supernet', 'retrain' or 'transfer'.

    Raises:
        RunFolderError: no run folder of a MixPath pipeline.
    """
    try:
        name = str(json.loads((folder / RUN).read_text())["recipe"]["name"])
    except FileNotFoundError:
        raise RunFolderError(f"{folder} has no {RUN}: it is no run folder") from None
    except (ValueError, KeyError, TypeError) as error:
        raise RunFolderError(f"{folder / RUN} can't be read: {error}") from error
    if name not in ("supernet", "retrain", "transfer"):
        raise RunFolderError(f"{folder} is a run of the ranking benchmark, not of bench/mixpath.py")
    return name


def find_supernets(results: Path) -> list[MixRun]:
    """List the supernets below a results folder whose training has ended, by space, m and so on."""
    folders = [path.parent for path in results.glob(f"*/*/{RUN}")]
    started = [f for f in folders if kind(f) == "supernet" and (f / CHECKPOINT).is_file()]
    runs = [run for run in map(read_supernet, started) if run.is_trained]
    return sorted(runs, key=lambda r: (r.recipe.space, r.recipe.m, r.variant, r.seed))


def search_folder(run: MixRun, algorithm: str, seed: int) -> Path:
    """Return the folder of one search."""
    return run.folder / f"search-{algorithm}-seed{seed}"


def write_search(folder: Path, settings: dict[str, Any], evaluated: pd.DataFrame) -> None:
    """Write a search's evaluations in order, its Pareto front by cost, and its settings last."""
    front = evaluated[evaluated["is_on_front"]].sort_values("num_multiply_adds")
    write_csv(evaluated, folder / EVALUATED)
    write_csv(front, folder / PARETO)
    write_text(json.dumps(settings, indent=1) + "\n", folder / SEARCH)


def read_search(folder: Path) -> tuple[dict[str, Any], pd.DataFrame]:
    """Read a search's settings and evaluations.

    Raises:
        RunFolderError: no folder of a finished search.
    """
    try:
        return json.loads((folder / SEARCH).read_text()), read_csv(folder / EVALUATED)
    except (FileNotFoundError, ValueError) as error:
        raise RunFolderError(f"{folder} holds no finished search: {error}") from error


def check_search(folder: Path, settings: dict[str, Any]) -> bool:
    """Whether a search with these settings is finished there.

    Raises:
        RunFolderError: a search with other settings.
    """
    if not (folder / SEARCH).is_file():
        return False
    old, _ = read_search(folder)
    changed = [f"{k}={old.get(k)} (asked: {v})" for k, v in settings.items() if old.get(k) != v]
    if changed:
        raise RunFolderError(
            f"{folder} holds another search: {', '.join(changed)}; take another seed or delete it "
            "(its scores are kept beside it)"
        )
    return True


def _check_trained(folder: Path) -> None:
    if not (folder / CHECKPOINT).is_file():
        raise RunFolderError(f"{folder} has no {CHECKPOINT}: train it first")
