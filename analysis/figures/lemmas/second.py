"""Lemma 2 path by path and pair by pair, where it can fail; trained against untrained.

Nothing is averaged before it is compared (`supernet.measure.lemma_2`). What each panel would show
were the Lemma exact is drawn: distances of 0, correlations of 1, and variances of sums twice the
sum of the variances. Pairs of one operation at two nodes are told from pairs of two operations, and
from x + x of section 3.3, the same path twice, whose correlation is 1 by construction.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from analysis import style
from analysis.figure import MEASURE, MORE_PATHS, Analysis
from analysis.frames import groups, preferred, records
from analysis.intervals import t_interval
from analysis.phrases import count
from analysis.read import read_all
from bench.network.cell import OPERATIONS
from bench.runs.layout import LEMMA_2

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

KINDS = {
    "path": "x",
    "pair": "x + y",
    "same": "x + y, same\noperation",
    "double": "x + x",
}
MEASURES = {
    "mean_distance": "mean, from its\nnumber's (sd)",
    "log_variance_distance": "variance, from its\nnumber's (rms ln ratio)",
    "half_log_variance_distance": "variance of half the sum,\nfrom one path's (rms ln ratio)",
    "correlation": "correlation of x and y",
    "variance_ratio": "Var[x + y] /\n(Var[x] + Var[y])",
}
EXACT = {"correlation": 1.0, "variance_ratio": 2.0}
"""What Lemma 2 would give; of distances 0."""
UNRELATED = {"correlation": 0.0, "variance_ratio": 1.0}
KEYS = ["m", "bn", "epoch", "final_epoch", "cell", "kind"]


def compute(results: Path) -> pd.DataFrame:
    """Return, by m, batch norm, epoch, cell, kind and measure, the mean over paths or pairs.

    Columns mean, low and high (95% over seeds), least and most (the 2.5% and 97.5% quantiles over
    paths or pairs, averaged over seeds), lemma_2, num (paths or pairs), num_seeds.
    """
    frame = read_all(results, LEMMA_2)
    if frame.empty:
        return pd.DataFrame(columns=[*KEYS, "space", "measure"])
    frame = frame[frame["m"] >= 2].assign(kind=kinds(frame))
    rows = []
    for identity, same in groups(frame, [*KEYS, "space"]):
        about = dict(zip([*KEYS, "space"], identity, strict=True))
        for measure in MEASURES:
            by_seed = same.dropna(subset=[measure]).groupby("seed")[measure]
            if by_seed.ngroups:
                rows.append(about | {"measure": measure} | _summary(by_seed, measure))
    return pd.DataFrame(rows, columns=None if rows else [*KEYS, "space", "measure"])


def kinds(frame: pd.DataFrame) -> pd.Series[Any]:
    """Name the kinds of rows, pairs of one operation at two nodes of a cell for themselves."""
    operations = len(OPERATIONS)
    is_same = (frame["kind"] == "pair") & (frame["space"].str.endswith("branches"))
    is_same &= frame["first"] % operations == frame["second"] % operations
    return frame["kind"].where(~is_same, "same")


def panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Return shadow BN at m = 2, the paper's, or the largest m: a panel per measure."""
    shown = frame[frame["bn"] == "shadow"]
    if shown.empty:
        return []
    shown = shown[shown["m"] == preferred(shown["m"].unique().tolist(), 2)]
    return [shown[shown["measure"] == measure] for measure in MEASURES]


def draw(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw one measure: by kind, a point per cell, filled where trained."""
    measure, names = frame["measure"].iloc[0], [k for k in KINDS if k in set(frame["kind"])]
    cells = sorted(frame["cell"].unique())
    for row in records(frame):
        shift = (cells.index(row["cell"]) - (len(cells) - 1) / 2) * 0.2
        at = names.index(row["kind"]) + shift + (0.05 if row["epoch"] else -0.05)
        color = style.shade(cells.index(row["cell"]) + 1, len(cells))
        ax.vlines(at, row["least"], row["most"], color=color, linewidth=0.6)
        ax.vlines(at, row["low"], row["high"], color=color, linewidth=2.4)
        face = color if row["epoch"] else "white"
        ax.plot(at, row["mean"], "o", color=color, markerfacecolor=face, markersize=4)
    ax.axhline(EXACT.get(measure, 0.0), color="black", linestyle="--", linewidth=1)
    if measure in UNRELATED:
        ax.axhline(UNRELATED[measure], color="black", linestyle=":", linewidth=1)
    ax.set_xticks(range(len(names)), [KINDS[name] for name in names], fontsize=6)
    ax.set(xlim=(-0.6, len(names) - 0.4), ylabel=MEASURES[measure])
    ax.set_xlabel("what is summed")
    first = frame.iloc[0]
    style.heading(ax, f"m = {first['m']}, {count(int(frame['num_seeds'].max()), 'seed')}")
    if measure == "correlation":  # where x + x lies at the top
        ax.legend(handles=_legend(len(cells)), fontsize=6, loc="lower right")
    return ax


def _legend(num_cells: int) -> list[Line2D]:
    look: dict[str, Any] = {"marker": "o", "markersize": 4, "linestyle": ""}
    places = [
        Line2D([], [], color=style.shade(place, num_cells), label=f"cell {place}", **look)
        for place in range(1, num_cells + 1)
    ]
    hollow = Line2D([], [], color="#555555", markerfacecolor="white", label="untrained", **look)
    return [*places, hollow]


def _summary(by_seed: Any, measure: str) -> dict[str, Any]:
    means = by_seed.mean().to_numpy()
    low, high = t_interval(means)
    return {
        "mean": float(np.mean(means)),
        "low": low,
        "high": high,
        "least": float(by_seed.quantile(0.025).mean()),
        "most": float(by_seed.quantile(0.975).mean()),
        "lemma_2": EXACT.get(measure, 0.0),
        "num": int(by_seed.size().max()),
        "num_seeds": len(means),
    }


ANALYSIS = Analysis(
    title="Lemma 2 path by path and pair by pair",
    caption="Statistics of what enters the batch norm under test, from single paths x, sums of "
    "two, and x + x, at each cell (first dark). Filled: trained; hollow: untrained. Thin lines "
    "hold 95% of paths or pairs, thick ones are 95% intervals of the mean over seeds. Dashed: "
    "Lemma 2 exact; dotted: unrelated paths. A trained net that is no nearer to the dashed line "
    "than the untrained one has not learned what the Lemma assumes.",
    measured=(LEMMA_2,),
    command=MEASURE,
    other_command=MORE_PATHS,
    compute=compute,
    draw=draw,
    panels=panels,
    num_columns=3,
    height=2.4,
    summarise=lambda frame: frame,
)

LEMMA_2_OF_S1 = replace(ANALYSIS, digits=None)
