"""What a ranking is made from, checked before anything is trained: runs, images, baselines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.base.names import load
from bench.ranking.baselines import BASELINES
from bench.ranking.outputs import ABOUT, KENDALL_TAU
from bench.runs import schemas
from bench.runs.about import is_trained
from bench.runs.layout import run_folder
from bench.runs.origin import check_origin, check_together, origin_of, read_origin
from bench.runs.run import Run, find_runs, load_space, open_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.config.recipe import Recipe
    from bench.ranking.baselines import Baseline
    from bench.table.table import Table


def check_cells(table: Table, recipe: Recipe, *, allow_missing: bool) -> None:
    """Refuse a table that lacks cells of a recipe's space, unless some may be missing.

    Raises:
        ValueError: with how many it lacks.
    """
    space = load_space(recipe)
    hashes = sorted({space.cell(a).hash for a in space.architectures()})
    missing = table.missing(hashes)
    if missing and (not allow_missing or len(missing) == len(hashes)):
        remedy = "" if len(missing) == len(hashes) else "; --allow-missing ranks the others"
        raise ValueError(
            f"table {table.path} lacks {len(missing)} of the {len(hashes)} cells of space "
            f"{recipe.space!r}, m={recipe.m}{remedy}"
        )


def plan_runs(results: Path, recipes: Sequence[Recipe], seeds: Sequence[int]) -> list[Run]:
    """List the runs asked for, each once; nothing is made yet."""
    from supernet.parts import resolve

    for recipe in recipes:
        resolve(recipe)
    runs = [Run(run_folder(results, one, seed), one, seed) for seed in seeds for one in recipes]
    return list({run.folder: run for run in runs}.values())


def open_all_images(planned: Sequence[Run], data: Path | None) -> str:
    """Open the images as every recipe wants them, before anything is trained; return their digest.

    Where every run is complete and no folder is named there is nothing to open: what is there can
    be ranked where its images are not.
    """
    from supernet.parts import resolve

    if data is None and all(run.is_complete for run in planned):
        return ""
    kinds = {run.recipe.name: run.recipe for run in planned}
    digests = [resolve(one).open_images(data, "cpu").digest for one in kinds.values()]
    return digests[0] if digests else ""


def known_images(results: Path, planned: Sequence[Run], images: str) -> list[tuple[Recipe, str]]:
    """List every run's recipe with its images' digest: of runs that are there, and of new ones."""
    there = find_runs(results)
    new = [run for run in planned if run.folder not in {one.folder for one in there}]
    return [
        *((run.recipe, read_origin(run.folder).images) for run in there),
        *((run.recipe, images) for run in new),
    ]


def open_runs(
    results: Path, planned: Sequence[Run], images: str, device: str, threads: int
) -> list[Run]:
    """Open every run's folder, and refuse to mix runs of other images or code with those there."""
    now = {run.folder: origin_of(run.recipe, images) for run in planned}
    runs = [open_run(results, run.recipe, run.seed, device, threads) for run in planned]
    there = {run.folder for run in runs if is_trained(run.folder)}
    for folder in there:
        check_origin(folder, now[folder])
    new = {folder: origin for folder, origin in now.items() if folder not in there}
    check_together({run.folder: read_origin(run.folder) for run in find_runs(results)} | new)
    return runs


def load_baselines(results: Path, names: Sequence[str]) -> dict[str, Baseline]:
    """Import the user's own baselines: those of now, and those that the folder was ranked with.

    Raises:
        ValueError: one that can't be imported, or can't be any more.
    """
    loaded = {name: load(name, BASELINES, "baseline") for name in names}
    earlier = [name for name in read_earlier(results).get("baselines", ()) if name not in loaded]
    try:
        return loaded | {name: load(name, BASELINES, "baseline") for name in earlier}
    except ValueError as error:
        raise ValueError(
            f"{results / KENDALL_TAU} has rows of {', '.join(earlier)}, to be ranked again, but "
            f"{error} To drop the rows, take the name out of 'baselines' in {results / ABOUT}"
        ) from error


def read_earlier(results: Path) -> dict[str, Any]:
    """Read ranking.json, or nothing where the folder was never ranked."""
    path = results / ABOUT
    return schemas.read_json(path, schemas.RANKING) if path.is_file() else {}
