"""The one way to make a figure: panels in a grid, files beside a CSV, nothing where nothing is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from analysis import style
from analysis.figure import Analysis, draw_all, grid
from bench.base.files import read_csv

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes


def draw(frame: pd.DataFrame, ax: Axes) -> Axes:
    ax.plot(frame["x"], frame["x"], "o", color=style.color("shadow"))
    ax.set(xlabel="accuracy (%)", ylabel="score", title=str(len(frame)))
    return ax


def panels(num: int) -> list[pd.DataFrame]:
    return [pd.DataFrame({"x": range(n + 1)}) for n in range(num)]


OWN = Analysis(
    title="Own",
    caption="As computed.",
    compute=lambda _: pd.DataFrame({"x": [1 / 3, 2 / 3]}),
    draw=draw,
    summarise=lambda frame: frame,
)


def test_a_grid_shares_labels_and_removes_what_is_left_over() -> None:
    with style.context():
        figure = grid(panels(5), draw, heights=[2, 2], num_columns=3)
    assert len(figure.axes) == 5
    assert figure.get_supxlabel() == "accuracy (%)"
    assert {ax.get_xlabel() for ax in figure.axes} == {""}
    assert figure.get_figwidth() == style.WIDTH


def test_height_is_of_each_row(tmp_path: Path) -> None:
    frame = OWN.compute(tmp_path)
    one = replace(OWN, panels=lambda frame: [frame] * 3, num_columns=2, height=1.5)
    figure = one.figure(frame)
    assert figure is not None
    assert figure.get_figheight() == 3
    figure = replace(OWN, height=len).figure(frame)
    assert figure is not None
    assert figure.get_figheight() == 2, "told by the panel"


def test_a_panel_of_what_is_not_measured_yet_is_left_out(tmp_path: Path) -> None:
    frame = OWN.compute(tmp_path)
    figure = replace(OWN, panels=lambda frame: [frame[:0], frame, frame[:0]]).figure(frame)
    assert figure is not None
    assert len(figure.axes) == 1
    assert replace(OWN, panels=lambda frame: [frame[:0]]).figure(frame) is None


def test_a_figure_is_saved_with_its_summary(tmp_path: Path) -> None:
    frame = OWN.save(tmp_path, "own")
    assert frame is not None
    assert frame["x"].tolist() == [1 / 3, 2 / 3]
    assert {path.name for path in tmp_path.iterdir()} == {"own.csv", "own.png", "own.svg"}
    assert read_csv(tmp_path / "own.csv")["x"].tolist() == [0.333333, 0.666667]
    replace(OWN, digits=None).save(tmp_path, "whole")
    assert read_csv(tmp_path / "whole.csv")["x"].tolist() == [1 / 3, 2 / 3]


def test_nothing_to_draw_is_no_figure(tmp_path: Path) -> None:
    nothing = replace(OWN, panels=lambda _: [], summarise=None)
    assert nothing.save(tmp_path, "own") is None
    assert list(tmp_path.iterdir()) == []


def test_what_lacks_its_input_is_left_out(tmp_path: Path) -> None:
    needy = replace(OWN, inputs=("points.csv",), measured=("curve.csv",))
    assert needy.missing(tmp_path) == ["points.csv", "curve.csv"]
    analyses = {"own": OWN, "needy": needy, "nothing": replace(OWN, panels=lambda _: [])}
    assert draw_all(tmp_path, analyses) == [tmp_path / "own"]
    (tmp_path / "points.csv").write_text("x\n1\n")
    assert needy.missing(tmp_path) == ["curve.csv"]
