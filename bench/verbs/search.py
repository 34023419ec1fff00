"""`search`: NSGA-II and random search on a trained supernet, several seeds, at one budget."""

from __future__ import annotations

import time
from math import isnan
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console
from rich.progress import Progress

from bench.base.names import unknown
from bench.runs.evaluations import Evaluations
from bench.runs.layout import search_folder
from bench.runs.run import Run, read_trained
from bench.runs.searches import is_finished, write_search
from bench.search.algorithms import ALGORITHMS
from bench.search.pareto import hypervolume_curve, on_front

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from bench.space.architecture import KernelArchitecture

    Score = Callable[[Sequence[KernelArchitecture]], Iterator[dict[str, Any]]]


def search(options: argparse.Namespace) -> None:
    """Run the searches that are missing, and draw all of them."""
    run = read_trained(options.supernet)
    names = [name for name in options.algorithm.split(",") if name]
    for name in names:
        if name not in ALGORITHMS:
            raise unknown("algorithm", name, ALGORITHMS)
    todo = [
        (name, seed, settings)
        for seed in _seeds(options.seeds)
        for name in names
        if not is_finished(
            search_folder(run.folder, name, seed), settings := _settings(run, name, seed, options)
        )
    ]
    if todo:
        evaluations = Evaluations(run.folder, _score(run, options), is_calibrated=not options.raw)
        for name, seed, settings in todo:
            run_search(run, name, seed, settings, evaluations)
    _report(run.folder)


def run_search(
    run: Run, name: str, seed: int, settings: dict[str, Any], evaluations: Evaluations
) -> None:
    """Run one search into its folder."""
    started, paid = time.perf_counter(), evaluations.num_paid
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
        bar = bars.add_task(f"{name} seed {seed}", total=settings["evaluations"])

        def evaluate(architectures: Sequence[KernelArchitecture]) -> list[float]:
            accuracies = evaluations(architectures)
            bars.advance(bar, len(architectures))
            return accuracies

        found = ALGORITHMS[name](
            run.space,
            evaluate,
            evaluations=settings["evaluations"],
            population=settings["population"],
            seed=seed,
        )
    evaluations.save()
    evaluated = table(found, evaluations, settings["largest_multiply_adds"])
    write_search(search_folder(run.folder, name, seed), settings, evaluated)
    console.print(
        f"{name} seed {seed}: {len(found)} evaluations ({evaluations.num_paid - paid} not known "
        f"before) in {time.perf_counter() - started:.0f} s, front of "
        f"{evaluated['is_on_front'].sum()}, hypervolume {evaluated['hypervolume'].iloc[-1]:.4f}",
        highlight=False,
        soft_wrap=True,
    )


def table(
    found: list[KernelArchitecture], evaluations: Evaluations, largest: float
) -> pd.DataFrame:
    """Tabulate a search's evaluations in order, with the hypervolume after each."""
    frame = pd.DataFrame([evaluations.row(a) for a in found])
    frame.insert(0, "evaluation", range(1, len(frame) + 1))
    costs = frame["num_multiply_adds"]
    frame["hypervolume"] = hypervolume_curve(frame["accuracy"], costs, largest)
    return frame.assign(is_on_front=on_front(frame["accuracy"], costs))


def _settings(run: Run, name: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    space = run.space
    return {
        "algorithm": name,
        "seed": seed,
        "evaluations": options.evaluations,
        "population": options.population,
        "calibrated": not options.raw,
        "largest_multiply_adds": space.num_multiply_adds(
            space.from_integers([size - 1 for size in space.sizes])
        ),
    }


def _score(run: Run, options: argparse.Namespace) -> Score:
    import torch

    from supernet.devices import choose_device
    from supernet.parts import resolve
    from supernet.runs import load_supernet, scorer

    torch.set_num_threads(options.threads)
    device = choose_device(options.device)
    parts = resolve(run.recipe)
    model = load_supernet(run, parts, device)
    scores = scorer(parts, model, parts.open_images(options.data, device).data())
    return scores.raw if options.raw else scores.calibrated


def _report(folder: Path) -> None:
    """Draw every search of a supernet: the fronts, and hypervolume over evaluations."""
    from analysis.figures import pareto
    from analysis.read import t_interval

    frame = pareto.compute(folder)
    pareto.figure(frame, folder / "pareto")
    for row in pareto.summary(frame).to_dict("records"):
        seeds = row["num_seeds"]
        spread = f" +- {row['std']:.4f} over {seeds} seeds" if seeds > 1 else ", 1 seed"
        print(
            f"{row['algorithm']}: hypervolume {row['mean']:.4f}{spread}, "
            f"{row['evaluations']} evaluations each"
        )
    gains = pareto.differences(frame)
    low, high = t_interval(gains)
    if not isnan(low):
        print(
            f"nsga2 minus random, paired by seed: {sum(gains) / len(gains):+.4f} "
            f"[{low:.4f}, {high:.4f}] (95% over {len(gains)} seeds)"
        )
    print(f"fronts in {folder}/search-*/pareto.csv, figure in {folder / 'pareto.png'}")


def _seeds(text: str) -> list[int]:
    try:
        numbers = [int(part) for part in text.split(",") if part]
    except ValueError:
        raise ValueError(f"--seeds {text!r} is not a number or a list such as 0,7,") from None
    seeds = list(range(numbers[0])) if len(numbers) == 1 and "," not in text else numbers
    if not seeds or min(seeds) < 0:
        raise ValueError(f"--seeds {text!r} must be at least 1, or a list of seeds from 0")
    return seeds
