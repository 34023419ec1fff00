"""Figures and page from a made-up results folder: everything drawn, nothing requested."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.figure import Figure

from analysis import registry
from analysis.__main__ import command
from analysis.figures import kendall_tau, scatter
from analysis.registry import ANALYSES, Analysis
from analysis.report import write_report
from bench.base.files import read_csv
from bench.ranking.outputs import write_rankings
from bench.ranking.protocol import PROTOCOLS
from bench.table.table import Table
from tests.synthetic import write_runs, write_truth

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from pandas import DataFrame


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results: Path = tmp_path_factory.mktemp("results") / "digits"
    runs = write_runs(results, ms=(2, 4))
    with Table(write_truth(results / "truth.h5", num_means=1)) as table:
        protocols = [PROTOCOLS["sound"], PROTOCOLS["paper"]]
        write_rankings(results, runs, table, protocols, command="run.py --m 2,4 <&>")
    write_report(results)
    return results


def drawable(results: Path) -> list[str]:
    """List the analyses whose input is there: nothing is measured in a made-up folder."""
    return [name for name, one in ANALYSES.items() if not one.missing(results)]


class Page(HTMLParser):
    """Collects what a browser would load, the anchors, and tags left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.anchors: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note addresses, anchors, and what must be closed."""
        found = dict(attrs)
        self.addresses += [found[name] or "" for name in ("src", "href") if name in found]
        self.anchors |= {found["id"] or ""} if "id" in found else set()
        if tag not in ("meta", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close what was opened last."""
        assert self.open.pop() == tag


def draw(frame: DataFrame) -> Axes:
    return kendall_tau.draw(frame, Figure().subplots())


def test_the_figure_shows_every_group_with_seeds_interval_and_paper(results: Path) -> None:
    frame = kendall_tau.compute(results)
    sound, paper = kendall_tau.panels(frame)
    assert set(sound["protocol"]) == {"sound"}
    assert set(paper["protocol"]) == {"paper"}
    ax = draw(sound)
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert names == 2 * [
        "shadow BN, raw", "shadow BN, calibrated", "single BN, raw", "single BN, calibrated",
        "parameter count", "multiply-adds", "3x3 convolutions",
    ]  # fmt: skip
    texts = [text.get_text() for text in ax.texts]
    assert "m = 4: 34 cells, 255 architectures, 3 seeds" in texts
    row = sound[(sound["m"] == 4) & (sound["bn"] == "shadow")].iloc[0]
    assert f"{row['tau_mean']:.2f} [{row['tau_low']:.2f}, {row['tau_high']:.2f}]" in texts
    assert sum(np.size(line.get_xdata()) == 3 for line in ax.lines) == 8, "three seeds a group"
    assert "protocol sound" in ax.get_xlabel()


def test_the_papers_figures_are_shown_where_they_belong(results: Path) -> None:
    sound = kendall_tau.panels(kendall_tau.compute(results))[0]
    legends = [
        [text.get_text() for text in legend.get_texts()]
        for legend in (draw(sound[sound["m"] == m]).get_legend() for m in (2, 4))
        if legend
    ]
    assert len(legends) == 2
    assert [any("paper" in text for text in legend) for legend in legends] == [False, True]
    assert len(draw(sound[sound["m"] == 4]).containers) == 4
    assert not draw(sound[sound["m"] == 2]).containers


def test_table_3_is_the_papers() -> None:
    assert kendall_tau.PAPER[4, "shadow", "True"] == (0.597, 0.037)
    assert kendall_tau.PAPER[3, "single", "False"] == (0.045, 0.060)
    assert len(kendall_tau.PAPER) == 8


def test_scatter_has_a_panel_per_group_with_its_tau(results: Path) -> None:
    panels = scatter.panels(scatter.compute(results))
    assert len(panels) == 8
    ax = scatter.draw(panels[5], Figure().subplots())
    row = panels[5].iloc[0]
    assert ax.get_title(loc="left") == (
        f"m = 4, shadow BN, calibrated\nsound: tau {row['tau_mean']:.2f} "
        f"± {row['tau_std']:.2f}, 34 cells"
    )
    assert "%" in ax.get_xlabel()
    assert len(ax.lines) == 3, "one marker per seed"


