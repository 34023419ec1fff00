"""The page: report.html, one self-contained file drawn from the files of a results folder.

`write_report` redraws everything: figures as PNG and SVG, kendall_tau.md, and the page. So does
    python -m analysis results/digits
Figures are embedded; links to their files beside the page are for whoever has the folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from analysis import style
from analysis.given.tables import given_sentence
from analysis.phrases import NOTHING, describe_n, describe_tau, name_ms, name_protocol, name_row
from analysis.read import check_runs, read_about, read_ranking
from analysis.registry import GIVEN_PAGE, PAGE
from analysis.tables import LATEX, MARKDOWN, latex_tables, markdown_tables
from analysis.text_table import Tables, TextTable
from bench.base.files import write_text
from bench.ranking.outputs import ABOUT, DIFFERENCES, HEADLINE, KENDALL_TAU
from bench.runs.schemas.calibrated import is_calibrated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pandas import DataFrame

    from analysis.figure import Analysis

REPORT, TEMPLATE = "report.html", "report.html.j2"
CHEAP = ("num_parameters", "num_conv3x3")
"""Baselines that the page's first sentences name."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the page.

    Attributes:
        name: its anchor.
        title: its heading.
        text: a sentence or two below it.
        image: address of a figure, or empty.
        tables: below the figure.
        files: names of files beside the page that hold what is shown.
        measured: names of files of run folders, where only those hold its numbers.
    """

    name: str
    title: str
    text: str = ""
    image: str = ""
    tables: Sequence[TextTable] = ()
    files: Sequence[str] = ()
    measured: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Unmeasured:
    """Titles of sections that could not be drawn, and the command that makes what they lack."""

    titles: Sequence[str]
    command: str


def write_report(results: Path) -> Path:
    """Draw every analysis and write the page.

    Args:
        results: a results folder with the files of the ranking stage.

    Returns:
        Path of the page.

    Raises:
        ValueError: the folder was never ranked, or a file is not as it was written.
    """
    for name in (ABOUT, KENDALL_TAU, DIFFERENCES):
        if not (results / name).is_file():
            raise ValueError(
                f"{results} has no {name}: rank it first, with python bench/run.py --out {results}"
            )
    check_runs(results)
    frame = read_ranking(results, KENDALL_TAU)
    about = read_about(results)
    note = f"{about['truth_note']}.\n\n" if about["truth_note"] else ""
    write_text(note + markdown_tables(frame), results / MARKDOWN)
    write_text(latex_tables(frame, about["truth_note"]), results / LATEX)
    write_text(_page(results, frame, about), results / REPORT)
    return results / REPORT


def _page(results: Path, frame: DataFrame, about: dict[str, Any]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    sections, unmeasured = _sections(results, GIVEN_PAGE if about["given"] else PAGE)
    text = environment.get_template(TEMPLATE).render(
        title=f"Ranking report: {results.resolve().name}",
        summary=_given_summary(frame, about) if about["given"] else _summary(frame),
        about=about,
        sections=sections,
        unmeasured=unmeasured,
        headline=name_protocol(frame["protocol"].iloc[0]),
        recipe_tables={name: _recipe_table(recipe) for name, recipe in about["recipes"].items()},
        table=_flat_table(about["table"]),
        given=_flat_table(about["given"]),
    )
    return text + "\n"


def _sections(
    results: Path, page: Mapping[str, Analysis | Tables]
) -> tuple[list[Section], list[Unmeasured]]:
    """Draw what can be drawn, and collect the rest by the command that would make it."""
    sections: list[Section] = []
    lacking: dict[str, list[str]] = {}
    for name, one in page.items():
        if isinstance(one, Tables):
            sections.append(_tables(results, name, one))
        elif one.missing(results):
            lacking.setdefault(one.command, []).append(one.title)
        elif (frame := one.save(results, name)) is not None:
            sections.append(_figure(results, name, one, frame))
        elif one.other_command:
            lacking.setdefault(one.other_command, []).append(one.title)
    return sections, [Unmeasured(titles=titles, command=c) for c, titles in lacking.items()]


def _tables(results: Path, name: str, one: Tables) -> Section:
    tables, files = one.compute(results), _existing(results, one.numbers)
    return Section(name=name, title=one.title, text=one.text, tables=tables, files=files)


def _figure(results: Path, name: str, one: Analysis, frame: DataFrame) -> Section:
    own = [f"{name}.csv"] if one.summarise else []
    numbers = [*own, *one.numbers]
    return Section(
        name=name,
        title=_title(one, frame),
        text=one.caption,
        image=style.data_uri(results / f"{name}.svg"),
        files=_existing(results, [*numbers, f"{name}.svg", f"{name}.png"]),
        measured=() if numbers else one.measured,
    )


def _title(one: Analysis, frame: DataFrame) -> str:
    return one.title.format(ms=name_ms(frame["m"])) if "{ms}" in one.title else one.title


def _existing(results: Path, names: Sequence[str]) -> list[str]:
    return [name for name in names if (results / name).is_file()]


def _summary(frame: DataFrame) -> list[str]:
    """Say in a sentence per m what the headline scorer found under the headline protocol."""
    shown = frame[frame["protocol"] == frame["protocol"].iloc[0]]
    shown = shown[(shown["scorer"] == HEADLINE) | (shown["bn"] == NOTHING)]
    return [_sentence(same.to_dict("records")) for _, same in shown.groupby("m")]


def _given_summary(frame: DataFrame, about: dict[str, Any]) -> list[str]:
    return [given_sentence(frame), f"Cells: {about['given']['cells']}."]


def _sentence(rows: list[Any]) -> str:
    parts = [
        f"{name_row(row)} {describe_tau(row)}"
        for row in rows
        if is_calibrated(row["calibrated"]) or row["scorer"] in CHEAP
    ]
    ceiling = "unknown" if isnan(rows[0]["ceiling"]) else f"{rows[0]['ceiling']:.2f}"
    start = f"m = {rows[0]['m']} ({describe_n(rows[0])}): tau of "
    return f"{start}{', '.join(parts)}; noise ceiling {ceiling}."


def _recipe_table(recipe: dict[str, Any]) -> TextTable:
    runs = {"m": recipe["m"], "batch norms": recipe["batch_norms"], "seeds": recipe["seeds"]}
    return _flat_table(runs | recipe["fields"])


def _flat_table(values: dict[str, Any]) -> TextTable:
    return TextTable(caption="", columns=("field", "value"), rows=list(_flat(values)))


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}: ")
        elif isinstance(value, list):
            yield prefix + name, ", ".join(_text(part) for part in value) or "none"
        else:
            yield prefix + name, str(value)


def _text(value: Any) -> str:
    return " ".join(str(v) for v in value.values()) if isinstance(value, dict) else str(value)
