"""The README's result tables and findings, written from results/ and never by hand.

    python -m analysis.readme README.md

Between `<!-- tau: FOLDER,PROTOCOL,M ... -->` and `<!-- end -->` it puts a table of tau by accuracy,
then by negative loss, a column for each FOLDER's kendall_tau.csv under that protocol and m, and
last the paper's Table 3 for the m of the last column. Between `<!-- findings: TEMPLATE -->` and
`<!-- end -->` it puts that template, rendered against the CSV files beside it.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":  # imports what is below as a module, where Ctrl-C is heard
    from bench.base.start import run_module

    sys.exit(run_module("analysis.readme"))

import re
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import style
from analysis.findings import Findings
from analysis.frames import records
from analysis.phrases import NOTHING, describe_n, describe_tau, name_row
from analysis.published import TABLE3
from analysis.read import read_ranking
from bench.base.command import Parser, run_command
from bench.base.files import write_text
from bench.ranking.outputs import FINER, HEADLINE, KENDALL_TAU

if TYPE_CHECKING:
    from collections.abc import Sequence

METHODS = ("shadow", "single", "none")
BASELINES = ("num_parameters", "num_conv3x3")
BLOCK = re.compile(r"(<!-- (tau|findings): (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Write every table of a Markdown file anew."""
    file: Path = parser().parse_args(argv).file
    write_text(fill(file.read_text(encoding="utf-8"), file.parent), file)


def parser() -> Parser:
    """Describe the command line."""
    p = Parser(prog="python -m analysis.readme", description=__doc__)
    p.add_argument("file", type=Path, help="Markdown file with marks, such as README.md")
    return p


def fill(text: str, root: Path) -> str:
    """Replace what stands between the marks; folders are relative to `root`."""

    def filled(m: re.Match[str]) -> str:
        return table(root, m[3].split()) if m[2] == "tau" else sentences(root / m[3])

    return BLOCK.sub(lambda m: m[1] + filled(m) + "\n" + m[4], text)


def sentences(template: Path) -> str:
    """Render a template of findings."""
    return Findings(template.parent, template.name).page().strip()


def table(root: Path, columns: Sequence[str]) -> str:
    """Make one Markdown table: methods down, FOLDER,PROTOCOL,M across.

    Raises:
        ValueError: a column without results.
    """
    parts = [_rows(root, column) for column in columns]
    m = int(columns[-1].rpartition(",")[2])
    heads = ["", *(part[0] for part in parts), f"paper, Table 3, m = {m}"]
    names = list(dict.fromkeys(name for _, cells in parts for name in cells))
    lines = [heads, ["---"] * len(heads)]
    for name in names:
        claimed = TABLE3.get((m, *_place(name)))
        paper = NOTHING if claimed is None else f"{claimed.mean:.3f} ± {claimed.std:.3f}"
        lines.append([name, *(cells.get(name, NOTHING) for _, cells in parts), paper])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _rows(root: Path, column: str) -> tuple[str, dict[str, str]]:
    folder, protocol, m = column.split(",")
    frame = read_ranking(root / folder, KENDALL_TAU)
    shown = frame[(frame["protocol"] == protocol) & (frame["m"] == int(m))]
    parts = [shown[shown["bn"].isin(METHODS) & (shown["scorer"] == s)] for s in (HEADLINE, FINER)]
    rows = records(pd.concat([*parts, shown[shown["scorer"].isin(BASELINES)]]))
    if not rows:
        raise ValueError(f"{folder} has no results of protocol {protocol}, m={m}")
    head = f"{Path(folder).name}, protocol {protocol}, m = {m} ({describe_n(rows[0])})"
    ceiling = rows[0]["ceiling"]
    cells = {_name(row): describe_tau(row) for row in rows}
    return head, cells | {"noise ceiling": NOTHING if isnan(ceiling) else f"{ceiling:.2f}"}


def _name(row: dict[str, Any]) -> str:
    """Name a row, and the scorer where it is not the paper's."""
    return name_row(row) + (f", by {style.label(FINER)}" if row["scorer"] == FINER else "")


def _place(name: str) -> tuple[str, bool]:
    """Return the batch norm and calibrated of a row's name, as TABLE3 keys them."""
    method, _, state = name.partition(" BN, ")
    return ("", False) if "," in state else (method, state == "calibrated")
