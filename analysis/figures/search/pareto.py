"""NSGA-II against random search (Figure 7): fronts, and the hypervolume over evaluations.

Hypervolume is the share of the square from accuracy 0 to 1 and from no multiply-adds to the
space's most that a front dominates: larger is better, and one reference serves every search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import style
from analysis.figure import Analysis
from analysis.frames import groups
from analysis.phrases import count
from analysis.read import read_searches

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from pandas import DataFrame

COLORS = {"nsga2": "#0072B2", "random": "#E69F00"}
LABELS = {"nsga2": "NSGA-II", "random": "random search"}
MARKERS = "os^Dv"


def compute(folder: Path) -> DataFrame:
    """Read every search of a supernet, given its run folder."""
    return read_searches(folder)


def summarise(frame: DataFrame) -> DataFrame:
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


def panels(frame: DataFrame) -> list[DataFrame]:
    """Return everything twice: for the fronts, and for the hypervolume."""
    return [frame.assign(shows=shows) for shows in DRAWERS]


def draw(frame: DataFrame, ax: Axes) -> Axes:
    """Draw what a panel is to show."""
    return DRAWERS[frame["shows"].iloc[0]](frame, ax)


def draw_fronts(frame: DataFrame, ax: Axes) -> Axes:
    """Draw all that was evaluated as dots, and every seed's front as a line of its own marker."""
    for algorithm, part in groups(frame, "algorithm"):
        color = COLORS.get(algorithm, style.OTHER_COLOR)
        dots: dict[str, Any] = {"alpha": 0.35, "markersize": 4, "markeredgewidth": 0}
        x, y = part["num_multiply_adds"] / 1e6, 100 * part["accuracy"]
        ax.plot(x, y, ".", color=color, **dots)
        name = f"{LABELS.get(algorithm, algorithm)}, {count(part['seed'].nunique(), 'seed')}"
        for index, (_, same) in enumerate(groups(part, "seed")):
            marker, label = MARKERS[index % len(MARKERS)], name if index == 0 else None
            _draw_front(ax, same[same["is_on_front"]], marker, color=color, label=label)
    ax.set(xlabel="multiply-adds (millions)", ylabel="accuracy in the supernet (%)")
    ax.legend(loc="lower right")
    return ax


def _draw_front(ax: Axes, front: DataFrame, marker: str, **look: Any) -> None:
    ordered = front.sort_values("num_multiply_adds")
    x, y = ordered["num_multiply_adds"] / 1e6, 100 * ordered["accuracy"]
    # a step: between two networks of a front there is none that costs less and reaches more
    look |= {"drawstyle": "steps-post", "linestyle": "-", "linewidth": 1}
    ax.plot(x, y, marker, markersize=3.5, alpha=0.9, **look)


def draw_hypervolume(frame: DataFrame, ax: Axes) -> Axes:
    """Draw the mean hypervolume over evaluations, with one standard deviation over seeds."""
    for algorithm, part in groups(frame, "algorithm"):
        curves = part.pivot(index="evaluation", columns="seed", values="hypervolume").dropna()
        mean, spread = curves.mean(axis=1), curves.std(axis=1)
        color = COLORS.get(algorithm, style.OTHER_COLOR)
        label = f"{LABELS.get(algorithm, algorithm)}, n = {curves.shape[1]}"
        ax.plot(curves.index, mean, color=color, label=label)
        if curves.shape[1] > 1:
            low, high = mean - spread, mean + spread
            ax.fill_between(curves.index, low, high, color=color, alpha=0.2, linewidth=0)
    ax.set(xlabel="evaluations", ylabel="hypervolume (mean ± sd over seeds)")
    ax.legend(loc="lower right")
    return ax


DRAWERS = {"fronts": draw_fronts, "hypervolume": draw_hypervolume}

ANALYSIS = Analysis(
    title="NSGA-II against random search (Figure 7)",
    caption="Left everything that was evaluated, and the Pareto front of each seed. Right the "
    "hypervolume that the front so far dominates, over evaluations.",
    compute=compute,
    draw=draw,
    panels=panels,
    num_columns=2,
    height=3.2,
)
