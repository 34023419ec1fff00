"""The Pareto analysis: gathers every search, averages over seeds, draws both panels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures.search import pareto
from bench.runs.run import RunFolderError
from bench.runs.searches import write_search
from bench.search.pareto import hypervolume_curve, on_front

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Make a run folder with two seeds of each algorithm."""
    for algorithm, lift in (("nsga2", 0.05), ("random", 0.0)):
        for seed in (0, 1):
            rng = np.random.default_rng([seed, len(algorithm)])
            accuracy, cost = rng.random(30) * 0.5 + lift, rng.integers(10, 100, 30) * 10**6
            evaluated = pd.DataFrame(
                {
                    "evaluation": range(1, 31),
                    "architecture": [f"k{i}" for i in range(30)],
                    "num_parameters": 10**5,
                    "num_multiply_adds": cost,
                    "calibrated": True,
                    "accuracy": accuracy,
                    "loss": 1 - accuracy,
                    "hypervolume": hypervolume_curve(accuracy, cost, 1e8),
                    "is_on_front": on_front(accuracy, cost),
                }
            )
            settings: dict[str, Any] = {"algorithm": algorithm, "seed": seed}
            settings |= {"evaluations": 30, "population": 10}
            settings |= {"calibrated": True, "largest_multiply_adds": 1e8}
            write_search(tmp_path / f"search-{algorithm}-seed{seed}", settings, evaluated)
    return tmp_path


def test_differences_are_paired_by_seed(run: Path) -> None:
    frame = pareto.compute(run)
    last = frame.groupby(["algorithm", "seed"])["hypervolume"].last()
    expected = [last["nsga2", seed] - last["random", seed] for seed in (0, 1)]
    assert pareto.differences(frame) == pytest.approx(expected)
    assert pareto.differences(frame[frame["algorithm"] == "nsga2"]) == []
    one_more = frame[(frame["algorithm"] == "nsga2") | (frame["seed"] == 0)]
    assert pareto.differences(one_more) == pytest.approx(expected[:1])


def test_every_search_is_gathered(run: Path) -> None:
    frame = pareto.compute(run)
    assert len(frame) == 120
    assert set(frame["algorithm"]) == {"nsga2", "random"}


def test_summary_is_the_last_of_each_seed(run: Path) -> None:
    frame = pareto.compute(run)
    row = pareto.summarise(frame).set_index("algorithm").loc["nsga2"]
    last = [
        frame[(frame["algorithm"] == "nsga2") & (frame["seed"] == s)]["hypervolume"].iloc[-1]
        for s in (0, 1)
    ]
    assert row["mean"] == pytest.approx(np.mean(last))
    assert row["std"] == pytest.approx(np.std(last, ddof=1))
    assert (row["num_seeds"], row["evaluations"]) == (2, 30)


def test_both_panels(run: Path) -> None:
    frame = pareto.compute(run)
    left, right = Figure().subplots(1, 2)
    fronts, hypervolume = pareto.panels(frame)
    assert pareto.draw(fronts, left) is left
    assert "accuracy" in left.get_ylabel()
    assert pareto.draw(hypervolume, right) is right
    assert "hypervolume" in right.get_ylabel()
    legend = right.get_legend()
    assert legend is not None
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == ["NSGA-II, n = 2", "random search, n = 2"]
    drawn = right.get_lines()[0].get_ydata()
    expected = frame[frame["algorithm"] == "nsga2"].groupby("evaluation")["hypervolume"].mean()
    assert np.allclose(np.asarray(drawn, float), expected.to_numpy())


def test_one_seed_has_no_band(run: Path) -> None:
    frame = pareto.compute(run)
    ax = pareto.draw_hypervolume(frame[frame["seed"] == 0], Figure().subplots())
    assert not ax.collections


def test_the_figure_is_the_same_bytes_each_time(run: Path) -> None:
    for name in ("a", "b"):
        assert pareto.ANALYSIS.save(run, name) is not None
    assert (run / "a.svg").read_bytes() == (run / "b.svg").read_bytes()
    assert (run / "a.png").read_bytes() == (run / "b.png").read_bytes()


def test_nothing_to_draw_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"holds no finished search: bench/mixpath.py search"):
        pareto.compute(tmp_path)
