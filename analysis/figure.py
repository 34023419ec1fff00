"""The one way to make a figure: what an analysis is, and how it is drawn and saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

from analysis import style
from analysis.read import is_measured, is_there
from bench.base.files import write_csv
from bench.ranking.outputs import DIGITS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from pandas import DataFrame

RANK = "python bench/run.py"
RANK_GIVEN = "python bench/rank.py FILE"
MEASURE = "python bench/measure.py FOLDER"
MORE_PATHS = f"python bench/run.py --m 2,3,4, then {MEASURE}"
"""What makes runs where paths are summed, so that sums can be compared."""


def _whole(frame: DataFrame) -> Sequence[DataFrame]:
    return [frame]


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """One figure, and what the page says about it.

    Attributes:
        title: heading of its section; `{ms}` in it becomes the values of m that were computed.
        caption: what is shown, and how to read it.
        compute: reads files of a results folder.
        draw: draws one panel.
        panels: splits what was computed; none where there is nothing to draw.
        num_columns: panels side by side, at most.
        height: of a row of panels, in inches, or how to tell it from the row's first panel.
        summarise: what was computed as a small table, written as CSV beside the figure.
        digits: places after the point in that CSV; None keeps all.
        inputs: files of the results folder that `compute` reads.
        measured: files of run folders that it reads.
        command: what writes both.
        other_command: what makes runs to draw, where the inputs are there and none of them is of
            use; empty where a page says nothing of it.
        numbers: names of CSV files, of other analyses or stages, that hold what is drawn.
    """

    title: str
    caption: str
    compute: Callable[[Path], DataFrame]
    draw: Callable[[DataFrame, Axes], Axes]
    panels: Callable[[DataFrame], Sequence[DataFrame]] = _whole
    num_columns: int = 1
    height: float | Callable[[DataFrame], float] = 2.3
    summarise: Callable[[DataFrame], DataFrame] | None = None
    digits: int | None = DIGITS
    inputs: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()
    command: str = ""
    other_command: str = ""
    numbers: tuple[str, ...] = ()

    def missing(self, results: Path) -> list[str]:
        """List what it reads and neither the results folder nor any finished run in it has."""
        files = [name for name in self.inputs if not is_there(results, name)]
        return files + [name for name in self.measured if not is_measured(results, name)]

    def figure(self, frame: DataFrame) -> Figure | None:
        """Draw what was computed; None where there is nothing to draw."""
        with style.context():
            # a folder that is being measured lacks what some panels show
            panels = [panel for panel in self.panels(frame) if len(panel)]
            if not panels:
                return None
            num_columns = min(self.num_columns, len(panels))
            heights = [self._height(panel) for panel in panels[::num_columns]]
            return grid(panels, self.draw, heights=heights, num_columns=num_columns)

    def save(self, results: Path, name: str) -> DataFrame | None:
        """Compute; write NAME.csv where there is a summary, and draw NAME.png and NAME.svg.

        Args:
            results: the folder to read and to write to.
            name: of the files.

        Returns:
            What was computed; None where there is nothing to draw.
        """
        frame = self.compute(results)
        if self.summarise is not None:
            summary = self.summarise(frame)
            rounded = summary if self.digits is None else summary.round(self.digits)
            write_csv(rounded, results / f"{name}.csv")
        figure = self.figure(frame)
        if figure is None:
            return None
        style.save(figure, results / name)
        return frame

    def _height(self, panel: DataFrame) -> float:
        return self.height(panel) if callable(self.height) else self.height


def draw_all(results: Path, analyses: Mapping[str, Analysis]) -> list[Path]:
    """Draw what can be drawn of a folder.

    Args:
        results: the folder.
        analyses: by the name of their files.

    Returns:
        Paths of the figures, without suffix.
    """
    drawable = {name: one for name, one in analyses.items() if not one.missing(results)}
    return [results / name for name, one in drawable.items() if one.save(results, name) is not None]


def grid(
    panels: Sequence[DataFrame],
    draw: Callable[[DataFrame, Axes], Axes],
    *,
    heights: Sequence[float],
    num_columns: int,
) -> Figure:
    """Draw panels side by side and below each other, equal axis labels only once.

    Args:
        panels: what each shows.
        draw: draws one.
        heights: of the rows in inches.
        num_columns: panels in a row.
    """
    num_rows = -(-len(panels) // num_columns)
    figure = Figure(figsize=(style.WIDTH, sum(heights)), layout="constrained")
    ratios = {"height_ratios": heights}
    rows = figure.subplots(num_rows, num_columns, squeeze=False, gridspec_kw=ratios)
    axes: list[Axes] = rows.flatten().tolist()
    for frame, ax in zip(panels, axes, strict=False):
        draw(frame, ax)
    for ax in axes[len(panels) :]:
        ax.remove()
    if num_columns > 1:
        _share_labels(figure, axes[: len(panels)])
    return figure


def _share_labels(figure: Figure, axes: Sequence[Axes]) -> None:
    """Write labels that all panels have in common once, at the figure's edges."""
    size = mpl.rcParams["font.size"]
    if len({ax.get_xlabel() for ax in axes}) == 1:
        figure.supxlabel(axes[0].get_xlabel(), fontsize=size)
        for ax in axes:
            ax.set_xlabel("")
    if len({ax.get_ylabel() for ax in axes}) == 1:
        figure.supylabel(axes[0].get_ylabel(), fontsize=size)
        for ax in axes:
            ax.set_ylabel("")
