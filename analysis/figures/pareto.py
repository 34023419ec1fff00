"""NSGA-II against random search (Figure 7): fronts, and the hypervolume over evaluations.

Hypervolume is the share of the square from accuracy 0 to 1 and from no multiply-adds to the
space's most that a front dominates: larger is better, and one reference serves every search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.figure import Figure

from analysis import style
from bench.runs.layout import SEARCH
from bench.runs.run import RunFolderError
from bench.runs.searches import read_search
from bench.runs.words import count

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from pandas import DataFrame

COLORS = {"nsga2": "#0072B2", "random": "#E69F00"}
LABELS = {"nsga2": "NSGA-II", "random": "random search"}
MARKERS = "os^Dv"


def compute(run: Path) -> DataFrame:
    """Gather every search of a supernet's run folder.

    Returns:
        One row an evaluation: algorithm, seed, evaluation, architecture, accuracy,
        num_multiply_adds, hypervolume, is_on_front, ...

    Raises:
        RunFolderError: no finished search.
    """
    frames = []
    for path in sorted(run.glob(f"search-*/{SEARCH}")):
        settings, evaluated = read_search(path.parent)
        frames.append(evaluated.assign(algorithm=settings["algorithm"], seed=settings["seed"]))
    if not frames:
        raise RunFolderError(f"{run} holds no finished search: bench/mixpath.py search {run}")
    return pd.concat(frames, ignore_index=True)


def summary(frame: DataFrame) -> DataFrame:
    """Average the last hypervolume over seeds (standard deviation with ddof 1)."""
    grouped = _last(frame).groupby("algorithm")
    return pd.DataFrame(
        {
            "mean": grouped["hypervolume"].mean(),
            "std": grouped["hypervolume"].std(),
            "num_seeds": grouped.size(),
            "evaluations": grouped["evaluation"].min(),
        }
    ).reset_index()


def differences(frame: DataFrame) -> list[float]:
    """Return NSGA-II's last hypervolume minus random search's, for each seed that has both.

    Searches of one seed start from the same population, so that they are paired.
    """
    by_seed = _last(frame).pivot(index="seed", columns="algorithm", values="hypervolume")
    if not {"nsga2", "random"} <= set(by_seed.columns):
        return []
    return (by_seed["nsga2"] - by_seed["random"]).dropna().tolist()


def _last(frame: DataFrame) -> DataFrame:
    """Return the last evaluation of every search."""
    return frame.sort_values("evaluation").groupby(["algorithm", "seed"]).tail(1)


def draw(frame: DataFrame, ax: Axes) -> Axes:
    """Draw all that was evaluated as dots, and every seed's front as a line of its own marker."""
    for algorithm, part in frame.groupby("algorithm"):
        color = COLORS.get(str(algorithm), style.OTHER_COLOR)
        ax.plot(part["num_multiply_adds"] / 1e6, 100 * part["accuracy"], ".", color=color,
                alpha=0.35, markersize=4, markeredgewidth=0)  # fmt: skip
        for index, (_, same) in enumerate(part.groupby("seed")):
            front = same[same["is_on_front"]].sort_values("num_multiply_adds")
            name = LABELS.get(str(algorithm), str(algorithm))
            label = f"{name}, {count(part['seed'].nunique(), 'seed')}" if index == 0 else None
            ax.plot(front["num_multiply_adds"] / 1e6, 100 * front["accuracy"],
                    MARKERS[index % len(MARKERS)], linestyle="-", color=color, markersize=3.5,
                    linewidth=1, alpha=0.9, label=label, drawstyle="steps-post")  # fmt: skip
    ax.set_xlabel("multiply-adds (millions)")
    ax.set_ylabel("accuracy in the supernet (%)")
    ax.legend(loc="lower right")
    return ax


def draw_hypervolume(frame: DataFrame, ax: Axes) -> Axes:
    """Draw the mean hypervolume over evaluations, with one standard deviation over seeds."""
    for algorithm, part in frame.groupby("algorithm"):
        curves = part.pivot(index="evaluation", columns="seed", values="hypervolume").dropna()
        mean, spread = curves.mean(axis=1), curves.std(axis=1)
        color = COLORS.get(str(algorithm), style.OTHER_COLOR)
        name = LABELS.get(str(algorithm), str(algorithm))
        ax.plot(curves.index, mean, color=color, label=f"{name}, n = {curves.shape[1]}")
        if curves.shape[1] > 1:
            ax.fill_between(curves.index, mean - spread, mean + spread, color=color, alpha=0.2,
                            linewidth=0)  # fmt: skip
    ax.set_xlabel("evaluations")
    ax.set_ylabel("hypervolume (mean ± sd over seeds)")
    ax.legend(loc="lower right")
    return ax


def figure(frame: DataFrame, path: Path) -> None:
    """Save both panels as PNG and SVG."""
    with style.context():
        whole = Figure(figsize=(style.WIDTH, 3.2), layout="constrained")
        left, right = whole.subplots(1, 2)
        draw(frame, left)
        draw_hypervolume(frame, right)
        style.save(whole, path)
