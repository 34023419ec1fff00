"""Similarities: averaged over pairs, then seeds, beside the paper's where it has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from analysis.figures import similarity

if TYPE_CHECKING:
    from pathlib import Path


def test_similarities_are_averaged_over_pairs_then_seeds(measured_results: Path) -> None:
    frame = similarity.compute(measured_results)
    row = similarity.summarise(frame).iloc[-1]
    same = frame
    for name in ("m", "bn", "epoch", "cell", "kind", "what", "place"):
        same = same[same[name] == row[name]]
    assert row["mean"] == pytest.approx(same.groupby("seed")["mean"].mean().mean())
    assert row["num_seeds"] == same["seed"].nunique()


def test_the_papers_values_stand_beside_the_first_cell_only(measured_results: Path) -> None:
    frame = similarity.compute_summary(measured_results)
    known = frame[frame["paper_s1_mean"].notna()]
    assert set(known["cell"]) == {0}
    assert set(known["m"]) == {2}
    assert set(known["what"]) == {"features", "jacobian"}


@pytest.mark.parametrize(("space", "is_papers"), [("s1", True), ("s2", False)])
def test_only_s1_is_the_papers_own_space(
    measured_results: Path, monkeypatch: pytest.MonkeyPatch, space: str, is_papers: bool
) -> None:
    frame = similarity.compute(measured_results)
    first_cell = frame[frame["cell"] == 0].assign(space=space)
    monkeypatch.setattr(similarity, "compute", lambda _: first_cell)
    summary = similarity.compute_first_layer(measured_results)
    (panel,) = similarity.first_layer_panels(summary)
    assert set(panel["where"]) == {"first searched layer"}
    assert set(panel["is_papers_space"]) == {is_papers}
    summarise = similarity.TABLE4_OF_S1.summarise
    assert summarise is not None
    pd.testing.assert_frame_equal(summarise(summary), similarity.summarise(first_cell))
