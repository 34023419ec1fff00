"""What an analysis is: one figure, what it is computed from, and what the page says about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis import style

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
        num_columns: panels side by side, at most.
        height: of a row of panels, in inches, from its first panel.
        summarise: what was computed as a small table, written as CSV beside the figure.
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
    summarise: Callable[[DataFrame], DataFrame] | None = None

    def missing(self, results: Path) -> list[str]:
        """List the inputs that the results folder lacks."""
        return [pattern for pattern in self.inputs if not any(results.glob(pattern))]

    def figure(self, frame: DataFrame) -> Figure | None:
        """Draw what was computed; None where there is nothing to draw."""
        with style.context():
            panels = self.panels(frame)
            if not panels:
                return None
            num_columns = min(self.num_columns, len(panels))
            heights = [self.height(panel) for panel in panels[::num_columns]]
            return style.grid(panels, self.draw, heights=heights, num_columns=num_columns)
