"""Ratios of batch norms: which channels count, and what of S1 is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis.figures import bn_ratios, bn_statistics

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_ratios_are_left_out_by_scale_not_by_size() -> None:
    norm = pd.DataFrame({"mean": [0.01, 1.0], "variance": [1e-4, 1e4], "weight": 1.0, "bias": 0.1})
    assert bn_ratios.near_zero(norm, "mean").tolist() == [False, True]
    assert bn_ratios.near_zero(norm, "bias").tolist() == [False, False]


def test_of_s1_the_first_layer_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = [
        {"space": space, "block": block, "num_paths": k, "mean": float(k), "variance": float(k * k)}
        for space in ("s1", "s2")
        for block in range(4)
        for k in (1, 2)
    ]
    frame = pd.DataFrame(rows).assign(m=2, bn="shadow", seed=0, channel=0, weight=1.0, bias=1.0)
    monkeypatch.setattr(bn_statistics, "read_all", lambda *_: frame)
    found = bn_statistics.compute_first_layer(tmp_path)
    blocks = found.groupby("space")["block"].agg(set).to_dict()
    assert blocks == {"s1": {0, 1}, "s2": {0}}
    monkeypatch.setattr(bn_statistics, "read_all", lambda *_: frame[:8])
    summary = bn_ratios.summarise_sets(bn_ratios.compute_first_layer(tmp_path))
    assert set(summary["batch_norm_set"]) == {1, 2}
    assert summary["median"].tolist() == 2 * [0.5, 0.25, 1.0, 1.0]
    assert summary["is_identity"].tolist() == 2 * [True, False, False, False]
    assert summary["paper_s1"].tolist() == summary["median"].tolist()


def test_without_sums_there_is_nothing_to_draw() -> None:
    nothing = bn_ratios.ratios(pd.DataFrame(columns=["m", "bn", "seed", "block"]))
    assert bn_ratios.panels(nothing) == bn_ratios.median_panels(nothing) == []
