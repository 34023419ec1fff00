"""A table of text, and how it becomes Markdown or a table on a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from rich.table import Table as RichTable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

LATEX_SIGNS = {sign: f"\\{sign}" for sign in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
}


@dataclass(frozen=True, kw_only=True)
class TextTable:
    """A table as text.

    Attributes:
        caption: m, protocol, recipe and n in words.
        columns: their headings.
        rows: of as many cells.
    """

    caption: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Tables:
    """A section of the page that holds tables.

    Attributes:
        title: its heading.
        text: a sentence below it.
        compute: makes its tables from files of a results folder.
        numbers: names of files of that folder that hold what is shown.
    """

    title: str
    text: str
    compute: Callable[[Path], list[TextTable]]
    numbers: tuple[str, ...]


def to_markdown(table: TextTable) -> str:
    """Write a table as Markdown, its caption above."""
    lines = [table.columns, tuple("---" for _ in table.columns), *table.rows]
    return "\n".join([f"{table.caption}.", "", *("| " + " | ".join(line) + " |" for line in lines)])


def to_latex(table: TextTable) -> str:
    """Write a table as LaTeX, with the rules of the package booktabs."""
    frame = pd.DataFrame(table.rows, columns=list(table.columns))
    texts = frame.map(_escape).rename(columns=_escape)
    layout = "l" + "r" * (len(table.columns) - 1)
    return texts.to_latex(index=False, column_format=layout, caption=_escape(table.caption))


def to_rich(table: TextTable, headings: Mapping[str, str], words: Collection[str]) -> RichTable:
    """Make a table for a terminal.

    Args:
        table: what to show.
        headings: by column, what to write above it.
        words: columns of words, on the left and folded where they are long; others hold numbers.
    """
    rich = RichTable(title=table.caption, title_justify="left", box=None, pad_edge=False)
    for column in table.columns:
        is_text = column in words
        rich.add_column(
            headings[column],
            justify="left" if is_text else "right",
            no_wrap=not is_text,
            overflow="fold",
        )
    for row in table.rows:
        rich.add_row(*row)
    return rich


def _escape(text: str) -> str:
    """Write what LaTeX would take for a command."""
    return "".join(LATEX_SIGNS.get(sign, sign) for sign in text)
