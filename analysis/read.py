"""The one door to what lies on disk: runs and their measurements, searches, rankings.

No other module of analysis finds a run or opens a file of one, so that a change of the run
folders changes this file alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.runs import schemas
from bench.runs.about import check_not_lost
from bench.runs.find import check_files, find_main_runs, find_runs, find_trained
from bench.runs.layout import TIMES
from bench.runs.run import RunFolderError
from bench.runs.searches import find_searches, read_search

if TYPE_CHECKING:
    from pathlib import Path

    from bench.runs.run import Run

IDENTITY = ["m", "bn", "seed"]


def read_runs(results: Path) -> list[Run]:
    """List the finished runs below a results folder that analyses are about.

    Of runs of cells those of the main recipe, or all where there are none.
    """
    return find_main_runs(results) or find_trained(results)


def check_runs(results: Path) -> None:
    """Refuse damaged runs before anything is drawn.

    Raises:
        ValueError: a file that is not as it was written, or is gone.
    """
    check_files(find_runs(results))


def is_there(results: Path, name: str) -> bool:
    """Tell whether the ranking stage or measuring has left a file.

    Raises:
        RunFolderError: it has, and the file is gone.
    """
    check_not_lost(results / name)
    return (results / name).is_file()


def is_measured(results: Path, name: str) -> bool:
    """Tell whether any finished run has this file; `name` may be a pattern."""
    return any(any(run.folder.glob(name)) for run in read_runs(results))


def read_all(results: Path, name: str) -> pd.DataFrame:
    """Read a CSV of every run that has it.

    Args:
        results: the results folder.
        name: of the file in each run's folder.

    Returns:
        The rows of all runs, with columns space, m, bn, seed and final_epoch before theirs.

    Raises:
        DamagedFileError: a file that is not as it was written.
        RunFolderError: one that is gone.
    """
    parts = []
    for run in read_runs(results):
        check_not_lost(run.folder / name)
        if (run.folder / name).is_file():
            about = {"space": run.recipe.space, "m": run.recipe.m, "bn": run.variant}
            about |= {"seed": run.seed, "final_epoch": run.recipe.training.epochs}
            frame = _read_csv(run.folder / name)
            parts.append(pd.concat([_constant(about, len(frame)), frame], axis=1))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=IDENTITY)


def read_device(run: Run) -> str:
    """Return what a run was trained on, such as 'cpu' or 'cuda'.

    Raises:
        DamagedFileError: its run.json is not as it was written.
    """
    return str(schemas.read_json(run.folder / schemas.RUN.name, schemas.RUN)["device"])


def read_times(run: Run) -> pd.DataFrame:
    """Read how long a run's stages took: epoch, time_s, stage; no rows where it has no times.csv.

    Raises:
        DamagedFileError: it is not as it was written.
        RunFolderError: it is gone.
    """
    path = run.folder / TIMES
    check_not_lost(path)
    if path.is_file():
        return _read_csv(path)
    return pd.DataFrame({"epoch": [], "time_s": [], "stage": []})


def read_ranking(results: Path, name: str) -> pd.DataFrame:
    """Read a CSV of the ranking stage.

    Raises:
        DamagedFileError: it is not as it was written.
    """
    return _read_csv(results / name)


def read_about(results: Path) -> dict[str, Any]:
    """Read ranking.json.

    Raises:
        DamagedFileError: it is not as it was written.
    """
    return schemas.read_json(results / schemas.RANKING.name, schemas.RANKING)


def read_searches(folder: Path) -> pd.DataFrame:
    """Read every search in a supernet's run folder.

    Returns:
        One row an evaluation: the columns of its file, algorithm and seed.

    Raises:
        RunFolderError: no finished search.
    """
    frames = []
    for path in find_searches(folder):
        settings, evaluated = read_search(path)
        frames.append(evaluated.assign(algorithm=settings["algorithm"], seed=settings["seed"]))
    if not frames:
        raise RunFolderError(f"{folder} holds no finished search: bench/mixpath.py search {folder}")
    return pd.concat(frames, ignore_index=True)


def read_all_searches(results: Path) -> pd.DataFrame:
    """Read every search of every supernet below a results folder.

    Returns:
        One row an evaluation: space, m, bn and seed of the supernet, search_seed, algorithm, and
        the columns of its file.
    """
    parts = []
    for run in read_runs(results):
        if find_searches(run.folder):
            frame = read_searches(run.folder).rename(columns={"seed": "search_seed"})
            about = {"space": run.recipe.space, "m": run.recipe.m, "bn": run.variant}
            parts.append(
                pd.concat([_constant(about | {"seed": run.seed}, len(frame)), frame], axis=1)
            )
    return pd.concat(parts, ignore_index=True)


def _read_csv(path: Path) -> pd.DataFrame:
    return schemas.read(path, schemas.schema_of(path))


def _constant(values: dict[str, Any], length: int) -> pd.DataFrame:
    return pd.DataFrame({name: [value] * length for name, value in values.items()})
