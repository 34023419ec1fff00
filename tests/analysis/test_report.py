"""Figures and page from a made-up results folder: everything drawn, nothing requested."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from analysis.__main__ import command
from analysis.figure import Analysis
from analysis.registry import PAGE
from analysis.report import write_report
from bench.base.command import run_command
from bench.base.files import read_csv
from bench.runs.digests import remove_kept, write_kept

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from pandas import DataFrame


def drawable(results: Path) -> list[str]:
    """List the figures that can be drawn from what is there."""
    analyses = {name: one for name, one in PAGE.items() if isinstance(one, Analysis)}
    have = {name: one for name, one in analyses.items() if not one.missing(results)}
    return [name for name, one in have.items() if one.figure(one.compute(results)) is not None]


def unmeasured(page: str) -> str:
    """Return the text of the line on what was not measured."""
    (line,) = re.findall(r'<p class="unmeasured">(.*?)</p>', page, re.DOTALL)
    return " ".join(line.split())


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


def test_the_page_is_whole_and_asks_for_nothing(ranked: Path) -> None:
    text = (ranked / "report.html").read_text()
    page = Page(text)
    assert not page.open, "every tag is closed"
    for address in page.addresses:
        if address.startswith("#"):
            assert address[1:] in page.anchors
        elif not address.startswith("data:"):
            assert re.fullmatch(r"\w+\.(csv|json|md|png|svg|tex)", address), (
                "a file beside the page"
            )
            assert (ranked / address).is_file(), address
    for image in re.findall(r"<img[^>]*>", text):
        assert 'src="data:' in image, "links are followed by a click only"
    assert not re.search(r"url\(|@import|<script", text)
    assert text.count('src="data:image/svg+xml;base64,') == len(drawable(ranked))


def test_the_page_spells_out_command_recipe_protocol_and_truth(ranked: Path) -> None:
    text = (ranked / "report.html").read_text()
    row = read_csv(ranked / "kendall_tau.csv").iloc[0]
    for part in (
        "run.py --m 2,4 &lt;&amp;&gt;",
        "learning rate 0.05 with cosine decay",
        "copies of one cell kept; truth = mean test accuracy",
        "made up",
        "the variance of cells as good",
        f"{row['tau_mean']:.3f}",
        "<td>calibration_reset</td><td>True</td>",
    ):
        assert part in text, part
    assert re.search(r"m = 4 \(34 cells.*shadow BN, calibrated 0\.\d\d \[.*noise ceiling 0\.", text)


def test_figures_are_saved_beside_the_page(ranked: Path) -> None:
    for name in drawable(ranked):
        assert (ranked / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (ranked / f"{name}.svg").read_text().startswith("<?xml")
    assert (ranked / "kendall_tau.md").read_text().startswith("m = 2, 9 cells")


def test_redrawing_gives_the_same_bytes(
    ranked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = shutil.ignore_patterns("*.png", "*.svg", "*.html", "*.md")
    copy = shutil.copytree(ranked, tmp_path / "digits", ignore=drawn)
    command([str(copy)])
    assert capsys.readouterr().out.strip() == str(copy / "report.html")
    for name in ("report.html", "kendall_tau.png", "scatter.svg", "kendall_tau.md"):
        assert (copy / name).read_bytes() == (ranked / name).read_bytes(), name


def test_what_was_not_measured_is_one_line(ranked: Path, tmp_path: Path) -> None:
    text = (ranked / "report.html").read_text()
    assert "Not drawn" not in text
    line = unmeasured(text)
    measured = [
        one for one in PAGE.values() if isinstance(one, Analysis) and "measure" in one.command
    ]
    for one in measured:
        assert one.title in line
        assert f"<h2>{one.title}</h2>" not in text
    assert len(measured) >= 9
    assert line.count("python bench/measure.py FOLDER") == 1, "the command once, for all"
    assert "--batch-norm shadow,single,combination" in line
    copy = shutil.copytree(ranked, tmp_path / "digits")
    (copy / "points.csv").unlink()
    with pytest.raises(ValueError, match=r"points\.csv was written and is gone"):
        write_report(copy)
    remove_kept(copy / "points.csv")
    text = write_report(copy).read_text()
    titles = f"Score against truth · {PAGE['search_cost'].title}"  # made-up runs have no times.csv
    assert f"{titles} (<code>python bench/run.py</code>)" in unmeasured(text)
    assert text.count('src="data:image/svg+xml;base64,') == len(drawable(copy))


def test_where_all_is_measured_there_is_no_such_line(measured_results: Path) -> None:
    assert "Not measured" not in (measured_results / "report.html").read_text()


def test_a_measurement_that_is_gone_is_missed(measured_results: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(measured_results, tmp_path / "digits")
    for path in copy.glob("*/*/jacobian.csv"):
        path.unlink()
    line = unmeasured(write_report(copy).read_text())
    titles = [PAGE[f"similarity_{name}"].title for name in ("table", "epochs", "map")]
    assert (
        line == f"Not measured: {' · '.join(titles)} (<code>python bench/measure.py FOLDER</code>)."
    )


def test_runs_of_single_paths_say_what_they_lack(single_path: Path) -> None:
    line = unmeasured(write_report(single_path).read_text())
    assert PAGE["bn_ratios"].title in line
    assert "python bench/run.py --m 2,3,4, then python bench/measure.py FOLDER" in line


def test_every_figure_links_to_its_numbers_and_files(measured_results: Path) -> None:
    text = (measured_results / "report.html").read_text()
    for name in drawable(measured_results):
        (section,) = re.findall(rf'<section id="{name}">.*?</section>', text, re.DOTALL)
        links = re.findall(r'href="([^"]+)"', section)
        assert {f"{name}.svg", f"{name}.png"} <= set(links)
        is_of_run_folders = name in ("bn_statistics", "similarity_map")
        assert any(link.endswith(".csv") for link in links) != is_of_run_folders, name
        assert (".csv in each run's folder" in section) == is_of_run_folders


def test_a_range_of_m_is_named_only_where_it_was_run(
    ranked: Path, measured_results: Path, single_path: Path
) -> None:
    titles = [
        re.findall(r"<h2>(Results for [^<]*)</h2>", (folder / "report.html").read_text())
        for folder in (ranked, measured_results, single_path)
    ]
    assert titles == [
        ["Results for m = 2 and 4"],
        ["Results for m = 1 and 2"],
        ["Results for m = 1"],
    ]


def test_tau_comes_right_after_the_method(ranked: Path) -> None:
    text = (ranked / "report.html").read_text()
    (section,) = re.findall(r'<section id="tables">.*?</section>', text, re.DOTALL)
    heads = re.findall(r"<thead><tr>(.*?)</tr>", section)
    assert len(heads) == 4
    for head in heads:
        assert re.findall(r"<th>(.*?)</th>", head)[:3] == ["method", "tau", "95%"]


def test_what_scrolls_sideways_says_so(ranked: Path) -> None:
    text = (ranked / "report.html").read_text()
    assert text.count('<div class="wide">') == text.count('<p class="hint">Scroll sideways') > 8
    assert re.search(r"@media \(max-width: \d+rem\) {\s*\.hint { display: block; }", text)


def test_an_own_analysis_is_a_dictionary_entry(
    ranked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compute(folder: Path) -> DataFrame:
        return read_csv(next(folder.glob("*/*/scores.csv")))

    def draw(frame: DataFrame, ax: Axes) -> Axes:
        ax.hist(frame["loss"])
        return ax

    own = Analysis(
        title="Losses of one run",
        caption="As scored.",
        measured=("scores.csv",),
        command="python bench/run.py",
        compute=compute,
        draw=draw,
    )
    monkeypatch.setitem(PAGE, "losses", own)
    copy = shutil.copytree(ranked, tmp_path / "digits")
    text = write_report(copy).read_text()
    assert "<h2>Losses of one run</h2>" in text
    assert (copy / "losses.png").is_file()


def test_one_protocol_has_no_section_of_others(ranked: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(ranked, tmp_path / "digits")
    lines = (copy / "kendall_tau.csv").read_text().splitlines(keepends=True)
    kept = "".join(line for line in lines if ",paper," not in line)
    write_kept(kept, copy / "kendall_tau.csv")
    assert "other protocols" not in write_report(copy).read_text()


@pytest.mark.parametrize("name", ["kendall_tau.csv", "ranking.json", "differences.csv"])
def test_a_folder_never_ranked_is_refused(ranked: Path, tmp_path: Path, name: str) -> None:
    copy = shutil.copytree(ranked, tmp_path / "digits")
    (copy / name).unlink()
    with pytest.raises(ValueError, match=f"has no {name}: rank it first, with python bench/run"):
        write_report(copy)


def damage(path: Path, old: str, new: str) -> str:
    """Replace the first of some texts in a file; return the name and line of where it was."""
    text = path.read_text()
    before, found, after = text.partition(old)
    assert found, old
    path.write_text(before + new + after)
    return f"{path}, line {before.count(chr(10)) + 1}: "


@pytest.mark.parametrize(
    ("pattern", "old", "new", "remedy"),
    [
        ("kendall_tau.csv", ",False,negative", ",Flase,negative", "delete it: ranking the runs"),
        ("kendall_tau_by_seed.csv", ",34.0,0.", ",34.0,1,0.", "delete it: ranking the runs"),
        ("differences.csv", ",single,", ",", "delete it: ranking the runs"),
        ("points.csv", ",0.9", ",9.9", "delete it: ranking the runs"),
        ("ranking.json", '"sound"', '"sound', "delete it: ranking the runs"),
        ("*/shadow-seed0/scores.csv", ",True,0.", ",True,none", "delete it: the same command"),
    ],
)
def test_a_damaged_file_is_named_in_one_line(
    ranked: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    pattern: str,
    old: str,
    new: str,
    remedy: str,
) -> None:
    copy = shutil.copytree(ranked, tmp_path / "digits")
    place = damage(next(iter(sorted(copy.glob(pattern)))), old, new)
    assert run_command(command, [str(copy)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert place in line
    assert remedy in line
