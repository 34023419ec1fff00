"""The figure of tau: every group, and the paper's values where they belong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from analysis.figures import kendall_tau

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from pandas import DataFrame


def draw(frame: DataFrame) -> Axes:
    return kendall_tau.draw(frame, Figure().subplots())


def test_the_figure_shows_every_group_with_seeds_interval_and_paper(ranked: Path) -> None:
    frame = kendall_tau.compute(ranked)
    sound, paper = kendall_tau.panels(frame)
    assert set(sound["protocol"]) == {"sound"}
    assert set(paper["protocol"]) == {"paper"}
    ax = draw(sound)
    names = [text.get_text() for text in ax.get_yticklabels()]
    methods = [
        f"{bn} BN, {state}" for bn in ("shadow", "single") for state in ("raw", "calibrated")
    ]
    counts = ["parameter count", "multiply-adds", "3x3 convolutions", "3x3 then max-pools"]
    assert names == 2 * [*methods, *counts]
    texts = [text.get_text() for text in ax.texts]
    assert "m = 4: 34 cells, 255 architectures, 3 seeds" in texts
    row = sound[(sound["m"] == 4) & (sound["bn"] == "shadow")].iloc[0]
    assert f"{row['tau_mean']:.2f} [{row['tau_low']:.2f}, {row['tau_high']:.2f}]" in texts
    assert sum(np.size(line.get_xdata()) == 3 for line in ax.lines) == 8, "three seeds a group"
    assert "protocol sound" in ax.get_xlabel()


def test_the_papers_figures_are_shown_where_they_belong(ranked: Path) -> None:
    sound = kendall_tau.panels(kendall_tau.compute(ranked))[0]
    legends = [
        [text.get_text() for text in legend.get_texts()]
        for legend in (draw(sound[sound["m"] == m]).get_legend() for m in (2, 4))
        if legend
    ]
    assert len(legends) == 2
    assert [any("paper" in text for text in legend) for legend in legends] == [False, True]
    assert len(draw(sound[sound["m"] == 4]).containers) == 4
    assert not draw(sound[sound["m"] == 2]).containers
