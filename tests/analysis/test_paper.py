"""The paper's analyses: their statistics by hand, and every figure from runs measured for real."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure
from scipy import stats

from analysis.figures import (
    accuracies,
    bn_statistics,
    combinations,
    kernel_cost,
    similarity,
    what_moves_tau,
)
from analysis.figures.paper import PAPER_ANALYSES
from analysis.read import median_interval, preferred, t_interval, under_main_protocol
from analysis.report import write_report
from bench.base.files import read_csv, write_csv
from bench.ranking.variations import COLUMNS as VARIATION_COLUMNS
from bench.runs.run import find_main_runs, find_runs
from supernet.parts import resolve
from supernet.runs import build
from tests.measured_run import rank_and_measure, train_run
from tests.synthetic import write_runs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def results(measured_results: Path) -> Path:
    return measured_results


@pytest.fixture(scope="module")
def single_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where m is 1 and nothing can be summed."""
    results: Path = tmp_path_factory.mktemp("single") / "digits"
    train_run(results, 1, "shadow")
    rank_and_measure(results)
    return results


@pytest.mark.parametrize("name", PAPER_ANALYSES)
def test_every_analysis_is_drawn_with_labels(results: Path, name: str) -> None:
    one = PAPER_ANALYSES[name]
    assert one.missing(results) == []
    figure = one.figure(one.compute(results))
    assert isinstance(figure, Figure)
    labels = {text.get_text() for text in (figure._supxlabel, figure._supylabel) if text}  # type: ignore[attr-defined]
    for ax in (ax for ax in figure.axes if ax.axison and ax.get_label() != "<colorbar>"):
        is_labelled = ax.get_xlabel() or ax.images or labels
        assert is_labelled, f"{name}: an axis without a label"
    assert (results / f"{name}.png").is_file()
    if one.summarise is not None:
        assert len(read_csv(results / f"{name}.csv"))


@pytest.mark.parametrize("name", PAPER_ANALYSES)
def test_a_folder_of_single_paths_says_what_it_lacks(single_path: Path, name: str) -> None:
    one = PAPER_ANALYSES[name]
    figure = one.figure(one.compute(single_path))
    text = " ".join(t.get_text() for ax in figure.axes for t in ax.texts) if figure else ""
    if name.startswith(("bn_", "combinations", "similarity_table")):
        assert "from m = 2 on" in text
    if name == "combination_costs":
        assert "--batch-norm shadow,single,combination" in text


