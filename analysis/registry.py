"""The analyses: adding one is a module with `compute` and `draw`, and an entry below.

`compute` reads files of a results folder, `draw` puts one panel on an axes. The page has a section
per entry, in this order; where an entry's input is missing, the section says which command writes
it. A figure is one panel of everything unless `panels` splits it. What the paper analyses beside
its ranking is in `paper.py`.
"""

from __future__ import annotations

from analysis.figure import Analysis
from analysis.figures import kendall_tau, scatter
from analysis.figures.paper import PAPER_ANALYSES

__all__ = ["ANALYSES", "Analysis"]

ANALYSES = {
    "kendall_tau": Analysis(
        title="Kendall tau",
        caption="How well scores rank architectures. Lines are 95% bootstrap intervals over cells "
        "(none under 10 cells), small dots single seeds. The noise ceiling is what a scorer that "
        "knew every cell's expected accuracy would reach against this truth; a grey band holds 95% "
        "of random scores. Baselines (squares) cost no training. Diamonds are the paper's Table 3: "
        "other data, and its own draw with copies kept, so compare them with protocol 'paper'.",
        inputs=("kendall_tau.csv", "kendall_tau_by_seed.csv"),
        command="python bench/run.py",
        compute=kendall_tau.compute,
        draw=kendall_tau.draw,
        panels=lambda frame: kendall_tau.panels(frame)[:1],
        height=kendall_tau.height,
    ),
    "kendall_tau_protocols": Analysis(
        title="Kendall tau under the other protocols",
        caption="The same scores, ranked otherwise. A tau means nothing without its protocol.",
        inputs=("kendall_tau.csv", "kendall_tau_by_seed.csv"),
        command="python bench/run.py",
        compute=kendall_tau.compute,
        draw=kendall_tau.draw,
        panels=lambda frame: kendall_tau.panels(frame)[1:],
        height=kendall_tau.height,
    ),
    "scatter": Analysis(
        title="Score against truth",
        caption="One point per entry and seed; seeds differ in marker. Titles give tau, mean and "
        "standard deviation over seeds.",
        inputs=("points.csv", "kendall_tau.csv"),
        command="python bench/run.py",
        compute=scatter.compute,
        draw=scatter.draw,
        panels=scatter.panels,
        num_columns=4,
    ),
    **PAPER_ANALYSES,
}
