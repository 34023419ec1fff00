"""Searches as they are asked for, run and tabulated: between algorithms and the files of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.base.names import unknown
from bench.runs.run import RunFolderError, read_trained
from bench.search.algorithms import ALGORITHMS
from bench.search.pareto import hypervolume_curve, on_front

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bench.runs.evaluations import Evaluations
    from bench.runs.run import Run
    from bench.space.architecture import KernelArchitecture


def asked_searches(
    supernet: Path, algorithms: Sequence[str], seeds: Sequence[int], shared: dict[str, Any]
) -> tuple[Run, list[dict[str, Any]]]:
    """Return the supernet, and the settings of every search that was asked for.

    Raises:
        ValueError: no trained supernet, one that is ranked whole, or an unknown algorithm.
    """
    run = read_trained(supernet)
    if run.space.is_enumerated:
        raise RunFolderError(
            f"{run.folder} is of space {run.recipe.space!r}, which is ranked whole, not searched: "
            "name a supernet of s1, s2 or s3"
        )
    for name in algorithms:
        if name not in ALGORITHMS:
            raise unknown("algorithm", name, ALGORITHMS)
    return run, [_settings(run, name, seed, shared) for seed in seeds for name in algorithms]


def searched(
    run: Run,
    settings: dict[str, Any],
    evaluate: Callable[[Sequence[KernelArchitecture]], Sequence[float]],
) -> list[KernelArchitecture]:
    """Run a search; return its architectures in the order evaluated."""
    return ALGORITHMS[settings["algorithm"]](
        run.space,
        evaluate,
        evaluations=settings["evaluations"],
        population=settings["population"],
        seed=settings["seed"],
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


def _settings(run: Run, name: str, seed: int, shared: dict[str, Any]) -> dict[str, Any]:
    """Return what search.json says of a search, in its order."""
    space = run.space
    largest = space.from_integers([size - 1 for size in space.sizes])
    return {
        "algorithm": name,
        "seed": seed,
        **shared,
        "largest_multiply_adds": space.num_multiply_adds(largest),
    }
