"""Searches of a supernet: their settings and evaluations in folders of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.runs import schemas
from bench.runs.about import RunFolderError, check_not_lost
from bench.runs.expected import check_numbered
from bench.runs.layout import EVALUATED, PARETO, SEARCH, SEARCHES, search_folder

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def write_search(folder: Path, settings: dict[str, Any], evaluated: pd.DataFrame) -> None:
    """Write a search's evaluations in order, its Pareto front by cost, and its settings last."""
    front = evaluated[evaluated["is_on_front"]].sort_values("num_multiply_adds")
    schemas.write(evaluated, folder / EVALUATED, schemas.EVALUATED)
    schemas.write(front, folder / PARETO, schemas.PARETO)
    settings = {"version": schemas.SEARCH.version, **settings}
    schemas.write_json(settings, folder / SEARCH, schemas.SEARCH)


def read_search(folder: Path) -> tuple[dict[str, Any], pd.DataFrame]:
    """Read a search's settings and evaluations.

    Raises:
        RunFolderError: no folder of a finished search.
        DamagedFileError: files that are not as they were written.
    """
    try:
        settings = schemas.read_json(folder / SEARCH, schemas.SEARCH)
        count = settings["evaluations"]
        evaluated = schemas.read(
            folder / EVALUATED,
            schemas.EVALUATED,
            lambda rows: check_numbered(rows, "evaluation", count),
        )
    except FileNotFoundError as error:
        raise RunFolderError(f"{folder} holds no finished search: {error}") from error
    place = search_folder(folder.parent, settings["algorithm"], settings["seed"])
    if place.name != folder.resolve().name:
        raise RunFolderError(
            f"{folder} holds the search by {settings['algorithm']!r} with seed {settings['seed']}: "
            f"move it out of {folder.parent}"
        )
    return settings, evaluated


def find_searches(run: Path) -> list[Path]:
    """List the folders of a supernet's finished searches, sorted.

    Raises:
        RunFolderError: a search whose settings are gone.
    """
    for folder in run.glob("search-*/"):
        check_not_lost(folder / SEARCH)
    return sorted(path.parent for path in run.glob(SEARCHES))


def is_finished(folder: Path, settings: dict[str, Any]) -> bool:
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