def test_the_page_is_whole_and_asks_for_nothing(results: Path) -> None:
    text = (results / "report.html").read_text()
    page = Page(text)
    assert not page.open, "every tag is closed"
    for address in page.addresses:
        assert address.startswith(("data:", "#")), address
        if address.startswith("#"):
            assert address[1:] in page.anchors
    assert not re.search(r"url\(|@import|<script", text)
    assert text.count('src="data:image/svg+xml;base64,') == len(drawable(results))


def test_the_page_spells_out_command_recipe_protocol_and_truth(results: Path) -> None:
    text = (results / "report.html").read_text()
    row = read_csv(results / "kendall_tau.csv").iloc[0]
    for part in (
        "run.py --m 2,4 &lt;&amp;&gt;",
        "learning rate 0.05 with cosine decay",
        "copies of one cell kept; truth = mean test accuracy",
        "made up",
        "their pooled variance",
        f"{row['tau_mean']:.3f}",
        "<td>calibration_reset</td><td>True</td>",
    ):
        assert part in text, part
    assert re.search(r"m = 4 \(34 cells.*shadow BN, calibrated 0\.\d\d \[.*noise ceiling 0\.", text)


def test_figures_are_saved_beside_the_page(results: Path) -> None:
    for name in drawable(results):
        assert (results / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (results / f"{name}.svg").read_text().startswith("<?xml")
    assert (results / "kendall_tau.md").read_text().startswith("m = 2, 9 cells")


def test_redrawing_gives_the_same_bytes(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = shutil.ignore_patterns("*.png", "*.svg", "*.html", "*.md")
    copy = shutil.copytree(results, tmp_path / "digits", ignore=drawn)
    command([str(copy)])
    assert capsys.readouterr().out.strip() == str(copy / "report.html")
    for name in ("report.html", "kendall_tau.png", "scatter.svg", "kendall_tau.md"):
        assert (copy / name).read_bytes() == (results / name).read_bytes(), name


def test_a_section_without_its_input_says_what_makes_it(results: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(results, tmp_path / "digits")
    (copy / "points.csv").unlink()
    text = write_report(copy).read_text()
    assert "Not drawn: it needs points.csv, which python bench/run.py writes." in text
    assert text.count('src="data:image/svg+xml;base64,') == len(drawable(copy))


def test_an_own_analysis_is_a_dictionary_entry(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compute(folder: Path) -> DataFrame:
        return read_csv(next(folder.glob("*/*/scores.csv")))

    def draw(frame: DataFrame, ax: Axes) -> Axes:
        ax.hist(frame["loss"])
        return ax

    own = Analysis(
        title="Losses of one run",
        caption="As scored.",
        inputs=("*/*/scores.csv",),
        command="python bench/run.py",
        compute=compute,
        draw=draw,
    )
    monkeypatch.setitem(registry.ANALYSES, "losses", own)
    copy = shutil.copytree(results, tmp_path / "digits")
    text = write_report(copy).read_text()
    assert "<h2>Losses of one run</h2>" in text
    assert (copy / "losses.png").is_file()


def test_one_protocol_has_no_section_of_others(results: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(results, tmp_path / "digits")
    lines = (copy / "kendall_tau.csv").read_text().splitlines(keepends=True)
    (copy / "kendall_tau.csv").write_text("".join(line for line in lines if ",paper," not in line))
    assert "other protocols" not in write_report(copy).read_text()


@pytest.mark.parametrize("name", ["kendall_tau.csv", "ranking.json", "differences.csv"])
def test_a_folder_never_ranked_is_refused(results: Path, tmp_path: Path, name: str) -> None:
    copy = shutil.copytree(results, tmp_path / "digits")
    (copy / name).unlink()
    with pytest.raises(ValueError, match=f"has no {name}: rank it first, with python bench/run"):
        write_report(copy)
