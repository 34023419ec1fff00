"""Distributions of one-shot accuracies by m, shadow against one batch norm (Figure 6)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis import style
from analysis.figure import RANK, Analysis
from analysis.frames import groups
from analysis.phrases import count
from analysis.read import read_all
from bench.runs.layout import ACCURACIES, SCORES
from bench.runs.schemas.calibrated import calibrated_word

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

METHODS = ("shadow", "single", "one-shot-single")
NUM_BINS = 25
IDENTICAL = ": both identical"


def compute(results: Path, name: str = SCORES) -> pd.DataFrame:
    """Read the accuracies of every architecture and run.

    Args:
        results: the results folder.
        name: of the file in each run's folder.

    Returns:
        Columns architecture, calibrated, accuracy, m, bn, seed; of METHODS, or of all batch norms
        where no run is of those.
    """
    frame = read_all(results, name)
    chosen = frame[frame["bn"].isin(METHODS)]
    shown = frame if chosen.empty else chosen
    return shown[["architecture", "calibrated", "accuracy", "m", "bn", "seed"]]


def compute_sample(results: Path) -> pd.DataFrame:
    """Read the accuracies of the sample of a space that is too large to score whole."""
    return compute(results, ACCURACIES)


def summarise(frame: pd.DataFrame) -> pd.DataFrame:
    """Return median and spread by m, batch norm and calibrated, over all seeds' architectures."""
    rows = []
    for (m, bn, calibrated), same in groups(frame, ["m", "bn", "calibrated"]):
        values = same["accuracy"].to_numpy()
        low, q1, median, q3, high = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
        medians = same.groupby("seed")["accuracy"].median()
        rows.append(
            {
                "m": m,
                "bn": bn,
                "calibrated": calibrated,
                "median": median,
                "median_std_seeds": medians.std(ddof=1),
                "mean": values.mean(),
                "std": values.std(ddof=1),
                "quartile_1": q1,
                "quartile_3": q3,
                "quantile_05": low,
                "quantile_95": high,
                "num_architectures": same["architecture"].nunique(),
                "num_seeds": same["seed"].nunique(),
            }
        )
    return pd.DataFrame(rows)


def are_identical(frame: pd.DataFrame) -> bool:
    """Tell whether shadow and one batch norm gave the same accuracies, run by run."""
    by_bn = frame.pivot_table(
        index=["m", "seed", "architecture", "calibrated"], columns="bn", values="accuracy"
    )
    if not {"shadow", "single"} <= set(by_bn.columns):
        return False
    return bool((by_bn["shadow"] == by_bn["single"]).all())


def panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Split by calibrated, then m; every panel knows the bins that all share."""
    bins = np.linspace(frame["accuracy"].min(), frame["accuracy"].max(), NUM_BINS + 1)
    known = {
        "low": bins[0],
        "high": bins[-1],
        "last_m": frame["m"].max(),
        "methods": " ".join(frame["bn"].unique()),
    }
    return [same.assign(**known) for _, same in groups(frame, ["calibrated", "m"])]


def draw(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw one m: a histogram per method, medians as triangles."""
    first = frame.iloc[0]
    same_m1 = first["m"] == 1 and are_identical(frame)
    for bn in sorted(frame["bn"].unique(), key=style.order):
        _draw_histogram(ax, frame, bn, is_dashed=same_m1 and bn == "single")
    kind = calibrated_word(first["calibrated"]) + (IDENTICAL if same_m1 else "")
    num = count(frame["architecture"].nunique(), "architecture")
    seeds = count(frame["seed"].nunique(), "seed")
    style.heading(ax, f"m = {first['m']}, {kind}\n{num}, {seeds}")
    ax.set(xlabel="one-shot accuracy on validation images (%)", ylabel="architectures (%)")
    if first["m"] == first["last_m"] and not first["calibrated"]:
        label_absent(ax, set(first["methods"].split()) - set(frame["bn"]))
        ax.set_ylim(0, 1.35 * ax.get_ylim()[1])
        ax.legend(fontsize=7, loc="upper right")
    return ax


def label_absent(ax: Axes, methods: set[str]) -> None:
    """Name in a panel's legend what only other panels show."""
    for bn in sorted(methods, key=style.order):
        ax.plot([], [], color=style.color(bn), label=style.label(bn))


def _draw_histogram(ax: Axes, frame: pd.DataFrame, bn: str, *, is_dashed: bool) -> None:
    """Draw one method's accuracies, dashed where another's equal line lies below."""
    first = frame.iloc[0]
    bins = np.linspace(100 * first["low"], 100 * first["high"], NUM_BINS + 1)
    values = 100 * frame[frame["bn"] == bn]["accuracy"]
    dashed: Any = "--" if is_dashed else "-"
    ax.hist(
        values,
        bins.tolist(),
        weights=np.full(len(values), 100 / len(values)),
        histtype="step",
        color=style.color(bn),
        linewidth=1.4,
        linestyle=dashed,
        label=style.label(bn),
    )
    below = ax.get_xaxis_transform()
    look: dict[str, Any] = {"color": style.color(bn), "markersize": 6, "clip_on": False}
    ax.plot(values.median(), 0.0, "^", transform=below, zorder=3, **look)


ANALYSIS = Analysis(
    title="Accuracy of one-shot models (Figure 6)",
    caption="All architectures of all seeds, same bins everywhere; triangles are medians. The "
    "paper's Figure 6, of another space (S1), shows higher and narrower accuracies with shadow BN "
    "for every m above 1. At m = 1 there is one batch norm in both, and the runs must be the same.",
    measured=(SCORES,),
    command=RANK,
    compute=compute,
    draw=draw,
    panels=panels,
    num_columns=4,
    height=2.0,
    summarise=summarise,
)

FIGURE6 = replace(
    ANALYSIS,
    measured=(ACCURACIES,),
    compute=compute_sample,
    height=2.6,
    digits=None,
)
