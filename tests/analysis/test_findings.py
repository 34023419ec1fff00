"""The findings page: what is committed is what its files give, and false words can't be written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from analysis import findings
from analysis.findings import PAGE, TEMPLATE, Figure, Findings, claim
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

REFERENCE = ROOT / "results" / "reference"
THEIRS = {"0.934", "0.904", "0.25", "0.5", "0.50", "0.33", "0.11", "0.06"}
"""What may be typed: the paper's figures, and what its Lemmas and uncorrelated paths would give."""

TEXT = """intro
{% block lead -%}
{% set lead = difference("digits", m=4, calibrated=True) -%}
- Shadow minus single is {{ lead }}.{{ claim(lead.high < limit) }} {{ sources() }}
{%- endblock %}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A results folder with one difference and one ranking."""
    (tmp_path / "digits").mkdir()
    row = {"m": 4, "bn": "shadow", "calibrated": True, "scorer": "accuracy", "protocol": "sound"}
    row |= {"minus": "single", "difference_mean": 0.123, "difference_low": -0.05}
    frame = pd.DataFrame([row | {"difference_high": 0.2}, row | {"m": 3, "difference_high": 0.3}])
    frame.to_csv(tmp_path / "digits" / "differences.csv", index=False)
    tau = {"m": 4, "bn": "-", "calibrated": "-", "scorer": "num_conv3x3", "protocol": "sound"}
    tau |= {"tau_mean": 0.79, "tau_low": 0.7, "tau_high": 0.85}
    pd.DataFrame([tau]).to_csv(tmp_path / "digits" / "kendall_tau.csv", index=False)
    (tmp_path / TEMPLATE).write_text(TEXT.replace("limit", "0.21"))
    return tmp_path


def test_the_page_is_what_the_committed_files_give() -> None:
    page = (REFERENCE / PAGE).read_text()
    assert Findings(REFERENCE).page() == page, "python -m analysis.findings results/reference"


def test_every_finding_names_its_files_and_columns() -> None:
    """And nothing that looks like a measured figure is typed into a finding."""
    template = (REFERENCE / TEMPLATE).read_text()
    blocks = re.findall(r"{% block (\w+) -?%}(.*?){%-? endblock %}", template, re.DOTALL)
    assert len(blocks) >= 20
    for name, text in blocks:
        assert text.count("{{ sources() }}") == 1, name
        assert typed(text) <= THEIRS, name


def test_nothing_measured_is_typed_into_the_readmes_findings() -> None:
    assert typed((REFERENCE / "summary.md.j2").read_text()) <= THEIRS


def test_no_claim_rests_on_a_typed_figure() -> None:
    """Except on what equal and uncorrelated paths would give."""
    templates = ((REFERENCE / name).read_text() for name in (TEMPLATE, "summary.md.j2"))
    claims = " ".join(re.findall(r"claim\((.*?)\) ?}}", "".join(templates), re.DOTALL))
    assert len(claims) > 200
    assert set(re.findall(r"\d+\.\d+", claims)) == {"0.25", "0.5"}


def typed(text: str) -> set[str]:
    """Find the figures of a template's own words."""
    words = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}|\]\(.*?\)", "", text, flags=re.DOTALL)
    return set(re.findall(r"\d+\.\d+", words))


@pytest.mark.parametrize(
    "path",
    re.findall(r"\]\(([\w/.-]+\.(?:csv|png|sh))\)", "".join((REFERENCE / PAGE).read_text())),
    ids=str,
)
def test_every_file_it_names_exists(path: str) -> None:
    assert (REFERENCE / path).is_file()


def test_figures_are_those_of_the_row(folder: Path) -> None:
    text = " ".join(Findings(folder).finding("lead").split())
    source = "[digits/differences.csv](digits/differences.csv)"
    columns = "difference_mean, difference_low, difference_high"
    expected = f"- Shadow minus single is 0.12 [-0.05, 0.20]. <sub>{source}: {columns}</sub>"
    assert text == expected


def test_a_changed_file_changes_the_page(folder: Path) -> None:
    before = Findings(folder).page()
    path = folder / "digits" / "differences.csv"
    path.write_text(path.read_text().replace("0.123", "0.133"))
    assert before.replace("0.12 ", "0.13 ") == Findings(folder).page() != before


def test_words_that_the_figures_no_longer_carry_are_refused(folder: Path) -> None:
    path = folder / "digits" / "differences.csv"
    path.write_text(path.read_text().replace(",0.2\n", ",0.25\n"))
    with pytest.raises(ValueError, match="no longer what its figures say"):
        Findings(folder).page()


def test_claim_says_nothing_where_it_is_true() -> None:
    assert claim(True) == ""


def test_a_row_must_be_one(folder: Path) -> None:
    known = Findings(folder)
    with pytest.raises(ValueError, match=r"differences\.csv: 0 rows, not one, have"):
        known.difference("digits", m=5, calibrated=True)
    with pytest.raises(ValueError, match=r"differences\.csv: 2 rows, not one, have"):
        known.figure("digits/differences.csv", "difference_mean", bn="shadow")


def test_a_baseline_is_found_by_its_scorer(folder: Path) -> None:
    assert str(Findings(folder).tau("digits", m=4, scorer="num_conv3x3")) == "0.79 [0.70, 0.85]"


def test_one_finding_is_printed_with_its_rows(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert findings.main([str(folder), "lead"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("- Shadow minus single is 0.12 [-0.05, 0.20].")
    assert "difference_mean" in out.splitlines()[-2]
    assert "0.123" in out.splitlines()[-1]


def test_an_unknown_finding_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"finding 'leed'.*lead"):
        Findings(folder).finding("leed")


def test_the_command_writes_the_page(folder: Path) -> None:
    assert findings.main([str(folder)]) == 0
    assert (folder / PAGE).read_text() == Findings(folder).page()


def test_a_figure_is_written_with_its_interval_where_it_has_one() -> None:
    assert str(Figure(0.5)) == "0.50"
    figure = Figure(0.1234, -0.2, 0.3)
    assert figure.to(1, 100) == "12.3 [-20.0, 30.0]"
    assert (figure.alone, figure.is_none) == ("0.12", True)
    assert (
        figure.lead
        == "none detected, 0.12 [-0.20, 0.30]: leads above 0.30, deficits above 0.20 excluded"
    )
    assert Figure(0.2, 0.1, 0.3).lead == "0.20 [0.10, 0.30], a lead"
    assert Figure(-0.2, -0.3, -0.1).lead == "-0.20 [-0.30, -0.10]: it is behind"
    assert Figure(0.2).lead == "0.20, without an interval"
    assert not Figure(0.2, 0.1, 0.3).is_none
