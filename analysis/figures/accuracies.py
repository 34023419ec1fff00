"""Distribution of one-shot accuracies for m = 1..4, shadow against one batch norm (Figure 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis import style
from analysis.read import groups
from bench.runs.run import find_main_runs
from bench.runs.words import count

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

METHODS = ("shadow", "single", "one-shot-single")
NUM_BINS = 25
IDENTICAL = ": both identical"


def compute(results: Path) -> pd.DataFrame:
    """Read the accuracies of every architecture and run: m, bn, seed, calibrated, accuracy."""
    columns = ["architecture", "calibrated", "accuracy"]
    runs = find_main_runs(results)
    return pd.concat(
        [
            run.scores()[columns].assign(m=run.recipe.m, bn=run.variant, seed=run.seed)
            for run in [run for run in runs if run.variant in METHODS] or runs
        ],
        ignore_index=True,
    )


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
    table = frame.pivot_table(
        index=["m", "seed", "architecture", "calibrated"], columns="bn", values="accuracy"
    )
    if not {"shadow", "single"} <= set(table.columns):
        return False
    return bool((table["shadow"] == table["single"]).all())


def panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Split by calibrated, then m; every panel knows the bins that all share."""
    bins = np.linspace(frame["accuracy"].min(), frame["accuracy"].max(), NUM_BINS + 1)
    known = {"low": bins[0], "high": bins[-1], "last_m": frame["m"].max(),
             "methods": " ".join(frame["bn"].unique())}  # fmt: skip
    return [same.assign(**known) for _, same in groups(frame, ["calibrated", "m"])]


def draw(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw one m: a histogram per method, medians as triangles."""
    first = frame.iloc[0]
    bins = np.linspace(100 * first["low"], 100 * first["high"], NUM_BINS + 1)
    same_m1 = first["m"] == 1 and are_identical(frame)
    for bn in sorted(frame["bn"].unique(), key=style.order):
        values = 100 * frame[frame["bn"] == bn]["accuracy"]
        dashed: Any = "--" if same_m1 and bn == "single" else "-"
        shares = np.full(len(values), 100 / len(values))
        ax.hist(values, bins.tolist(), weights=shares, histtype="step",
                color=style.color(bn), linewidth=1.4, linestyle=dashed,
                label=style.label(bn))  # fmt: skip
        ax.plot(values.median(), 0.0, "^", color=style.color(bn), markersize=6, clip_on=False,
                transform=ax.get_xaxis_transform(), zorder=3)  # fmt: skip
    kind = ("calibrated" if first["calibrated"] else "raw") + (IDENTICAL if same_m1 else "")
    num = count(frame["architecture"].nunique(), "architecture")
    ax.set_title(f"m = {first['m']}, {kind}\n{num}, {count(frame['seed'].nunique(), 'seed')}",
                 loc="left", fontsize=8)  # fmt: skip
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
