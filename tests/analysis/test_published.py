"""The paper's values: as printed, and written in one file only."""

from __future__ import annotations

import re

import pytest

from analysis import published
from analysis.published import FIGURE5, TABLE3, TABLE4, shadow_minus_single
from tests.paths import ROOT


def test_table_3_is_the_papers() -> None:
    assert TABLE3[4, "shadow", True] == (0.597, 0.037)
    assert TABLE3[3, "single", False] == (0.045, 0.060)
    assert len(TABLE3) == 8


def test_differences_are_those_of_table_3() -> None:
    known = {(4, True): 0.229, (4, False): 0.226, (3, True): 0.162, (3, False): 0.273}
    assert {place: shadow_minus_single(*place) for place in known} == known
    assert shadow_minus_single(2, True) is None
    for (m, calibrated), difference in known.items():
        shadow, single = (TABLE3[m, bn, calibrated].mean for bn in ("shadow", "single"))
        assert difference == pytest.approx(shadow - single)


def test_no_other_file_types_a_published_value() -> None:
    """Values that two files could share by chance, such as 0.5, prove nothing and are left out."""
    values = {f"{value:.3f}" for tau in TABLE3.values() for value in tau if value > 0.1}
    values |= {f"{similarity.mean:g}" for similarity in TABLE4.values()}
    values |= {f"{similarity.mean:.3f}" for similarity in TABLE4.values()}
    values |= {f"{shadow_minus_single(m, c):.3f}" for m in (3, 4) for c in (True, False)}
    pattern = re.compile("|".join(rf"(?<![\d.]){re.escape(value)}(?!\d)" for value in values))
    files = [*(ROOT / "analysis").rglob("*.py"), *(ROOT / "bench" / "verbs").glob("*.py")]
    typing = {path.name for path in files if pattern.search(path.read_text())}
    assert typing == {"published.py"}


def test_tables_1_and_2_are_whole() -> None:
    assert (len(published.TABLE1), len(published.TABLE2)) == (10, 18)
    for row in (*published.TABLE1, *published.TABLE2):
        assert row.reference.startswith((published.COMPARISON, published.OURS_THERE))


def test_figure_5_has_every_quantity() -> None:
    assert list(FIGURE5) == ["mean", "variance", "weight", "bias"]
