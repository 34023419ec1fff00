"""Measurements of ranked supernets: what the analyses need of their weights, as CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.base.forecast import say_look
from bench.config.registry import PRESETS
from bench.ranking.about import check_same_table
from bench.ranking.truth import check_truth
from bench.ranking.variations import write_variations
from bench.runs import schemas
from bench.runs.find import check_files, find_main_runs
from bench.runs.lock import RANKING_S, at_work
from bench.runs.origin import read_origin
from bench.runs.together import check_together
from bench.table.table import open_table
from bench.verbs.folders import as_path
from bench.verbs.measure import list_missing, measure_runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.runs.origin import Origin
    from bench.runs.run import Run


def measure_ranked(
    results: Path | str,
    *,
    only: Sequence[str] = (),
    limit: int | None = None,
    table: Path | str | None = None,
    other_truth: bool = False,
    data: Path | str | None = None,
    jobs: int | None = None,
    device: str = "auto",
    threads: int = 1,
) -> list[Run]:
    """Measure what is missing of a results folder's runs, and rank them otherwise.

    Args:
        results: a results folder, such as results/digits.
        only: names of measurements; none: all.
        limit: measure no more than so many of the runs, for a quick look: what is of all runs,
            variations.csv and calibration_tau.csv, is then not written.
        table: the truth, an HDF5 file; None: that of the preset with the runs' data set.
        other_truth: the table may be the truth of other images or another network.
        data: folder of the images, where the data set needs one.
        jobs: runs at once; None: as many as cores and memory allow, or GPUs.
        device: 'auto', 'cpu', 'cuda', 'cuda:1', ...
        threads: of each run.

    Returns:
        The runs that are measured: all, unless there is a limit.

    Raises:
        ValueError: an unknown measurement, a folder without runs or with runs of different images
            or code, no table, or another's.
    """
    from supernet.devices import choose_device
    from supernet.measure.measurements import NUM_MODELS, missing

    results = Path(results)
    runs, names, origins = _asked(results, only)
    every, runs = runs, runs[:limit]
    with open_table(str(table or default_table(runs))) as truth:
        check_same_table(results, truth)
        known = [(run.recipe, origins[run.folder].images) for run in runs]
        presets = [make() for make in PRESETS.values()]
        if note := check_truth(truth, known, presets, is_meant=other_truth):
            print(f"{note}.")
        todo = [run for run in runs if missing(run, names)]
        measure_runs(
            todo,
            names,
            num_models=NUM_MODELS,
            data=as_path(data),
            jobs=jobs,
            device=choose_device(device),
            threads=threads,
        )
        if len(runs) == len(every):
            with at_work(results, RANKING_S):
                write_variations(results, runs, truth)  # seconds, so always anew
    return runs


def command(**values: Any) -> None:
    """Measure, and say what comes next."""
    results = values["results"]
    num, every = len(measure_ranked(**values)), find_main_runs(results)
    if num < len(every):
        files = f"{schemas.VARIATIONS.name} and {schemas.CALIBRATION_TAU.name} are not written"
        print(say_look(num, len(every), "runs", files))
    else:
        print(f"{num} runs measured: python -m analysis {results} draws the page")


def say_missing(results: Path, only: Sequence[str], limit: int | None, **machine: Any) -> list[str]:
    """Say for each run what would be measured; write nothing.

    Args:
        results: the folder.
        only: as `measure_ranked`.
        limit: as `measure_ranked`.
        **machine: what `list_missing` asks besides.

    Raises:
        ValueError: as `measure_ranked`, but for the table, which is not opened.
    """
    from supernet.measure.measurements import NUM_MODELS

    runs, names, _ = _asked(results, only)
    return list_missing(runs[:limit], names, NUM_MODELS, **machine)


def _asked(results: Path, only: Sequence[str]) -> tuple[list[Run], list[str], dict[Path, Origin]]:
    from supernet.measure.measurements import named

    names = named(only)
    runs = find_main_runs(results)
    if not runs:
        raise ValueError(
            f"{results} holds no complete run: python bench/run.py --m 1,2,3,4 makes the "
            "digits runs"
        )
    check_files(runs)
    origins = {run.folder: read_origin(run.folder) for run in runs}
    check_together(runs, origins)
    return runs, names, origins


def default_table(runs: Sequence[Run]) -> str:
    """Return the table of the preset that has the runs' data set.

    Raises:
        ValueError: no preset has it.
    """
    for preset in (make() for make in PRESETS.values()):
        if preset.recipe.data_set == runs[0].recipe.data_set:
            return preset.table
    raise ValueError(
        f"no preset has data set {runs[0].recipe.data_set!r}: name its truth with --table"
    )
