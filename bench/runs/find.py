"""Runs below a results folder: a damaged one stops whoever looks for them, and is not left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.base.checks import check_choice
from bench.config.recipe import Recipe
from bench.config.registry import RECIPES
from bench.runs import schemas
from bench.runs.about import RunFolderError, check_not_lost, check_told, read_about
from bench.runs.digests import is_kept, read_kept
from bench.runs.layout import HISTORY, RUN, SCORES, SUPERNETS, TIMES, run_folder
from bench.runs.run import Run
from bench.space.space import has_cells

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

MAIN_RECIPE = "sound"


def find_runs(results: Path, being_made: Collection[Path] = ()) -> list[Run]:
    """List the complete runs below a results folder, by space, m, variant and seed.

    Args:
        results: the results folder.
        being_made: folders of runs whose missing scores are about to be made.

    Raises:
        RunFolderError: a run that is damaged, or whose scores are gone.
    """
    runs = []
    for run in _find(results):
        if run.is_complete:
            _check_recipe(run)
            runs.append(run)
        elif has_cells(run.space) and run.folder not in being_made:
            for name in (SCORES, HISTORY, TIMES):
                check_not_lost(run.folder / name)
    return runs


def find_main_runs(results: Path) -> list[Run]:
    """List the complete runs of the recipe that analyses are about, or all if there are none."""
    runs = find_runs(results)
    return [run for run in runs if run.recipe.name == MAIN_RECIPE] or runs


def find_trained(results: Path) -> list[Run]:
    """List the supernets whose training has ended, in the same order.

    Raises:
        RunFolderError: a run that is damaged, or whose history is gone.
    """
    runs = _find(results)
    for run in runs:
        check_not_lost(run.folder / HISTORY)
    return [run for run in runs if run.is_trained]


def check_files(runs: Iterable[Run]) -> None:
    """Refuse damaged files of runs before hours are spent on what needs them.

    Digests are checked of all, histories against their recipes, and what scores and times say where
    they have no digest; the measurements that have none are read by whoever draws them.

    Raises:
        DamagedFileError: the first that is not as it was written, or not of its run.
    """
    for run in runs:
        for path in sorted(run.folder.glob("*.csv")):
            if path.name == HISTORY:
                run.history()
            elif path.name == SCORES and not is_kept(path):
                run.scores()
            elif path.name == TIMES and not is_kept(path):
                schemas.read(path, schemas.TIMES)
            elif path.name in schemas.NAMES_IN_RUNS and read_kept(path).doubt:
                schemas.read(path, schemas.schema_of(path))


def _check_recipe(run: Run) -> None:
    """Refuse a recipe that no protocol ranks, with a RunFolderError, instead of leaving it out."""
    try:
        check_choice(run.recipe, name=RECIPES)
    except ValueError as error:
        raise RunFolderError(f"{run.folder / RUN}: {error}") from error


def _check_place(run: Run) -> None:
    """Refuse a folder that is not its run's, with a RunFolderError: a copy would count as a run."""
    place = run_folder(run.folder.parents[1], run.recipe, run.seed)
    if place != run.folder:
        raise RunFolderError(
            f"{run.folder} holds the run of {place}, by its {RUN}: move it out of "
            f"{place.parents[1]}"
        )


def _find(results: Path) -> list[Run]:
    for folder in results.glob("*/*/"):
        check_told(folder)
    found = ((path.parent, read_about(path.parent)) for path in results.glob(SUPERNETS))
    runs = [
        Run(folder, about.recipe, about.seed)
        for folder, about in found
        if isinstance(about.recipe, Recipe)
    ]
    for run in runs:
        _check_place(run)
    return sorted(runs, key=lambda run: (run.recipe.space, run.recipe.m, run.variant, run.seed))
