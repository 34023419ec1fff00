"""The page: report.html, one self-contained file drawn from the files of a results folder.

`write_report` redraws everything: figures as PNG and SVG, kendall_tau.md, and the page. So does
    python -m analysis results/digits
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from analysis import style
from analysis.registry import ANALYSES, Analysis
from analysis.tables import (
    TextTable,
    describe_n,
    describe_tau,
    difference_tables,
    markdown_tables,
    name_protocol,
    name_row,
    tau_tables,
)
from bench.base.files import read_csv, write_csv, write_text
from bench.ranking.outputs import ABOUT, DIFFERENCES, DIGITS, HEADLINE, KENDALL_TAU

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pandas import DataFrame

REPORT, MARKDOWN = "report.html", "kendall_tau.md"


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the page.

    Attributes:
        name: its anchor.
        title: its heading.
        text: a sentence or two below it.
        image: address of a figure, or empty.
        tables: below the figure.
    """

    name: str
    title: str
    text: str = ""
    image: str = ""
    tables: Sequence[TextTable] = ()


def write_report(results: Path) -> Path:
    """Draw every analysis and write the page.

    Args:
        results: a results folder with the files of the ranking stage.

    Returns:
        Path of the page.

    Raises:
        ValueError: the folder was never ranked.
    """
    for name in (ABOUT, KENDALL_TAU, DIFFERENCES):
        if not (results / name).is_file():
            raise ValueError(
                f"{results} has no {name}: rank it first, with python bench/run.py --out {results}"
            )
    frame, about = read_csv(results / KENDALL_TAU), json.loads((results / ABOUT).read_text())
    write_text(markdown_tables(frame), results / MARKDOWN)
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
    template = environment.get_template("report.html.j2")
    return (
        template.render(
            title=f"Ranking report: {results.resolve().name}",
            summary=_summary(frame),
            about=about,
            sections=[section for section in _sections(results, frame) if section],
            headline=name_protocol(frame["protocol"].iloc[0]),
            recipe_tables={
                name: _recipe_table(recipe) for name, recipe in about["recipes"].items()
            },
            table=_flat_table(about["table"]),
        )
        + "\n"
    )


def _sections(results: Path, frame: DataFrame) -> list[Section | None]:
    figures = {name: _draw(results, name, one) for name, one in ANALYSES.items()}
    tau, others = figures.pop("kendall_tau"), figures.pop("kendall_tau_protocols")
    return [
        tau,
        Section(name="tables", title="Tables of tau", tables=tau_tables(frame)),
        Section(
            name="differences",
            title="Does shadow batch norm rank better?",
            text="Differences of tau. An interval that holds 0 settles nothing.",
            tables=[t for t in difference_tables(read_csv(results / DIFFERENCES)) if t.rows],
        ),
        others,
        *figures.values(),
    ]


def _draw(results: Path, name: str, analysis: Analysis) -> Section | None:
    """Save an analysis' figure and make its section; without its input, say what would make it."""
    if missing := analysis.missing(results):
        text = f"Not drawn: it needs {', '.join(missing)}, which {analysis.command} writes."
        return Section(name=name, title=analysis.title, text=text)
    frame = analysis.compute(results)
    if analysis.summarise is not None:
        write_csv(analysis.summarise(frame).round(DIGITS), results / f"{name}.csv")
    figure = analysis.figure(frame)
    if figure is None:
        return None
    style.save(figure, results / name)
    image = style.data_uri(results / f"{name}.svg")
    return Section(name=name, title=analysis.title, text=analysis.caption, image=image)


def _summary(frame: DataFrame) -> list[str]:
    """Say in a sentence per m what the headline scorer found under the headline protocol."""
    shown = frame[frame["protocol"] == frame["protocol"].iloc[0]]
    shown = shown[(shown["scorer"] == HEADLINE) | (shown["bn"] == "-")]
    return [_sentence(same.to_dict("records")) for _, same in shown.groupby("m")]


def _sentence(rows: list[Any]) -> str:
    parts = [
        f"{name_row(row)} {describe_tau(row)}"
        for row in rows
        if row["calibrated"] == "True" or row["scorer"] in ("num_parameters", "num_conv3x3")
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
