"""What a batch norm per combination costs: parameters as counted, tau against shadow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analysis.figures import combination_costs
from bench.base.files import read_csv, write_csv
from bench.runs.find import find_runs
from supernet.parts import resolve
from supernet.runs import build

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("batch_norm", ["shadow", "single", "combination"])
def test_parameters_of_the_batch_norms_are_those_of_the_network(
    measured_results: Path, batch_norm: str
) -> None:
    runs = find_runs(measured_results)
    run = next(r for r in runs if r.variant == batch_norm and r.recipe.m == 2)
    counted = sum(
        parameter.numel()
        for cell in build(run, resolve(run.recipe), "cpu").cells()
        for parameter in cell.node.norm.parameters()
    )
    assert combination_costs.num_norm_parameters(run) == counted


def test_costs_are_compared_with_shadow(measured_results: Path) -> None:
    frame = combination_costs.summarise(combination_costs.compute(measured_results))
    assert set(frame["bn"]) == {"shadow", "single", "combination"}
    assert (frame[frame["bn"] == "shadow"]["minus_shadow"] == 0).all()
    assert (frame["num_seeds"] == 1).all()
    assert frame["minus_shadow_low"].isna().all(), "one seed has no interval"


def test_without_shadow_there_is_nothing_to_compare_with(
    measured_results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_seed = read_csv(measured_results / "kendall_tau_by_seed.csv")
    write_csv(by_seed[by_seed["bn"] != "shadow"], tmp_path / "kendall_tau_by_seed.csv")
    runs = find_runs(measured_results)
    monkeypatch.setattr(combination_costs, "read_runs", lambda _: runs)
    assert combination_costs.compute(tmp_path).empty
