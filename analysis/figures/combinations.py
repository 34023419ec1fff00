"""Lemma 2 put to the test: one batch norm per number of paths against one per combination.

The spread of the combinations' own statistics (combination_statistics.csv) around those of their
number, which shadow batch norm has, and around those of all, which one batch norm has; what each
choice costs in parameters; and whether tau differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import style
from analysis.read import groups, read_all, records, say, t_interval, under_main_protocol
from bench.base.files import read_csv
from bench.ranking.outputs import BY_SEED, HEADLINE
from bench.runs.run import find_main_runs
from bench.runs.words import count

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from bench.runs.run import Run

REFERENCES = {"number": "shadow", "all": "single"}
"""Which batch norm's statistics each reference is."""
MEASURES = {
    "mean_distance": "means: rms difference\n(standard deviations)",
    "log_variance_distance": "variances: rms of ln ratio",
}
NEEDS_TWO = "Combinations can be compared from m = 2 on: no such run is here."
NO_COMBINATION = (
    "No run has one batch norm per combination: python bench/run.py --m 4 "
    "--batch-norm shadow,single,combination"
)


def compute(results: Path) -> pd.DataFrame:
    """Return the distances of shadow runs by m, seed, block and number of paths.

    Columns m, seed, block, num_paths, measure, reference, mean, low, high (the 2.5% and 97.5%
    quantiles over architectures), num_architectures.
    """
    frame = read_all(results, "combination_statistics.csv")
    frame = frame[(frame["bn"] == "shadow") & (frame["m"] >= 2)]
    rows = []
    for (m, seed, block, k), same in groups(frame, ["m", "seed", "block", "num_paths"]):
        for measure in MEASURES:
            for reference in REFERENCES:
                values = same[f"{reference}_{measure}"].dropna()
                low, high = values.quantile([0.025, 0.975])
                place = {"m": m, "seed": seed, "block": block, "num_paths": k}
                what = {"measure": measure, "reference": reference}
                spread = {"mean": values.mean(), "low": low, "high": high}
                rows.append(place | what | spread | {"num_architectures": len(values)})
    return pd.DataFrame(rows)


def panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Split the largest m into one frame per measure and block."""
    if frame.empty:
        return [frame]
    shown = frame[frame["m"] == frame["m"].max()]
    return [
        shown[(shown["measure"] == measure) & (shown["block"] == block)]
        for measure in MEASURES
        for block in sorted(shown["block"].unique())
    ]


def draw(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw one measure at one cell: distances by number of paths, around both references."""
    if frame.empty:
        return say(ax, NEEDS_TWO)
    first = frame.iloc[0]
    for shift, (reference, bn) in zip((-0.12, 0.12), REFERENCES.items(), strict=True):
        same = frame[frame["reference"] == reference].groupby("num_paths")
        middle = same[["mean", "low", "high"]].mean()
        x = middle.index.to_numpy() + shift
        ax.vlines(x, middle["low"], middle["high"], color=style.color(bn), linewidth=1.3)
        label = {"number": "from its number's (shadow BN)", "all": "from all's (single BN)"}
        ax.plot(x, middle["mean"], "o", color=style.color(bn), markersize=5,
                label=label[reference])  # fmt: skip
    ax.set_title(
        f"m = {first['m']}, cell {first['block'] + 1}, {count(frame['seed'].nunique(), 'seed')}",
        loc="left", fontsize=8,
    )  # fmt: skip
    ax.set(xlabel="paths summed", ylabel=MEASURES[first["measure"]], ylim=(0, None))
    ax.set_xticks(sorted(frame["num_paths"].unique()))
    if first["block"] == 0 and first["measure"] == "mean_distance":
        ax.set_ylim(0, 1.35 * middle["high"].max())
        ax.legend(fontsize=7, loc="upper center")
    return ax


