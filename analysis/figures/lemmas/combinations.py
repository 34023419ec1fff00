"""Lemma 2 put to the test: one batch norm per number of paths against one per combination.

The spread of the combinations' own statistics around those of their number, which shadow batch
norm has, and around those of all, which one batch norm has. What each choice costs is in
combination_costs.py. Hollow points are untrained weights: what architecture alone does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import style
from analysis.figure import MEASURE, MORE_PATHS, Analysis
from analysis.frames import groups
from analysis.phrases import count
from analysis.read import read_all
from bench.runs.layout import COMBINATION_STATISTICS

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

REFERENCES = {"number": "shadow", "all": "single"}
"""Which batch norm's statistics each reference is."""
LABELS = {"number": "from its number's (shadow BN)", "all": "from all's (single BN)"}
MEASURES = {
    "mean_distance": "means: rms difference\n(standard deviations)",
    "log_variance_distance": "variances: rms of ln ratio",
}


def compute(results: Path) -> pd.DataFrame:
    """Return the distances of shadow runs by m, seed, block and number of paths.

    Columns m, seed, block, is_trained, num_paths, measure, reference, mean, low, high (the 2.5%
    and 97.5% quantiles over architectures), num_architectures.
    """
    frame = read_all(results, COMBINATION_STATISTICS)
    frame = frame[(frame["bn"] == "shadow") & (frame["m"] >= 2)]
    rows = []
    keys = ["m", "seed", "block", "is_trained", "num_paths"]
    for identity, same in groups(frame, keys):
        for measure in MEASURES:
            for reference in REFERENCES:
                values = same[f"{reference}_{measure}"].dropna()
                low, high = values.quantile([0.025, 0.975])
                place = dict(zip(keys, identity, strict=True))
                what = {"measure": measure, "reference": reference}
                spread = {"mean": values.mean(), "low": low, "high": high}
                rows.append(place | what | spread | {"num_architectures": len(values)})
    return pd.DataFrame(rows)


def panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Split the largest m into one frame per measure and block."""
    if frame.empty:
        return []
    shown = frame[frame["m"] == frame["m"].max()]
    return [
        shown[(shown["measure"] == measure) & (shown["block"] == block)]
        for measure in MEASURES
        for block in sorted(shown["block"].unique())
    ]


def draw(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw one measure at one cell: distances by number of paths, around both references."""
    first = frame.iloc[0]
    highest = 0.0
    for (reference, is_trained), same in groups(frame, ["reference", "is_trained"]):
        middle = same.groupby("num_paths")[["mean", "low", "high"]].mean()
        side = -1 if reference == "number" else 1
        x = middle.index.to_numpy() + side * (0.1 if is_trained else 0.22)
        look: dict[str, Any] = {"color": style.color(REFERENCES[reference])}
        ax.vlines(x, middle["low"], middle["high"], linewidth=1.3 if is_trained else 0.7, **look)
        if not is_trained:
            look |= {"markerfacecolor": "white"}
        label = LABELS[reference] if is_trained else None
        ax.plot(x, middle["mean"], "o", markersize=5 if is_trained else 4, label=label, **look)
        highest = max(highest, float(middle["high"].max()))
    seeds = count(frame["seed"].nunique(), "seed")
    style.heading(ax, f"m = {first['m']}, cell {first['block'] + 1}, {seeds}")
    ax.set(xlabel="paths summed", ylabel=MEASURES[first["measure"]], ylim=(0, None))
    ax.set_xticks(sorted(frame["num_paths"].unique()))
    if first["block"] == 0 and first["measure"] == "mean_distance":
        ax.set_ylim(0, 1.35 * highest)  # room for the legend above
        ax.legend(fontsize=7, loc="upper center")
    return ax


ANALYSIS = Analysis(
    title="Lemma 2 put to the test: one BN per number or per combination of paths",
    caption="How far the statistics of single architectures, calibrated from reset, are from "
    "those pooled over all architectures with as many paths (what shadow BN can have) and over "
    "all (single BN), these weighed as training draws them. Points are means over architectures, "
    "lines hold 95% of them; hollow points are untrained weights. Were Lemma 2 exact, blue "
    "would be at 0.",
    measured=(COMBINATION_STATISTICS,),
    command=MEASURE,
    other_command=MORE_PATHS,
    compute=compute,
    draw=draw,
    panels=panels,
    num_columns=3,
    summarise=lambda frame: frame,
)
