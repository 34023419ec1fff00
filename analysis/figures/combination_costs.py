"""What one batch norm per combination of paths costs in parameters, and whether tau gains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import style
from analysis.figure import RANK, Analysis
from analysis.frames import groups, records, under_main_protocol
from analysis.intervals import t_interval
from analysis.phrases import count
from analysis.read import read_ranking, read_runs
from bench.ranking.intervals import MIN_SEEDS
from bench.ranking.outputs import BY_SEED, HEADLINE
from bench.runs.schemas.calibrated import calibrated_word, is_calibrated

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from bench.runs.run import Run

METHODS = ("shadow", "single", "combination")
COLUMNS = ["m", "bn", "num_parameters", "calibrated", "seed", "tau"]


def compute(results: Path) -> pd.DataFrame:
    """Return, by m and batch norm, its parameters and tau by seed, where there is something to pay.

    Columns m, bn, num_parameters (weights and biases of the batch norm under test, all cells),
    calibrated, seed, tau; of every m that has runs of both shadow and combination.
    """
    taus = under_main_protocol(read_ranking(results, BY_SEED))
    taus = taus[(taus["scorer"] == HEADLINE) & taus["bn"].isin(METHODS)]
    runs = {(run.recipe.m, run.variant): run for run in read_runs(results)}
    rows = [
        {
            "m": row["m"],
            "bn": row["bn"],
            "num_parameters": num_norm_parameters(runs[row["m"], row["bn"]]),
            "calibrated": row["calibrated"],
            "seed": row["seed"],
            "tau": row["tau"],
        }
        for row in records(taus)
        if (row["m"], row["bn"]) in runs
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    have = frame.groupby("m")["bn"].agg(lambda names: {"shadow", "combination"} <= set(names))
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


def summarise(frame: pd.DataFrame) -> pd.DataFrame:
    """Return tau by m, batch norm and calibrated, and minus shadow's, with 95% over seeds."""
    rows = []
    for (m, calibrated), same in groups(frame, ["m", "calibrated"]):
        by_seed = same.pivot(index="seed", columns="bn", values="tau")
        for bn in sorted(map(str, by_seed), key=style.order):
            taus = by_seed[bn].dropna()
            difference = (by_seed[bn] - by_seed["shadow"]).dropna()
            low, high = t_interval(difference.to_numpy())
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


def panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Return one frame per m that has a run of each."""
    return [same for _, same in groups(frame, "m")]


def draw(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw tau by seed against the parameters of the batch norm under test."""
    for (bn, calibrated), same in sorted(groups(frame, ["bn", "calibrated"]), key=_place):
        color = style.color(bn)
        x = same["num_parameters"] * (1.06 if is_calibrated(calibrated) else 0.94)
        ax.plot(x, same["tau"], ".", color=color, markersize=4)
        low, high = t_interval(same["tau"].to_numpy())
        ax.vlines(x.iloc[0], low, high, color=color, linewidth=1.2)
        face = color if is_calibrated(calibrated) else "white"
        label = f"{style.label(bn)}, {calibrated_word(calibrated)}"
        look: dict[str, Any] = {"color": color, "markerfacecolor": face, "markersize": 6}
        ax.plot(x.iloc[0], same["tau"].mean(), "o", label=label, **look)
    ax.set_xscale("log")
    ax.set_xlabel("parameters of the batch norm at node 5, all cells (log scale)")
    ax.set_ylabel("Kendall tau-b")
    num = frame["seed"].nunique()
    lines = f", lines 95% over {count(num, 'seed')}" if num >= MIN_SEEDS else ""
    style.heading(ax, f"m = {frame['m'].iloc[0]}: dots are seeds{lines}")
    ax.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def _place(group: Any) -> tuple[int, bool]:
    (bn, calibrated), _ = group
    return style.order(bn), is_calibrated(calibrated)


ANALYSIS = Analysis(
    title="What a BN per combination costs and gains",
    caption=f"Tau by {style.label(HEADLINE)} against the parameters of the batch norm under test.",
    inputs=(BY_SEED,),
    command=RANK,
    other_command="python bench/run.py --m 4 --batch-norm shadow,single,combination",
    compute=compute,
    draw=draw,
    panels=panels,
    height=2.6,
    summarise=summarise,
)
