"""Figures 3, 5 and 6 and Table 4 for the supernets of S1 and S2, through the cells' analyses.

Each takes measurements of the same columns; what differs is where the runs are found. Of Figure 5
only the first searched layer is drawn, as in the paper. Where a measurement is missing, so is its
figure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis import style
from analysis.figures import accuracies, bn_statistics, curves, similarity
from bench.base.files import read_csv, write_csv
from bench.runs.run import find_trained

if TYPE_CHECKING:
    from pathlib import Path

    from bench.runs.run import Run

FIRST_BLOCKS = {"s1": (0, 1), "s2": (0,)}
"""Numbers of the first searched layer's batch norms: in S1 one set an expansion."""

COLUMNS = 4


def figures(results: Path) -> list[Path]:
    """Draw what can be drawn of a results folder; returns the figures' paths without suffix."""
    runs = find_trained(results)
    with style.context():
        drawn = [draw(runs, results) for draw in (_figure3, _figure5, _figure6, _table4)]
    return [path for path in drawn if path is not None]


def read_all(runs: list[Run], name: str) -> pd.DataFrame:
    """Read a measurement of several runs, with m, bn, seed and final_epoch; empty without any."""
    parts = []
    for run in runs:
        if (run.folder / name).is_file():
            frame = _named(read_csv(run.folder / name), run)
            parts.append(frame.assign(final_epoch=run.recipe.training.epochs))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def first_layer(runs: list[Run]) -> pd.DataFrame:
    """Read the statistics of the shadow batch norms of the first searched layer, m >= 2."""
    shadow = [r for r in runs if r.recipe.batch_norm == "shadow" and r.recipe.m >= 2]
    frame = read_all(shadow, "bn_statistics.csv")
    if frame.empty:
        return frame
    return frame[frame["block"].isin(FIRST_BLOCKS[shadow[0].recipe.space])]


def table4(runs: list[Run]) -> pd.DataFrame:
    """Summarise the similarities of one path and two, of features and of Jacobians."""
    features = read_all(runs, "similarity.csv")
    if features.empty:
        return features
    features["what"] = np.where(features["centred"].astype(bool), "centred", "features")
    jacobians = read_all(runs, "jacobian.csv").assign(what="jacobian")
    return similarity.summarise(pd.concat([features.drop(columns="centred"), jacobians]))


def _figure3(runs: list[Run], out: Path) -> Path | None:
    frame = read_all(runs, "curve.csv")
    if frame.empty:
        return None
    grouped = frame.groupby(["m", "bn", "seed", "epoch"])["accuracy"]
    by_epoch = grouped.agg(mean="mean", std="std", num_models="count").reset_index()
    panels = curves.panels(by_epoch[by_epoch["bn"].isin(accuracies.METHODS)])
    return _save(panels, curves.draw, out / "figure3_curves", by_epoch)


def _figure5(runs: list[Run], out: Path) -> Path | None:
    frame = first_layer(runs)
    if frame.empty:
        return None
    ratios = bn_statistics.ratios(frame)
    panels = bn_statistics.ratio_panels(ratios)
    summary = bn_statistics.summarise(ratios).rename(columns={"cell": "batch_norm_set"})
    return _save(panels, bn_statistics.draw_ratios, out / "figure5_bn_ratios", summary)


def _figure6(runs: list[Run], out: Path) -> Path | None:
    frame = read_all(runs, "accuracies.csv")
    if frame.empty:
        return None
    frame = frame.assign(calibrated=frame["calibrated"].astype(bool))
    frame = frame[frame["bn"].isin(accuracies.METHODS)]
    summary = accuracies.summarise(frame)
    return _save(accuracies.panels(frame), accuracies.draw, out / "figure6_accuracies", summary)


def _table4(runs: list[Run], out: Path) -> Path | None:
    summary = table4(runs)
    if summary.empty or not (summary["kind"] == "sum").any():
        return None
    panels = [
        panel.assign(where="first searched layer", is_papers_space=runs[0].recipe.space == "s1")
        for panel in similarity.table_panels(summary)
    ]
    return _save(panels, similarity.draw_table, out / "table4_similarity", summary)


def _named(frame: pd.DataFrame, run: Run) -> pd.DataFrame:
    return frame.assign(m=run.recipe.m, bn=run.variant, seed=run.seed)


def _save(panels: list[pd.DataFrame], draw: style.Draw, path: Path, summary: pd.DataFrame) -> Path:
    write_csv(summary, path.with_suffix(".csv"))
    columns = min(len(panels), COLUMNS)
    rows = -(-len(panels) // columns)
    style.save(style.grid(panels, draw, heights=[2.6] * rows, num_columns=columns), path)
    return path
