"""Score against truth: a panel per group, named so that panels keep apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from analysis.figures import scatter

if TYPE_CHECKING:
    from pathlib import Path


def test_scatter_has_a_panel_per_group_with_its_tau(ranked: Path) -> None:
    panels = scatter.panels(scatter.compute(ranked))
    assert len(panels) == 8
    ax = scatter.draw(panels[5], Figure().subplots())
    row = panels[5].iloc[0]
    assert ax.get_title(loc="left") == (
        f"m = 4, shadow BN, calibrated\nsound: tau {row['tau_mean']:.2f} "
        f"± {row['tau_std']:.2f}, 34 cells"
    )
    assert "%" in ax.get_xlabel()
    assert len(ax.lines) == 3, "one marker per seed"


def test_a_long_name_is_written_smaller(ranked: Path) -> None:
    panel = scatter.panels(scatter.compute(ranked))[5]
    axes = [
        scatter.draw(panel.assign(bn=bn), Figure().subplots()) for bn in ("shadow", "combination")
    ]
    short, long = (ax._left_title.get_fontsize() for ax in axes)  # type: ignore[attr-defined]  # not public
    assert long < short
