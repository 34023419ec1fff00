"""NSGA-II's lead by two reference points: a case solved by hand, and pairs alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures.search import lead
from analysis.frames import records
from analysis.read import is_measured
from analysis.registry import OF_ALL_SEARCHES
from bench.runs.layout import SEARCHES
from bench.runs.searches import write_search
from bench.search.pareto import hypervolume_curve, on_front
from tests.synthetic import write_runs

if TYPE_CHECKING:
    from pathlib import Path

POINTS = {"nsga2": [(0.4, 10), (0.6, 50), (0.3, 60)], "random": [(0.2, 10), (0.5, 60), (0.2, 70)]}
"""Accuracy and cost; the third of each is beaten. Nadir of both fronts: 0.2 at 60."""


def write_one(run: Path, algorithm: str, seed: int, lift: float = 0.0) -> None:
    accuracy = [value + lift for value, _ in POINTS[algorithm]]
    cost = [value for _, value in POINTS[algorithm]]
    evaluated = pd.DataFrame(
        {
            "evaluation": [1, 2, 3],
            "architecture": ["a", "b", "c"],
            "num_parameters": 1000,
            "num_multiply_adds": cost,
            "calibrated": True,
            "accuracy": accuracy,
            "loss": 1.0,
            "hypervolume": hypervolume_curve(accuracy, cost, 100),
            "is_on_front": on_front(accuracy, cost),
        }
    )
    settings: dict[str, Any] = {"algorithm": algorithm, "seed": seed, "evaluations": 3}
    settings |= {"population": 1, "calibrated": True, "largest_multiply_adds": 100}
    write_search(run / f"search-{algorithm}-seed{seed}", settings, evaluated)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Three supernets with a pair of searches each, and one search without its pair."""
    runs = write_runs(tmp_path, batch_norms=("shadow",))
    for run in runs:
        write_one(run.folder, "nsga2", 0, lift=0.1 * run.seed)
        write_one(run.folder, "random", 0)
    write_one(runs[0].folder, "nsga2", 1)
    return tmp_path


def test_leads_are_those_by_hand(results: Path) -> None:
    frame = lead.compute(results)
    first = frame[frame["seed"] == 0].set_index("reference")
    # from accuracy 0 at cost 100: 0.4 (50 - 10) + 0.6 (100 - 50) and 0.2 (60 - 10) + 0.5 (100 - 60)
    assert first["nsga2"]["space"] == pytest.approx(0.46)
    assert first["random"]["space"] == pytest.approx(0.30)
    # from 0.2 at 60, scaled by 0.6 at 10: 0.5 (0.8 - 0) + 1 (1 - 0.8) and nothing
    assert first["nsga2"]["fronts"] == pytest.approx(0.6)
    assert first["random"]["fronts"] == pytest.approx(0.0)
    assert first["lead"].tolist() == pytest.approx([0.16, 0.6])


def test_a_search_without_its_pair_has_no_lead(results: Path) -> None:
    frame = lead.compute(results)
    assert set(frame["search_seed"]) == {0}
    assert len(frame) == 2 * 3


def test_the_mean_is_over_supernets(results: Path) -> None:
    frame = lead.compute(results)
    summary, leads = lead.summarise(frame), frame[frame["reference"] == "space"]["lead"]
    is_it = (summary["reference"] == "space") & (summary["supernet"] == "all")
    (row,) = records(summary[is_it])
    assert row["num"] == 3
    assert row["mean"] == pytest.approx(leads.mean())
    assert row["low"] == pytest.approx(leads.mean() - 4.302653 * leads.std() / 3**0.5)


def test_it_is_drawn_a_panel_a_reference(results: Path) -> None:
    panels = lead.panels(lead.compute(results))
    assert len(panels) == 2
    ax = lead.draw(panels[0], Figure().subplots())
    assert [text.get_text() for text in ax.get_yticklabels()][-1] == "mean of 3 supernets"
    assert lead.height(panels[0]) > 1.1


def test_a_folder_without_searches_has_no_such_figure(results: Path, tmp_path: Path) -> None:
    assert is_measured(results, SEARCHES)
    assert not OF_ALL_SEARCHES["search_lead"].missing(results)
    empty = tmp_path / "empty"
    write_runs(empty)
    assert OF_ALL_SEARCHES["search_lead"].missing(empty) == [SEARCHES]
