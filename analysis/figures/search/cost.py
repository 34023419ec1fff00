"""What a supernet costs in hours of its device, beside the paper's search costs.

Ours are the sums of times.csv: training, and where all of a space is scored, scoring. What a search
pays to score its architectures is in no file, and not counted; the paper's 19 GPU hours are of
training and random search together. Devices differ, and so do images, widths and epochs: this says
what a reader must pay here, not which method is cheaper.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import style
from analysis.figure import RANK, Analysis
from analysis.frames import groups, records
from analysis.published import SEARCH_COST
from analysis.read import read_device, read_runs, read_times
from bench.runs.layout import TIMES

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

SECONDS = 3600.0
HOURS_A_DAY = 24.0
DEVICES = {"cpu": "CPU", "cuda": "GPU"}
COLUMNS = ["space", "m", "bn", "device", "num_runs", "train_hours", "score_hours", "hours"]
COLUMNS += ["least", "most", "days"]


def compute(results: Path) -> pd.DataFrame:
    """Return by space, m, batch norm and device the mean cost of a run, then the paper's rows."""
    rows = []
    for run in read_runs(results):
        times = read_times(run)
        spent = times.groupby("stage")["time_s"].sum() / SECONDS
        train, score = (float(spent.get(stage, 0.0)) for stage in ("train", "score"))
        about = {"space": run.recipe.space, "m": run.recipe.m, "bn": run.variant}
        device = DEVICES.get(read_device(run).split(":")[0], "device unknown")
        about |= {"device": device, "train_hours": train, "score_hours": score}
        rows.append(about | {"hours": train + score})
    ours = [
        dict(zip(COLUMNS[:4], identity, strict=True))
        | {"num_runs": len(same)}
        | same[["train_hours", "score_hours", "hours"]].mean().to_dict()
        | {"least": same["hours"].min(), "most": same["hours"].max()}
        for identity, same in groups(pd.DataFrame(rows), COLUMNS[:4])
    ]
    papers = [
        {"space": cost.space, "bn": "paper", "device": cost.device, "hours": cost.hours}
        for cost in SEARCH_COST
    ]
    frame = pd.DataFrame([*ours, *papers], columns=COLUMNS)
    return frame.assign(days=frame["hours"] / HOURS_A_DAY)


def draw(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw hours on a log scale, a line per row."""
    names = []
    for y, row in enumerate(records(frame)):
        is_papers = row["bn"] == "paper"
        look: dict[str, Any] = {"color": style.color(row["bn"]), "markersize": 5}
        ax.hlines(y, row["least"], row["most"], color=look["color"], linewidth=1)
        ax.plot(row["hours"], y, "D" if is_papers else "o", **look)
        what = "paper" if is_papers else f"m = {row['m']:.0f}, {style.label(row['bn'])}"
        names.append(f"{row['space']}: {what}, {row['device']}")
    ax.set_yticks(range(len(names)), names, fontsize=7)
    ax.set(ylim=(len(names) - 0.5, -0.5), xscale="log", xlabel="hours of the device (log scale)")
    return ax


def height(frame: pd.DataFrame) -> float:
    """Give every row its line."""
    return 0.8 + 0.16 * len(frame)


ANALYSIS = Analysis(
    title="What a supernet costs",
    caption="Hours of one device for a run, mean over seeds, with a line from the quickest run to "
    "the slowest: training, and scoring where a whole space is scored. Diamonds: the paper's, on "
    "Tesla V100s: S1 with its random search, S2 and S3. Images, widths, epochs and devices "
    "differ, so this is no comparison of methods. CPU hours are of one run, on as many threads as "
    "it had.",
    measured=(TIMES,),
    command=RANK,
    compute=compute,
    draw=draw,
    height=height,
    summarise=lambda frame: frame,
    digits=6,
)

COST_OF_S1 = replace(ANALYSIS, command="")
