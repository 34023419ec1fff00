"""Scores in two precisions: ranked side by side, of the same weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bench import precision
from bench.base.files import read_csv
from bench.verbs.rank_supernets import rank

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

FEW = {
    "epochs": 1,
    "num_train_images": 100,
    "num_score_images": 60,
    "calibration_images": 50,
    "snapshot_epochs": (),
}


@pytest.mark.slow
def test_both_precisions_are_ranked_by_the_same_seeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    compare = precision.compare
    scored: list[str] = []

    def ranked(*names: str, **asked: Any) -> Any:
        scored.append(asked["changes"]["score_precision"])
        return rank(*names, **asked, m=(1,))

    monkeypatch.setattr("bench.verbs.rank_supernets.rank", ranked)

    def tiny(**asked: Any) -> pd.DataFrame:
        return compare(**asked, seeds=(3,), changes=FEW)

    monkeypatch.setattr(precision, "compare", tiny)
    assert precision.main(["--out", str(tmp_path)]) == 0
    found = read_csv(tmp_path / "bf16_scores.csv")
    names = ["bn", "seed", "calibrated", "scorer", "tau_fp32", "tau_bf16", "difference"]
    assert list(found) == names
    assert len(found) == 2 * 2 * 2  # batch norms, raw and calibrated, scorers
    assert set(found["seed"]) == {3}
    moved = found["tau_bf16"] - found["tau_fp32"]
    assert found["difference"].to_list() == pytest.approx(moved.to_list(), abs=1e-6, nan_ok=True)
    assert scored == ["fp32", "bf16"]
    assert "accuracy: bf16 minus fp32" in capsys.readouterr().out
