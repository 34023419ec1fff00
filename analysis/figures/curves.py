"""One-shot accuracy during training: shadow BN, single BN and One-Shot (the paper's Figure 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis import style
from analysis.figures.accuracies import METHODS, label_absent
from analysis.read import groups, read_all
from bench.runs.words import count

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes

NO_ONE_SHOT = "One-Shot: no run here\n(--sampler one-shot\n--batch-norm single)"


def compute(results: Path) -> pd.DataFrame:
    """Return, by m, batch norm, seed and epoch, mean and deviation over the sampled models."""
    frame = read_all(results, "curve.csv")
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
        same, color = frame[frame["bn"] == bn], style.color(bn)
        for _, seed in groups(same, "seed"):
            ax.plot(seed["epoch"], 100 * seed["mean"], color=color, linewidth=0.5, alpha=0.6)
        middle = 100 * same.groupby("epoch")[["mean", "std"]].mean()
        is_hidden = bn == "single" and frame["m"].iloc[0] == 1  # below shadow's equal line
        ax.plot(middle.index, middle["mean"], color=color, linewidth=1.8, label=style.label(bn),
                linestyle="--" if is_hidden else "-")  # fmt: skip
        ax.fill_between(middle.index, middle["mean"] - middle["std"],
                        middle["mean"] + middle["std"], color=color, alpha=0.15,
                        linewidth=0)  # fmt: skip
    m = frame["m"].iloc[0]
    num = count(int(frame["num_models"].max()), "model")
    ax.set_title(f"m = {m}: {num}, {count(frame['seed'].nunique(), 'seed')}", loc="left",
                 fontsize=8)  # fmt: skip
    ax.set(
        xlabel="epoch", ylabel="one-shot accuracy, raw (%)", ylim=(0, 100 * frame["top"].iloc[0])
    )
    if m == frame["last_m"].iloc[0]:
        methods = frame["methods"].iloc[0].split()
        label_absent(ax, set(methods) - set(frame["bn"]))
        ax.legend(fontsize=7, loc="upper left")
        if METHODS[-1] not in methods:
            ax.text(0.02, 0.02, NO_ONE_SHOT, transform=ax.transAxes, fontsize=6)
    return ax
