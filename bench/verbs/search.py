"""`search`: NSGA-II and random search on a trained supernet, several seeds, at one budget."""

from __future__ import annotations

import time
from contextlib import contextmanager
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.console import Console
from rich.progress import Progress

from bench.base.forecast import say_look, say_when, seconds_each
from bench.base.streams import child_rng
from bench.runs.evaluations import Evaluations
from bench.runs.layout import search_folder
from bench.runs.lock import at_work
from bench.runs.origin import check_origin, origin_of
from bench.runs.searches import is_finished, write_search
from bench.search.algorithms import ALGORITHMS, sample_new
from bench.search.asked import asked_searches, searched, table
from bench.verbs.folders import as_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

    from bench.runs.run import Run
    from bench.space.architecture import KernelArchitecture

    Score = Callable[[Sequence[KernelArchitecture]], Iterator[dict[str, Any]]]


ARCHITECTURES = 4
"""That a forecast scores."""


class Searches(NamedTuple):
    """Every search of a supernet, those of earlier calls too.

    Attributes:
        folder: the supernet's run folder, with a folder for each search.
        evaluated: a row an evaluation: algorithm, seed, evaluation, architecture, accuracy,
            num_multiply_adds, hypervolume, is_on_front, ...
        figure: fronts, and hypervolume over evaluations.
    """

    folder: Path
    evaluated: pd.DataFrame
    figure: Path


def search(
    supernet: Path | str,
    *,
    algorithms: Sequence[str] = tuple(ALGORITHMS),
    evaluations: int = 1000,
    population: int = 40,
    seeds: Sequence[int] = (0, 1, 2),
    raw: bool = False,
    data: Path | str | None = None,
    device: str = "auto",
    threads: int = 1,
) -> Searches:
    """Run the searches that are missing, and draw all of them.

    Args:
        supernet: run folder of a trained supernet.
        algorithms: of ALGORITHMS.
        evaluations: architectures that each search evaluates.
        population: architectures of a generation.
        seeds: a search each, for every algorithm.
        raw: score without calibrating batch norms.
        data: folder of the images, where the data set needs one.
        device: 'auto', 'cpu', 'cuda', 'cuda:1', ...
        threads: of this process.

    Raises:
        ValueError: no trained supernet, an unknown algorithm, a budget that the space does not
            have, or a folder that holds a search with other settings.
    """
    shared = {"evaluations": evaluations, "population": population, "calibrated": not raw}
    run, asked = asked_searches(Path(supernet), algorithms, seeds, shared)
    todo = [s for s in asked if not is_finished(_folder(run, s), s)]
    if todo:
        with _evaluating(run, as_path(data), device, threads, is_raw=raw) as known:
            for settings in todo:
                run_search(run, settings, known)
    return _drawn(run.folder)


def look(
    supernet: Path,
    *,
    limit: int,
    algorithms: Sequence[str],
    evaluations: int,
    population: int,
    seeds: Sequence[int],
    raw: bool,
    data: Path | None,
    device: str,
    threads: int,
) -> str:
    """Run searches of no more than `limit` evaluations, for a quick look, and say what they found.

    No search is written; what was evaluated is kept, and no later search pays for it again.

    Raises:
        ValueError: as `search`.
    """
    few = min(limit, evaluations)
    shared = {"evaluations": few, "population": min(population, few), "calibrated": not raw}
    run, asked = asked_searches(supernet, algorithms, seeds, shared)
    with _evaluating(run, data, device, threads, is_raw=raw) as known:
        found = [searched(run, settings, known) for settings in asked]
        known.save()
    told = say_look(few, evaluations, "evaluations of each search", "no search is written")
    best = max(known.row(one)["accuracy"] for architectures in found for one in architectures)
    return f"{told}; best accuracy so far {best:.4f}"


def forecast(
    supernet: Path,
    *,
    limit: int | None,
    algorithms: Sequence[str],
    evaluations: int,
    population: int,
    seeds: Sequence[int],
    raw: bool,
    data: Path | None,
    device: str,
    threads: int,
) -> str:
    """Check what `search` checks, and say what it would evaluate; write nothing.

    Raises:
        ValueError: as `search`.
    """
    from supernet.devices import choose_device
    from supernet.seats import on_device

    shared = {"evaluations": evaluations, "population": population, "calibrated": not raw}
    run, asked = asked_searches(supernet, algorithms, seeds, shared)
    todo = [s for s in asked if not is_finished(_folder(run, s), s)]
    told = f"{run.folder}: {len(todo)} of {len(asked)} searches are missing"
    if not todo:
        return f"{told}; nothing was written"
    num = min(len(todo) * min(limit or evaluations, evaluations), run.space.count())
    few = sample_new(run.space, child_rng(0, "forecast"), {}, ARCHITECTURES)
    with on_device(choose_device(device)) as own:
        score = _score(run, data, own, threads, is_raw=raw)
        time_s = seconds_each([*few], ARCHITECTURES, lambda one: [*score([one])]) * num
    return f"{told}, up to {num:,} evaluations; {say_when(1, time_s, 'architectures')}"


