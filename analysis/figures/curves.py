"""One-shot accuracy during training: shadow BN, single BN and One-Shot (the paper's Figure 3)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from analysis import style
from analysis.figure import MEASURE, Analysis
from analysis.figures.accuracies import METHODS, label_absent
from analysis.frames import groups
from analysis.phrases import between, count
from analysis.read import read_all
from bench.runs.layout import CURVE

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes

NO_ONE_SHOT = "One-Shot: no run here\n(--sampler one-shot\n--batch-norm single)"


def compute(results: Path) -> pd.DataFrame:
    """Return, by m, batch norm, seed and epoch, mean and deviation over the sampled models."""
    frame = read_all(results, CURVE)
    frame = frame[frame["bn"].isin(METHODS)]
    return (
        frame.groupby(["m", "bn", "seed", "epoch"])
        .agg(mean=("accuracy", "mean"), std=("accuracy", "std"), num_models=("accuracy", "count"))
        .reset_index()
    )


def panels(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Return one frame per m."""
    top = (frame["mean"] + frame["std"]).max()
    known = {"top": top, "last_m": frame["m"].max(), "methods": " ".join(frame["bn"].unique())}
    return [same.assign(**known) for _, same in groups(frame, "m")]


def draw(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw one m: mean over models and seeds, band of one deviation over models, thin seeds."""
    for bn in sorted(frame["bn"].unique(), key=METHODS.index):
        _draw_method(ax, frame[frame["bn"] == bn], bn)
    first = frame.iloc[0]
    num = count(int(frame["num_models"].max()), "model")
    style.heading(ax, f"m = {first['m']}: {num},\n{between(frame.groupby('bn')['seed'].nunique())}")
    ax.set(xlabel="epoch", ylabel="one-shot accuracy, raw (%)", ylim=(0, 100 * first["top"]))
    if first["m"] == first["last_m"]:
        methods = first["methods"].split()
        label_absent(ax, set(methods) - set(frame["bn"]))
        ax.legend(fontsize=7, loc="upper left")
        if METHODS[-1] not in methods:
            ax.text(0.02, 0.02, NO_ONE_SHOT, transform=ax.transAxes, fontsize=6)
    return ax


def _draw_method(ax: Axes, frame: pd.DataFrame, bn: str) -> None:
    color = style.color(bn)
    for _, seed in groups(frame, "seed"):
        ax.plot(seed["epoch"], 100 * seed["mean"], color=color, linewidth=0.5, alpha=0.6)
    middle = 100 * frame.groupby("epoch")[["mean", "std"]].mean()
    is_hidden = bn == "single" and frame["m"].iloc[0] == 1  # below shadow's equal line
    dash = "--" if is_hidden else "-"
    ax.plot(middle["mean"], dash, color=color, linewidth=1.8, label=style.label(bn))
    low, high = middle["mean"] - middle["std"], middle["mean"] + middle["std"]
    ax.fill_between(middle.index, low, high, color=color, alpha=0.15, linewidth=0)


ANALYSIS = Analysis(
    title="Accuracy during training (Figure 3)",
    caption="A fixed sample of models, not calibrated, from snapshots: mean over models and seeds, "
    "a band of one standard deviation over models, thin lines single seeds. One-Shot (Bender et "
    "al. 2018) trains all paths at once and drops ever more of them. The paper's Figure 3, of "
    "another space and data set (ImageNet, m = 2), shows shadow BN steady, single BN low and "
    "swinging, One-Shot flat for long.",
    measured=(CURVE,),
    command=MEASURE,
    compute=compute,
    draw=draw,
    panels=panels,
    num_columns=4,
    height=2.4,
    summarise=lambda frame: frame,
)

FIGURE3 = replace(ANALYSIS, height=2.6, digits=None)
