"""Accuracies: what is identical, and their medians and spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analysis.figures import accuracies

if TYPE_CHECKING:
    from pathlib import Path


def test_one_batch_norm_and_shadow_are_the_same_run_at_m_1(measured_results: Path) -> None:
    frame = accuracies.compute(measured_results)
    assert accuracies.are_identical(frame[frame["m"] == 1])
    assert not accuracies.are_identical(frame[frame["m"] == 2])
    assert not accuracies.are_identical(frame[frame["bn"] == "shadow"])


def test_medians_and_spread_are_in_the_csv(measured_results: Path) -> None:
    frame = accuracies.compute(measured_results)
    row = accuracies.summarise(frame).iloc[-1]
    is_same = (frame["bn"] == row["bn"]) & (frame["calibrated"] == row["calibrated"])
    same = frame[is_same & (frame["m"] == row["m"])]["accuracy"]
    assert row["median"] == same.median()
    assert row["std"] == pytest.approx(same.std())
