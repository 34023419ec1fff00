"""Lemmas 1 and 2 as drawn: kinds of pairs, and a rank correlation of either sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from analysis.figures.lemmas import first, second

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = {"space": "branches", "m": 2, "bn": "shadow", "final_epoch": 40, "cell": 0}


def measured(sign: float) -> pd.DataFrame:
    """Make pairs whose difference falls (or grows) with their cosine, trained and not."""
    rows = [
        ABOUT
        | {"seed": seed, "epoch": epoch, "kind": kind, "first": i, "second": j}
        | {"mean_distance": 0.5, "log_variance_distance": 0.25, "half_log_variance_distance": 0.5}
        | {"correlation": 0.5, "variance_ratio": 1.5, "cosine": 0.04 * (i + j)}
        | {"mean_difference": 1 + sign * 0.04 * (i + j), "log_variance_difference": 0.3}
        for seed in range(3)
        for epoch in (0, 40)
        for kind, pairs in (
            ("path", [(i, i) for i in range(12)]),
            ("pair", [(i, j) for i in range(12) for j in range(i + 1, 12)]),
        )
        for i, j in pairs
    ]
    return pd.DataFrame(rows)


def test_pairs_of_one_operation_at_two_nodes_are_told_apart() -> None:
    frame = measured(-1)
    kinds = second.kinds(frame)
    once = (frame["seed"] == 0) & (frame["epoch"] == 0)
    assert kinds[once].value_counts().to_dict() == {"path": 12, "pair": 48, "same": 18}
    of_s1 = second.kinds(frame.assign(space="s1"))
    assert set(of_s1) == {"path", "pair"}, "kernels are never drawn twice"


def test_lemma_2_by_kind_and_epoch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(second, "read_all", lambda *_: measured(-1))
    frame = second.compute(tmp_path)
    ratios = frame[frame["measure"] == "variance_ratio"]
    assert set(ratios["mean"]) == {1.5}
    assert set(ratios["lemma_2"]) == {2.0}
    assert sorted(frame["epoch"].unique()) == [0, 40]
    assert set(frame["num_seeds"]) == {3}
    assert len(second.panels(frame)) == len(second.MEASURES)
    monkeypatch.setattr(second, "read_all", lambda *_: measured(-1).assign(m=1))
    assert second.panels(second.compute(tmp_path)) == []


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_lemma_1_can_come_out_either_way(
    sign: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(first, "read_all", lambda *_: measured(sign))
    frame = first.compute(tmp_path)
    assert set(frame["kind"]) == {"pair"}
    summary = first.summarise(frame)
    trained = summary[summary["is_trained"]]
    row = trained[trained["measure"] == "mean_difference"]
    assert row["rank_correlation"].tolist() == pytest.approx([sign])
    assert row["num_alike"].tolist() == [0]
    assert row["median_alike"].isna().all()
    constant = trained[trained["measure"] == "log_variance_difference"]
    assert constant["rank_correlation"].isna().all()
