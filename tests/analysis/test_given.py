"""What is shown of given scores: the order, the tables, the figures and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from analysis import style
from analysis.figure import grid
from analysis.figures.kendall_tau import compute
from analysis.given import scatter, tau
from analysis.given.tables import given_differences, given_sentence, given_table, is_given
from analysis.phrases import name_row
from analysis.read import read_ranking
from analysis.report import write_report
from analysis.tables import latex_tables, markdown_tables
from bench.rank import rank
from tests.synthetic import cells, expected_accuracy

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.lines import Line2D


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rank two methods of two seeds, and a constant one."""
    rng, path = np.random.default_rng(0), tmp_path_factory.mktemp("given")
    truths = np.array([expected_accuracy(cell) for cell in cells()])
    frame = pd.DataFrame(
        {
            "cell_hash": [cell.hash for cell in cells()] * 2,
            "seed": np.repeat([0, 1], 34),
            "bad & odd_": np.tile(truths, 2) + rng.normal(0, 0.2, 68),
            "good": np.tile(truths, 2) + rng.normal(0, 0.01, 68),
            "constant": 1.0,
        }
    )
    rank(frame, "digits", out=path)
    return path


@pytest.fixture(scope="module")
def taus(folder: Path) -> pd.DataFrame:
    return read_ranking(folder, "kendall_tau.csv")


def test_the_best_comes_first_and_a_method_without_tau_last(taus: pd.DataFrame) -> None:
    rows = tau.ordered(taus)
    values = [row["tau_mean"] for row in rows]
    assert values[:-1] == sorted(values[:-1], reverse=True)
    names = [row["scorer"] for row in rows]
    assert names[-1] == "constant"
    assert "random" not in names
    assert "longest_path" not in names, "the same in all cells of the paper's space"


def test_methods_of_unlike_seeds_are_said_to_be(taus: pd.DataFrame) -> None:
    fewer = taus.assign(num_seeds=taus["num_seeds"].where(taus["scorer"] != "good", 1))
    assert given_table(fewer).caption.startswith("34 cells, 1 to 2 seeds; ")
    assert given_sentence(fewer).startswith("34 cells, 1 to 2 seeds: ")


def test_the_table_holds_methods_baselines_chance_and_ceiling(taus: pd.DataFrame) -> None:
    table = given_table(taus)
    assert is_given(taus)
    assert table.caption.startswith("34 cells, 2 seeds; protocol given: every")
    names = [row[0] for row in table.rows]
    assert {"good", "constant", "3x3 minus shortest path"} < set(names)
    assert names[-2:] == ["random, one draw", "noise ceiling"]
    assert len({len(row) for row in table.rows} | {len(table.columns)}) == 1
    (constant,) = [row for row in table.rows if row[0] == "constant"]
    assert constant[1:3] == ("-", "-")


def test_what_costs_nothing_has_no_spread_over_seeds(taus: pd.DataFrame) -> None:
    table = given_table(taus)
    spread = {row[0]: row[table.columns.index("sd over seeds")] for row in table.rows}
    assert spread["parameter count"] == spread["3x3 minus shortest path"] == "-"
    assert float(spread["good"]) > 0
    counts = taus[taus["bn"] == "-"]
    assert given_table(counts).caption.startswith("34 cells; protocol given"), "nor seeds"


def test_differences_are_turned_to_the_better_minus_the_worse(
    folder: Path, taus: pd.DataFrame
) -> None:
    differences = read_ranking(folder, "differences.csv")
    bar, counted, following = given_differences(differences, taus)
    assert "'3x3 minus shortest path'" in bar.caption
    assert "'parameter count'" in counted.caption
    first = following.rows[0]
    assert first[0] == "good minus bad & odd_"
    (raw,) = differences.query("scorer == 'bad & odd_' and minus == 'good'").to_dict("records")
    assert float(first[1]) == pytest.approx(-raw["difference_mean"], abs=1e-3)
    low, high = (float(end) for end in first[2].strip("[]").split(", "))
    assert low == pytest.approx(-raw["difference_high"], abs=1e-3)
    assert low < float(first[1]) < high


def test_the_first_sentence_sets_the_best_beside_what_is_free(taus: pd.DataFrame) -> None:
    sentence = given_sentence(taus)
    assert sentence.startswith("34 cells, 2 seeds: tau of the best score given, good, 0.")
    assert "; tau of the best that costs nothing, 3x3 then max-pools, 0." in sentence


def test_markdown_and_latex_say_the_same(taus: pd.DataFrame) -> None:
    markdown, latex = markdown_tables(taus), latex_tables(taus)
    assert "| good |" in markdown
    assert r"bad \& odd\_ &" in latex
    assert latex.count(r"\\") == len(given_table(taus).rows) + 1
    assert r"95\%" in latex


def xs(line: Line2D) -> list[float]:
    return list(np.ravel(np.asarray(line.get_xdata(), dtype=np.float64)))


def test_every_method_is_drawn_with_its_seeds(folder: Path) -> None:
    frame = compute(folder)
    ax = tau.draw(frame, Figure().subplots())
    labels = [text.get_text() for text in ax.get_yticklabels()]
    assert labels == [name_row(row) for row in tau.ordered(frame)]
    dots = [x for line in ax.lines if line.get_marker() == "." for x in xs(line)]
    assert len(dots) == 6, "two seeds of each method"


def test_points_are_drawn_by_method_the_best_first(folder: Path) -> None:
    frame = scatter.compute(folder)
    panels = scatter.panels(frame)
    assert [panel["scorer"].iloc[0] for panel in panels] == ["good", "bad & odd_", "constant"]
    ax = scatter.draw(panels[0], Figure().subplots())
    assert [len(xs(line)) for line in ax.lines] == [34, 34]
    assert ax.get_title(loc="left").startswith("good\ntau 0.")


def test_titles_of_long_names_neither_meet_nor_leave_the_figure(folder: Path) -> None:
    frame = scatter.compute(folder)
    names = ["supernet, shadow BN, calibrated, by negative loss", "a_long_name_without_any_space"]
    panels = [frame.assign(scorer=name) for name in names * 2]
    with style.context():
        figure = grid(panels, scatter.draw, heights=[1.9], num_columns=4)
        renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]  # matplotlib
        figure.draw(renderer)
        boxes = [ax._left_title.get_window_extent(renderer) for ax in figure.axes]  # type: ignore[attr-defined]  # has no other name
    right = [*(box.x0 for box in boxes[1:]), figure.bbox.x1]
    assert all(box.x1 < edge for box, edge in zip(boxes, right, strict=True))
    assert all(box.y1 <= figure.bbox.y1 for box in boxes)


def test_the_page_says_what_is_not_known_and_lacks_nothing(folder: Path) -> None:
    text = write_report(folder).read_text()
    assert "What made them is not known here." in text
    assert "34 cells that were scored" in text
    assert "Not measured" not in text
    assert 'id="recipes"' not in text