def compute_costs(results: Path) -> pd.DataFrame:
    """Return, by m and batch norm, its parameters and tau by seed, of runs with all three.

    Columns m, bn, num_parameters (weights and biases of the batch norm under test, all cells),
    share (of the supernet's parameters, NaN unknown), calibrated, seed, tau.
    """
    taus = under_main_protocol(read_csv(results / BY_SEED))
    taus = taus[
        (taus["scorer"] == HEADLINE) & (taus["bn"].isin(["shadow", "single", "combination"]))
    ]
    runs = {(run.recipe.m, run.variant): run for run in find_main_runs(results)}
    rows = [
        {
            "m": row["m"],
            "bn": row["bn"],
            "num_parameters": num_norm_parameters(runs[row["m"], row["bn"]]),
            "calibrated": str(row["calibrated"]),
            "seed": row["seed"],
            "tau": row["tau"],
        }
        for row in records(taus)
        if (row["m"], row["bn"]) in runs
    ]
    frame = pd.DataFrame(rows, columns=["m", "bn", "num_parameters", "calibrated", "seed", "tau"])
    have = frame.groupby("m")["bn"].agg(lambda names: "combination" in set(names))
    return frame[frame["m"].isin(have[have].index)]


def num_norm_parameters(run: Run) -> int:
    """Count the weights and biases of the batch norms under test, over all cells."""
    skeleton, m = run.recipe.skeleton, run.recipe.m
    num_norms = {"shadow": m, "single": 1, "combination": len(run.space.architectures())}
    channels = sum(
        skeleton.stem_channels * 2**stack * skeleton.cells_per_stack
        for stack in range(skeleton.num_stacks)
    )
    num_parameters: int = 2 * channels * num_norms[run.recipe.batch_norm]
    return num_parameters


def summarise_costs(frame: pd.DataFrame) -> pd.DataFrame:
    """Return tau by m, batch norm and calibrated, and minus shadow's, with 95% over seeds."""
    rows = []
    for (m, calibrated), same in groups(frame, ["m", "calibrated"]):
        by_seed = same.pivot_table(index="seed", columns="bn", values="tau")
        for bn in sorted(map(str, by_seed), key=style.order):
            taus = by_seed[bn].dropna()
            difference = (by_seed[bn] - by_seed["shadow"]).dropna().to_numpy()
            low, high = t_interval(difference)
            rows.append(
                {
                    "m": m,
                    "bn": bn,
                    "calibrated": calibrated,
                    "num_parameters": same[same["bn"] == bn]["num_parameters"].iloc[0],
                    "tau_mean": taus.mean(),
                    "tau_std": taus.std(ddof=1),
                    "minus_shadow": difference.mean(),
                    "minus_shadow_low": float("nan") if bn == "shadow" else low,
                    "minus_shadow_high": float("nan") if bn == "shadow" else high,
                    "num_seeds": len(taus),
                }
            )
    return pd.DataFrame(rows)


def cost_panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Return one frame per m that has a run of each."""
    if frame.empty:
        return [frame]
    return [same for _, same in groups(frame, "m")]


def draw_costs(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw tau by seed against the parameters of the batch norm under test."""
    if frame.empty:
        return say(ax, NO_COMBINATION)
    for (bn, calibrated), same in sorted(groups(frame, ["bn", "calibrated"]), key=_place):
        color = style.color(bn)
        face = color if calibrated == "True" else "white"
        x = same["num_parameters"] * (1.06 if calibrated == "True" else 0.94)
        ax.plot(x, same["tau"], ".", color=color, markersize=4)
        low, high = t_interval(same["tau"].to_numpy())
        ax.vlines(x.iloc[0], low, high, color=color, linewidth=1.2)
        kind = "calibrated" if calibrated == "True" else "raw"
        ax.plot(x.iloc[0], same["tau"].mean(), "o", color=color, markerfacecolor=face, markersize=6,
                label=f"{style.label(bn)}, {kind}")  # fmt: skip
    ax.set_xscale("log")
    ax.set_xlabel("parameters of the batch norm at node 5, all cells (log scale)")
    ax.set_ylabel("Kendall tau-b")
    num = count(frame["seed"].nunique(), "seed")
    ax.set_title(f"m = {frame['m'].iloc[0]}: dots are seeds, lines 95% over {num}", loc="left",
                 fontsize=8)  # fmt: skip
    ax.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def _place(group: Any) -> tuple[int, str]:
    (bn, calibrated), _ = group
    return style.order(bn), calibrated
