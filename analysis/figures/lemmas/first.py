"""Lemma 1 as its own report: do paths that are alike have like means and variances?

It says: where x and y satisfy the condition of zero order, x is nearly y for any image, E[x] is
nearly E[y] and Var[x] nearly Var[y]. So read it is true, and needs no measuring. But the paper, and
all who follow, measure the condition by a cosine, which does not see scale: y = 2 x has a cosine of
1, twice the mean and four times the variance. So what can be false is that a high cosine goes with
like means and variances. It would be, were the rank correlation below not negative, or were pairs
with a cosine near 1 to differ by much; and it says nothing where no pair has a high cosine.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis import style
from analysis.figure import MEASURE, Analysis
from analysis.frames import groups, preferred, records
from analysis.intervals import correlation_interval
from analysis.phrases import count, with_interval
from analysis.read import read_all
from bench.runs.layout import LEMMA_2

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

ALIKE = 0.9
"""A cosine that the paper calls high (its Table 4 has 0.93)."""
MEASURES = {
    "mean_difference": "difference of means (sd)",
    "log_variance_difference": "variances: rms of ln ratio",
}
STATES = {False: "untrained", True: "trained"}


def compute(results: Path) -> pd.DataFrame:
    """Read every pair of paths, trained and untrained: cosine, and what Lemma 1 says is small."""
    frame = read_all(results, LEMMA_2)
    if frame.empty:
        return frame
    pairs = frame[frame["kind"] == "pair"].dropna(subset=["cosine", *MEASURES])
    return pairs.assign(is_trained=pairs["epoch"] > 0)


def summarise(frame: pd.DataFrame) -> pd.DataFrame:
    """Return by m, batch norm, state and cell what comes out, with 95% over seeds.

    Columns measure, rank_correlation (Spearman, of cosine and difference, over pairs; negative were
    Lemma 1 of use) with low and high, median (of all pairs), num_alike and median_alike (of pairs
    with a cosine of ALIKE or more), num_pairs, num_seeds.
    """
    keys = ["space", "m", "bn", "is_trained", "cell"]
    rows = []
    for identity, same in groups(frame, keys) if len(frame) else ():
        alike = same[same["cosine"] >= ALIKE]
        for measure in MEASURES:
            found = [_rank_correlation(one, measure) for _, one in groups(same, "seed")]
            correlations = pd.Series(found, dtype=float).dropna()
            low, high = correlation_interval(np.array(correlations, dtype=np.float64))
            row = dict(zip(keys, identity, strict=True)) | {"measure": measure}
            row |= {"rank_correlation": correlations.mean(), "low": low, "high": high}
            row |= {"median": same[measure].median(), "num_alike": len(alike)}
            row |= {"median_alike": alike[measure].median(), "num_pairs": len(same)}
            rows.append(row | {"num_seeds": same["seed"].nunique()})
    return pd.DataFrame(rows)


def panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Return shadow BN at m = 2 or the largest m, first cell: a panel per state and measure."""
    if frame.empty or not (frame["bn"] == "shadow").any():
        return []
    shown = frame[frame["bn"] == "shadow"]
    shown = shown[shown["m"] == preferred(shown["m"].unique().tolist(), 2)]
    return [
        shown[shown["is_trained"] == state].assign(measure=measure)
        for measure in MEASURES
        for state in STATES
    ]


def draw(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw one measure against the cosine: a dot per pair; above, its rank correlation."""
    first, cells = frame.iloc[0], sorted(frame["cell"].unique())
    for cell, same in groups(frame, "cell"):
        look: dict[str, Any] = {"color": style.shade(cells.index(cell) + 1, len(cells))}
        look |= {"markersize": 3, "alpha": 0.5, "label": f"cell {cell + 1}"}
        ax.plot(same["cosine"], same[first["measure"]], ".", **look)
    ax.axvline(ALIKE, color="black", linestyle=":", linewidth=1)
    ax.set(xlabel="cosine of x and y", ylabel=MEASURES[first["measure"]], xlim=(None, 1.02))
    ax.set_ylim(0, None)
    seeds = count(frame["seed"].nunique(), "seed")
    what = f"m = {first['m']}, {STATES[bool(first['is_trained'])]}"
    at_first = frame[frame["cell"] == cells[0]]
    row = records(summarise(at_first))[list(MEASURES).index(first["measure"])]
    found = with_interval(row["rank_correlation"], row["low"], row["high"], 2)
    style.heading(ax, f"{what}: {count(len(frame), 'pair')}, {seeds}\ncell 1: rank corr. {found}")
    if len(cells) > 1:
        ax.legend(fontsize=7, loc="best", markerscale=2)
    return ax


def _rank_correlation(frame: pd.DataFrame, measure: str) -> float:
    if min(frame["cosine"].nunique(), frame[measure].nunique()) < 2:
        return float("nan")
    return float(stats.spearmanr(frame["cosine"], frame[measure]).statistic)


ANALYSIS = Analysis(
    title="Lemma 1: do paths that are alike have like means and variances?",
    caption="Every pair of paths (first cell dark). Lemma 1 holds for paths that are nearly "
    "equal; measured by a cosine it can fail, since y = 2x has a cosine of 1. It is of use where "
    "dots fall towards 0 to the right, and says nothing left of the dotted line (cosine "
    f"{ALIKE}). Above each panel the rank correlation at the first cell, with 95% over seeds.",
    measured=(LEMMA_2,),
    command=MEASURE,
    compute=compute,
    draw=draw,
    panels=panels,
    num_columns=2,
    height=2.3,
    summarise=summarise,
)

LEMMA_1_OF_S1 = replace(ANALYSIS, digits=None)
