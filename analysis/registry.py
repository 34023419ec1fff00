"""The analyses: adding one is a module with `compute` and `draw`, and an entry below.

`compute` reads files of a results folder, `draw` puts one panel on an axes. The page has a section
per entry, in this order; where an entry's input is missing, the section says which command writes
it. A figure is one panel of everything unless `panels` splits it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis import kendall_tau, scatter, style

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame


def _whole(frame: DataFrame) -> Sequence[DataFrame]:
    return [frame]


def _usual_height(frame: DataFrame) -> float:  # noqa: ARG001
    return 2.3


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """One figure, and what the page says about it.

    Attributes:
        title: heading of its section.
        caption: what is shown, and how to read it.
        inputs: patterns of the files that `compute` reads, below the results folder.
        command: what writes them.
        compute: reads them.
        draw: draws one panel.
        panels: splits what was computed.
        num_columns: panels side by side.
        height: of a row of panels, in inches, from its first panel.
    """

    title: str
    caption: str
    inputs: tuple[str, ...]
    command: str
    compute: Callable[[Path], DataFrame]
    draw: Callable[[DataFrame, Axes], Axes]
    panels: Callable[[DataFrame], Sequence[DataFrame]] = _whole
    num_columns: int = 1
    height: Callable[[DataFrame], float] = _usual_height

    def missing(self, results: Path) -> list[str]:
        """List the inputs that the results folder lacks."""
        return [pattern for pattern in self.inputs if not any(results.glob(pattern))]

    def figure(self, results: Path) -> Figure | None:
        """Compute and draw; None where there is nothing to draw."""
        with style.context():
            panels = self.panels(self.compute(results))
            if not panels:
                return None
            heights = [self.height(panel) for panel in panels[:: self.num_columns]]
            return style.grid(panels, self.draw, heights=heights, num_columns=self.num_columns)


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
}
