"""Bytes of a CSV file made into typed columns by a schema.

Rows are split by the standard library and not by pandas, which fills short rows silently and
guesses types by content: an architecture '12' would be a number. Floats keep every bit.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

from bench.base.checks import show
from bench.runs.schemas.model import FlawError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from bench.runs.schemas.model import Column, Schema

# Stricter than int() and float(), which take '1_000', ' 1' and digits of any script.
INTEGER = re.compile(r"-?[0-9]{1,18}")
NUMBER = re.compile(r"-?([0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?|inf)", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
TRUTHS = {"True": True, "False": False}
REFUSALS = {
    "int": "is no integer",
    "float": "is no number",
    "bool": "is neither True nor False",
    "calibrated": "is neither True nor False",
}


def parse(raw: bytes, schema: Schema) -> pd.DataFrame:
    """Make a table of a file's bytes: its columns, then those it was written without.

    Raises:
        FlawError: it is not as the schema says.
    """
    import pandas as pd

    header, *rows = split(raw) or [[]]
    schema.check_names(header)
    for line, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise FlawError(line, f"{len(row)} values, where the header has {len(header)}")
    texts = list(zip(*rows, strict=True)) or [()] * len(header)
    columns = dict(zip(header, texts, strict=True))
    for name, column in schema.columns.items():
        if name not in columns:
            if rows and column.default is None:
                raise FlawError(1, f"column {name!r} is missing")
            columns[name] = (column.default or "",) * len(rows)
    return pd.DataFrame(
        {name: _typed(texts, schema.column(name), name) for name, texts in columns.items()}
    )


def split(raw: bytes) -> list[list[str]]:
    r"""Split a file into rows of texts, the header first; none for a table of nothing, '\n'."""
    text = decode(raw)
    if not text:
        raise FlawError(1, "the file is empty")
    if not text.endswith("\n"):
        raise FlawError(text.count("\n") + 1, "the line is cut off")
    if text == "\n":
        return []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return list(reader)
    except csv.Error as error:
        raise FlawError(reader.line_num, f"no CSV: {error}") from error


def decode(raw: bytes) -> str:
    """Decode a text file.

    Raises:
        FlawError: bytes that are no text.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise FlawError(line, f"byte {raw[error.start]:#04x} is no text") from error
    if odd := CONTROL.search(text):
        raise FlawError(text.count("\n", 0, odd.start()) + 1, f"{odd[0]!r} is no text")
    return text


def _typed(texts: Sequence[str], column: Column, name: str) -> pd.Series[Any]:
    import pandas as pd

    values, text = {}, ""
    try:
        for text in dict.fromkeys(texts):  # each distinct text once
            values[text] = _value(text, column)
    except ValueError as error:
        line = texts.index(text) + 2
        raise FlawError(line, f"column {name!r}: {show(text)} {error}") from error
    typed: pd.Series[Any] = pd.Series([values[text] for text in texts], dtype=column.dtype)
    return typed


def _value(text: str, column: Column) -> Any:
    if text == column.gap and column.nullable:
        return "" if column.kind == "str" else None
    if text == "":
        raise ValueError("is no value")
    if column.kind == "str":
        return text
    if column.kind == "int" and INTEGER.fullmatch(text):
        return int(text)
    if column.kind == "float" and NUMBER.fullmatch(text):
        return float(text)
    if column.kind in ("bool", "calibrated") and text in TRUTHS:
        return TRUTHS[text]
    raise ValueError(REFUSALS[column.kind])
