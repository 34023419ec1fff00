"""NSGA-II's lead over random search in several supernets, by two reference points.

A hypervolume depends on the point that it is measured from. 'space' is accuracy 0 at the space's
most multiply-adds: most of that area lies where no network of interest does, and a cheap network on
the front adds a long strip to it. 'fronts' is the nadir of all fronts of one supernet (the lowest
accuracy and the most multiply-adds on any), scaled by their best: what Ishibuchi et al., 'How to
specify a reference point in hypervolume calculation' (2018), start from.

Searches of one seed start from one population, so that they are paired; searches of one supernet
share its errors, so that the interval of the mean is over supernets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import style
from analysis.figure import Analysis
from analysis.frames import groups, records
from analysis.intervals import t_interval
from analysis.read import read_all_searches
from bench.runs.layout import SEARCHES
from bench.search.pareto import hypervolume

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from pandas import DataFrame

RUN = ["space", "m", "bn", "seed"]
PAIR = [*RUN, "search_seed"]
ALGORITHMS = ("nsga2", "random")
ALL = "all"
COLUMNS = ["reference", "space", "m", "bn", "supernet", "mean", "low", "high", "leads", "num"]
WORDS = {
    "space": "reference: accuracy 0, the space's most multiply-adds",
    "fronts": "reference: the nadir of the supernet's fronts",
}


def compute(results: Path) -> DataFrame:
    """Return NSGA-II's hypervolume minus random search's, for each pair of searches.

    Columns reference ('space' or 'fronts'), space, m, bn, seed (the supernet's), search_seed,
    nsga2, random, lead.
    """
    searches = read_all_searches(results)
    last = searches.groupby([*PAIR, "algorithm"], sort=True).tail(1)
    parts = [_paired(last, "space")]
    for _, same in groups(searches[searches["is_on_front"]], RUN):
        parts.append(_paired(_from_nadir(same), "fronts"))
    return pd.concat(parts, ignore_index=True)


def summarise(frame: DataFrame) -> DataFrame:
    """Average leads: of each supernet over its searches, and over supernets ('all').

    Intervals are Student's, from three on: within a supernet over searches, of 'all' over
    supernets.
    """
    rows = []
    for (reference, space, m, bn), same in groups(frame, ["reference", *RUN[:3]]):
        about = {"reference": reference, "space": space, "m": m, "bn": bn}
        means = []
        for seed, one in groups(same, "seed"):
            rows.append(about | _row(str(seed), one["lead"]))
            means.append(one["lead"].mean())
        rows.append(about | _row(ALL, pd.Series(means)))
    return pd.DataFrame(rows, columns=COLUMNS)


def panels(frame: DataFrame) -> list[DataFrame]:
    """Return one panel a reference point; none where there are no pairs."""
    return [same for _, same in groups(frame, "reference", sort=False)]


def draw(frame: DataFrame, ax: Axes) -> Axes:
    """Draw a line a supernet, and the mean over them: dots for pairs, 95% where there are three."""
    rows = records(summarise(frame))
    for y, row in enumerate(rows):
        color = "black" if row["supernet"] == ALL else style.color(row["bn"])
        ax.hlines(y, row["low"], row["high"], color=color, linewidth=1.8)
        leads = [float(lead) for lead in row["leads"].split()]
        ax.plot(leads, [y + 0.22] * len(leads), ".", color=color, markersize=4)
        ax.plot(row["mean"], y, "o", color=color, markersize=6)
    ax.axvline(0, color="#999999", linewidth=0.6, zorder=0.5)
    ax.set_yticks(range(len(rows)), [_name(row) for row in rows])
    ax.set(ylim=(len(rows) - 0.4, -0.6), xlabel="hypervolume: NSGA-II minus random search")
    ax.set_title(WORDS[frame["reference"].iloc[0]], fontsize=8)
    return ax


def height(frame: DataFrame) -> float:
    """Give every supernet, and their mean, a line."""
    return 1.1 + 0.3 * len(summarise(frame))


def _paired(last: DataFrame, reference: str) -> DataFrame:
    """Set the searches of equal seed side by side; those without their pair are left out."""
    wide = last.pivot_table(index=PAIR, columns="algorithm", values="hypervolume")
    wide = wide.reindex(columns=list(ALGORITHMS)).dropna().reset_index()
    wide.insert(0, "reference", reference)
    return wide.assign(lead=wide["nsga2"] - wide["random"])


def _from_nadir(fronts: DataFrame) -> DataFrame:
    """Return the hypervolume of each search of one supernet, measured from its fronts' nadir."""
    accuracy, cost = fronts["accuracy"], fronts["num_multiply_adds"]
    fronts = fronts.assign(
        gain=(accuracy - accuracy.min()) / (accuracy.max() - accuracy.min()),
        expense=(cost - cost.min()) / (cost.max() - cost.min()),
    )
    rows = []
    for identity, same in groups(fronts, [*PAIR, "algorithm"]):
        area = hypervolume(same["gain"], same["expense"], 1.0)
        rows.append((*identity, area))
    return pd.DataFrame(rows, columns=[*PAIR, "algorithm", "hypervolume"])


def _row(supernet: str, leads: pd.Series[float]) -> dict[str, Any]:
    low, high = t_interval(leads.tolist())
    text = " ".join(f"{lead:.4f}" for lead in leads)
    return {
        "supernet": supernet,
        "mean": leads.mean(),
        "low": low,
        "high": high,
        "leads": text,
        "num": len(leads),
    }


def _name(row: dict[str, Any]) -> str:
    if row["supernet"] == ALL:
        return f"mean of {row['num']} supernets"
    return f"{row['bn']}, m = {row['m']}, seed {row['supernet']}"


ANALYSIS = Analysis(
    title="NSGA-II's lead over random search",
    caption="Hypervolume of NSGA-II's front minus random search's at the same budget, from two "
    "reference points. Small dots are pairs of searches of one seed (in the last line supernets), "
    "lines 95% intervals: within a supernet over its searches, in the last line over supernets. "
    "The axes differ: a hypervolume has the unit of its reference.",
    measured=(SEARCHES,),
    compute=compute,
    draw=draw,
    panels=panels,
    num_columns=2,
    height=height,
    summarise=summarise,
)
