"""The findings: sentences whose figures are read from committed CSV files, never typed.

    python -m analysis.findings results/reference             # write README.md there anew
    python -m analysis.findings results/reference raw-lead    # one finding, and what it reads

README.md.j2 in that folder is the page, with each figure named by its file, row and columns, and
each `claim` by the condition under which the words before it are true: a page whose words its
figures no longer carry can't be written. A finding is a block of it, so that one can be had alone.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":  # imports what is below as a module, where Ctrl-C is heard
    from bench.base.start import run_module

    sys.exit(run_module("analysis.findings"))

import functools
import re
import textwrap
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis.frames import records
from analysis.phrases import excluded, number, with_interval
from analysis.published import TABLE3, TABLE4, shadow_minus_single
from bench.base.command import Parser, run_command
from bench.base.files import write_text
from bench.base.names import unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

TEMPLATE, PAGE = "README.md.j2", "README.md"
WIDTH = 130
ITEM = r"- |\d\. "
NAN = float("nan")


@dataclass(frozen=True)
class Figure:
    """A figure of a file: written with two digits, and its 95% interval where it has one."""

    mean: float
    low: float = NAN
    high: float = NAN
    num: int = 0

    def __str__(self) -> str:
        return self.to(2)

    def to(self, digits: int, factor: float = 1) -> str:
        """Write it with so many digits, multiplied by a factor (100: percent)."""
        return with_interval(factor * self.mean, factor * self.low, factor * self.high, digits)

    @property
    def lead(self) -> str:
        """A difference in words, and what it excludes where none was detected."""
        if isnan(self.low):
            return f"{self}, without an interval"
        if self.is_none:
            return f"none detected, {self}: {excluded(self.low, self.high)}"
        return f"{self}, a lead" if self.low > 0 else f"{self}: it is behind"

    @property
    def alone(self) -> str:
        """The figure without its interval."""
        return number(self.mean, 2)

    @property
    def is_none(self) -> bool:
        """Whether the interval holds zero."""
        return self.low <= 0 <= self.high

    def overlaps(self, other: Figure) -> bool:
        """Tell whether two intervals have a value in common."""
        return self.low <= other.high and other.low <= self.high


class Findings:
    """A template rendered against the CSV files beside it.

    Attributes:
        read: every figure rendered so far: its file, the row, and the columns used.
    """

    def __init__(self, folder: Path, template: str = TEMPLATE) -> None:
        self.folder = folder
        self.read: list[tuple[str, pd.DataFrame, list[str]]] = []
        self._num_named = 0
        self._file = functools.cache(lambda file: pd.read_csv(folder / file))
        environment = Environment(
            loader=FileSystemLoader(folder), undefined=StrictUndefined, keep_trailing_newline=True
        )
        self.template = environment.get_template(template, globals=self._words())

    def page(self) -> str:
        """Return the whole page."""
        return wrapped(self.template.render())

    def finding(self, name: str) -> str:
        """Return one finding's sentences, as they stand on the page.

        Raises:
            ValueError: no finding has the name.
        """
        blocks = {block.replace("_", "-"): render for block, render in self.template.blocks.items()}
        if name not in blocks:
            raise unknown("finding", name, blocks)
        return wrapped("".join(blocks[name](self.template.new_context())).strip())

    def figure(
        self, file: str, mean: str, low: str | None = None, high: str | None = None, **row: Any
    ) -> Figure:
        """Read a figure from the only row of a file that has these values.

        Raises:
            ValueError: no such row, or several.
        """
        columns = [name for name in (mean, low, high) if name]
        found = self.rows(file, *columns, **row)
        if len(found) != 1:
            raise ValueError(f"{file}: {len(found)} rows, not one, have {row}")
        values = [*(float(found[0][name]) for name in columns), NAN, NAN]
        return Figure(values[0], values[1], values[2], int(found[0].get("num_seeds", 0)))

    def rows(self, file: str, *columns: str, **row: Any) -> list[dict[str, Any]]:
        """Read the rows of a file that have these values, whole, for some of their columns."""
        frame = self._file(file)
        for column, value in row.items():
            values = frame[column]
            is_text = values.dtype == object or pd.api.types.is_string_dtype(values)
            frame = frame[values == (str(value) if is_text else value)]
        self.read.append((file, frame[list(dict.fromkeys([*row, *columns]))], list(columns)))
        return records(frame)

    def count(self, file: str, column: str, **row: Any) -> str:
        """Read a whole number from the only row that has these values."""
        return f"{self.figure(file, column, **row).mean:,.0f}"

    def between(self, file: str, column: str, **row: Any) -> str:
        """Read the least and the most of a column over rows that have these values."""
        values = [found[column] for found in self.rows(file, column, **row)]
        return f"{number(min(values), 2)} to {number(max(values), 2)}"

    def tau(self, folder: str, what: str = "tau", **row: Any) -> Figure:
        """Read a tau of kendall_tau.csv: by accuracy, protocol sound, unless said otherwise."""
        row = {"scorer": "accuracy", "protocol": "sound"} | row
        if "bn" not in row:
            row |= {"bn": "-", "calibrated": "-"}
        mean = "tau_mean" if what == "tau" else what
        return self.figure(f"{folder}/kendall_tau.csv", mean, f"{what}_low", f"{what}_high", **row)

    def difference(self, folder: str, **row: Any) -> Figure:
        """Read a paired difference of differences.csv: shadow minus single BN by accuracy."""
        row = {"scorer": "accuracy", "protocol": "sound", "bn": "shadow", "minus": "single"} | row
        columns = ("difference_mean", "difference_low", "difference_high")
        return self.figure(f"{folder}/differences.csv", *columns, **row)

    def sources(self) -> str:
        """Name the files and columns of the figures since the last call."""
        used: dict[str, dict[str, None]] = {}
        for file, _, columns in self.read[self._num_named :]:
            used.setdefault(file, {}).update(dict.fromkeys(columns))
        self._num_named = len(self.read)
        parts = (f"[{file}]({file}): {', '.join(columns)}" for file, columns in used.items())
        return f"<sub>{'; '.join(parts)}</sub>"

    def _words(self) -> dict[str, Any]:
        return {
            "figure": self.figure,
            "rows": self.rows,
            "count": self.count,
            "between": self.between,
            "number": number,
            "tau": self.tau,
            "difference": self.difference,
            "sources": self.sources,
            "claim": claim,
            "paper": lambda m, bn, calibrated: TABLE3[m, bn, calibrated].mean,
            "papers_lead": shadow_minus_single,
            "papers_cosine": lambda what: TABLE4[what].mean,
        }


def wrapped(text: str) -> str:
    """Fill paragraphs and items to the width; a template may break its lines anywhere."""
    parts = re.split(rf"(\n{{2,}}|\n(?={ITEM}))", text)
    return "".join(part if part.isspace() or part[:1] in "#!|" else _fill(part) for part in parts)


def _fill(text: str) -> str:
    item, end = re.match(ITEM, text), "\n" if text.endswith("\n") else ""
    indent = " " * len(item[0]) if item else ""
    look: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
    return textwrap.fill(" ".join(text.split()), WIDTH, subsequent_indent=indent, **look) + end


def claim(is_true: bool) -> str:
    """Stand behind words: nothing where the figures carry them.

    Raises:
        ValueError: they do not.
    """
    if not is_true:
        raise ValueError("a sentence of the page is no longer what its figures say: rewrite it")
    return ""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Write the page, or print one finding."""
    values = parser().parse_args(argv)
    findings = Findings(values.folder)
    if values.name is None:
        write_text(findings.page(), values.folder / PAGE)
        return
    print(findings.finding(values.name))
    for file, row, _ in findings.read:
        print(f"\n{file}\n{row.to_string(index=False)}")


def parser() -> Parser:
    """Describe the command line."""
    p = Parser(prog="python -m analysis.findings", description=__doc__)
    p.add_argument("folder", type=Path, help=f"folder with {TEMPLATE} and the results")
    p.add_argument("name", nargs="?", help="of one finding, such as raw-lead (default: all)")
    return p