def test_the_page_names_the_file_and_the_command_of_what_is_missing(
    results: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(results, tmp_path / "digits")
    for path in copy.glob("*/*/jacobian.csv"):
        path.unlink()
    text = write_report(copy).read_text()
    needs = "Not drawn: it needs */*/jacobian.csv, which python bench/measure.py FOLDER writes."
    assert text.count(needs) == 3


def test_one_batch_norm_and_shadow_are_the_same_run_at_m_1(results: Path) -> None:
    frame = accuracies.compute(results)
    assert accuracies.are_identical(frame[frame["m"] == 1])
    assert not accuracies.are_identical(frame[frame["m"] == 2])
    assert not accuracies.are_identical(frame[frame["bn"] == "shadow"])


def test_medians_and_spread_are_in_the_csv(results: Path) -> None:
    frame = accuracies.compute(results)
    row = accuracies.summarise(frame).iloc[-1]
    same = frame[
        (frame["m"] == row["m"]) & (frame["bn"] == row["bn"])
        & (frame["calibrated"] == row["calibrated"])
    ]["accuracy"]  # fmt: skip
    assert row["median"] == same.median()
    assert row["std"] == pytest.approx(same.std())


def test_t_interval_is_scipys_and_needs_three_seeds() -> None:
    values = np.array([0.3, 0.5, 0.6])
    expected = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
    assert t_interval(values) == pytest.approx(expected)
    assert np.isnan(t_interval([0.3, 0.5])).all()


def test_median_intervals_hold_the_median_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    draws = [median_interval(rng.exponential(size=25)) for _ in range(2000)]
    held = np.mean([low <= np.log(2) <= high for low, high in draws])
    assert 0.95 <= held <= 0.975
    assert np.isnan(median_interval(np.arange(5.0))).all()


def test_what_is_preferred_is_taken_where_it_is_there() -> None:
    assert preferred([1, 2, 4], 2) == 2
    assert preferred([1, 4], 2) == 4


@pytest.mark.parametrize("batch_norm", ["shadow", "single", "combination"])
def test_parameters_of_the_batch_norms_are_those_of_the_network(
    results: Path, batch_norm: str
) -> None:
    run = next(r for r in find_runs(results) if r.variant == batch_norm and r.recipe.m == 2)
    counted = sum(
        parameter.numel()
        for cell in build(run, resolve(run.recipe), "cpu").cells()
        for parameter in cell.node.norm.parameters()
    )
    assert combinations.num_norm_parameters(run) == counted


def test_costs_are_compared_with_shadow(results: Path) -> None:
    frame = combinations.summarise_costs(combinations.compute_costs(results))
    assert set(frame["bn"]) == {"shadow", "single", "combination"}
    assert (frame[frame["bn"] == "shadow"]["minus_shadow"] == 0).all()
    assert (frame["num_seeds"] == 1).all()
    assert frame["minus_shadow_low"].isna().all(), "one seed has no interval"


def test_similarities_are_averaged_over_pairs_then_seeds(results: Path) -> None:
    frame = similarity.compute(results)
    row = similarity.summarise(frame).iloc[-1]
    same = frame
    for name in ("m", "bn", "epoch", "cell", "kind", "what", "place"):
        same = same[same[name] == row[name]]
    assert row["mean"] == pytest.approx(same.groupby("seed")["mean"].mean().mean())
    assert row["num_seeds"] == same["seed"].nunique()


def test_the_papers_values_stand_beside_the_first_cell_only(results: Path) -> None:
    frame = similarity.compute_summary(results)
    known = frame[frame["paper_s1_mean"].notna()]
    assert set(known["cell"]) == {0}
    assert set(known["m"]) == {2}
    assert set(known["what"]) == {"features", "jacobian"}


def test_differences_are_paired_by_seed(results: Path) -> None:
    frame = what_moves_tau.compute(results)
    rows = frame[(frame["m"] == 2) & (frame["variation"] == "reference")].set_index("method")
    taus = {m: np.array([float(t) for t in text.split()]) for m, text in rows["taus"].items()}
    assert taus["difference"] == pytest.approx(taus["shadow"] - taus["single"], abs=2e-4)


def test_ratios_are_left_out_by_scale_not_by_size() -> None:
    norm = pd.DataFrame({"mean": [0.01, 1.0], "variance": [1e-4, 1e4], "weight": 1.0, "bias": 0.1})
    assert bn_statistics.near_zero(norm, "mean").tolist() == [False, True]
    assert bn_statistics.near_zero(norm, "bias").tolist() == [False, False]


def test_the_formula_counts_a_real_block() -> None:
    """Every weight of a convolution that keeps the size is used once a pixel."""
    channels, expansion, size, kernels = 8, 3, 5, (3, 7)
    middle = expansion * channels
    convolutions = [
        torch.nn.Conv2d(channels, middle, 1, bias=False),
        torch.nn.Conv2d(middle, channels, 1, bias=False),
        *(torch.nn.Conv2d(middle, middle, k, groups=middle, bias=False) for k in kernels),
    ]
    weights = sum(convolution.weight.numel() for convolution in convolutions)
    counted = kernel_cost.num_multiply_adds(channels, expansion, size, kernels)
    assert counted == weights * size * size


def test_mixing_kernels_is_nearly_free_with_many_channels() -> None:
    costs = [kernel_cost.relative_cost(c, (3, 5)) for c in (16, 64, 1024)]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < 1.02
    assert kernel_cost.relative_cost(48, (3,)) == 1


def test_the_calculator_prints_a_block(capsys: pytest.CaptureFixture[str]) -> None:
    kernel_cost.command(["--channels", "48", "--size", "32", "--kernels", "3,5"])
    expected = 2 * 32 * 32 * 48 * 288 + (9 + 25) * 32 * 32 * 288
    assert capsys.readouterr().out.startswith(f"{expected:,} multiply-adds")


def test_analyses_are_about_the_sound_protocol_whichever_is_the_headline() -> None:
    frame = pd.DataFrame({"protocol": ["authors", "sound", "sound"], "tau": [0.1, 0.2, 0.3]})
    assert under_main_protocol(frame)["tau"].tolist() == [0.2, 0.3]
    assert under_main_protocol(frame.iloc[:1])["tau"].tolist() == [0.1]


def test_runs_of_the_authors_recipe_are_left_out_where_there_are_others(tmp_path: Path) -> None:
    write_runs(tmp_path, seeds=(0,), batch_norms=("none",), recipe="authors")
    assert [run.recipe.name for run in find_main_runs(tmp_path)] == ["authors"]
    write_runs(tmp_path, seeds=(0,), batch_norms=("shadow",))
    assert [run.recipe.name for run in find_main_runs(tmp_path)] == ["sound"]


def test_a_folder_without_the_methods_compared_draws_nothing(tmp_path: Path) -> None:
    empty = pd.DataFrame(columns=what_moves_tau.COLUMNS)
    assert list(what_moves_tau.panels(empty)) == []
    write_csv(pd.DataFrame(columns=VARIATION_COLUMNS), tmp_path / "variations.csv")
    assert what_moves_tau.compute(tmp_path).empty