def command(*, dry_run: bool, limit: int | None, **values: Any) -> None:
    """Search, and compare the algorithms; or say what that would be, or take a quick look."""
    if dry_run or limit is not None:
        print(forecast(limit=limit, **values) if dry_run else look(limit=limit or 1, **values))
        return
    _compare(search(**values))


def _compare(found: Searches) -> None:
    from analysis.figures.search import pareto
    from analysis.intervals import t_interval

    for row in pareto.summarise(found.evaluated).to_dict("records"):
        seeds = row["num_seeds"]
        spread = f" +- {row['std']:.4f} over {seeds} seeds" if seeds > 1 else ", 1 seed"
        print(
            f"{row['algorithm']}: hypervolume {row['mean']:.4f}{spread}, "
            f"{row['evaluations']} evaluations each"
        )
    gains = pareto.differences(found.evaluated)
    low, high = t_interval(gains)
    if not isnan(low):
        print(
            f"nsga2 minus random, paired by seed: {sum(gains) / len(gains):+.4f} "
            f"[{low:.4f}, {high:.4f}] (95% over {len(gains)} seeds)"
        )
    print(f"fronts in {found.folder}/search-*/pareto.csv, figure in {found.figure}")


def run_search(run: Run, settings: dict[str, Any], evaluations: Evaluations) -> None:
    """Run one search into its folder, showing how far it is."""
    started, paid = time.perf_counter(), evaluations.num_paid
    console, name = Console(stderr=True), f"{settings['algorithm']} seed {settings['seed']}"
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
        bar = bars.add_task(name, total=settings["evaluations"])

        def evaluate(architectures: Sequence[KernelArchitecture]) -> list[float]:
            accuracies = evaluations(architectures)
            bars.advance(bar, len(architectures))
            return accuracies

        found = searched(run, settings, evaluate)
    evaluations.save()
    evaluated = table(found, evaluations, settings["largest_multiply_adds"])
    write_search(_folder(run, settings), settings, evaluated)
    console.print(
        f"{name}: {len(found)} evaluations ({evaluations.num_paid - paid} not known "
        f"before) in {time.perf_counter() - started:.0f} s, front of "
        f"{evaluated['is_on_front'].sum()}, hypervolume {evaluated['hypervolume'].iloc[-1]:.4f}",
        highlight=False,
        soft_wrap=True,
    )


@contextmanager
def _evaluating(
    run: Run, data: Path | None, device: str, threads: int, *, is_raw: bool
) -> Iterator[Evaluations]:
    """Hold a supernet at work, with what is known of its architectures."""
    from supernet.devices import choose_device
    from supernet.seats import on_device

    with at_work(run.folder), on_device(choose_device(device)) as own:
        score = _score(run, data, own, threads, is_raw=is_raw)
        yield Evaluations(run.folder, run.space, score, is_calibrated=not is_raw)


def _folder(run: Run, settings: dict[str, Any]) -> Path:
    return search_folder(run.folder, settings["algorithm"], settings["seed"])


def _score(run: Run, data: Path | None, device: str, threads: int, *, is_raw: bool) -> Score:
    import torch

    from supernet.devices import check_precision
    from supernet.parts import resolve
    from supernet.runs import load_supernet, scorer

    check_precision(run.recipe, device, is_trained=True)
    torch.set_num_threads(threads)
    parts = resolve(run.recipe)
    model = load_supernet(run, parts, device)
    pool = parts.open_images(data, device)
    check_origin(run.folder, origin_of(run.recipe, pool.digest))
    scores = scorer(parts, model, pool.data())
    return scores.raw if is_raw else scores.calibrated


def _drawn(folder: Path) -> Searches:
    """Draw every search of a supernet, and of all supernets beside it."""
    from analysis.figure import draw_all
    from analysis.figures.search import pareto
    from analysis.registry import OF_ALL_SEARCHES, SEARCHES

    evaluated = pareto.compute(folder)
    draw_all(folder, SEARCHES)
    draw_all(folder.parents[1], OF_ALL_SEARCHES)
    return Searches(folder, evaluated, folder / "pareto.png")
