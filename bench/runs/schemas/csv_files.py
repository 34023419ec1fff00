"""CSV files read and written by their schemas.

What is written is checked as what is read is, so that a file that can't be read was damaged since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.base.files import csv_text
from bench.runs.digests import read_kept, write_kept
from bench.runs.schemas.calibrated import calibrated_text, to_calibrated
from bench.runs.schemas.model import DamagedFileError, FlawError
from bench.runs.schemas.parsing import parse
from bench.runs.schemas.validation import check_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from bench.runs.schemas.model import Column, Schema


def read(
    path: Path, schema: Schema, check: Callable[[pd.DataFrame], None] | None = None
) -> pd.DataFrame:
    """Read a CSV file: columns in the file's order, typed, then those it was written without.

    Args:
        path: the file.
        schema: what it holds.
        check: called with the rows; raises FlawError where they are not what is to be there.

    Raises:
        DamagedFileError: it is not as the schema says, or not as it was written.
    """
    data, doubt = read_kept(path)
    try:
        frame = parse(data, schema)
        check_rows(frame, schema)
        if check is not None:
            check(frame)
    except FlawError as flaw:
        raise DamagedFileError(f"{path}, line {flaw.line}: {flaw}; {schema.remedy}") from flaw
    if doubt:
        raise DamagedFileError(f"{path}: {doubt}; {schema.remedy}")
    return frame


def write(frame: pd.DataFrame, path: Path, schema: Schema) -> None:
    """Check a table and write it as CSV, whole or not at all, columns and rows in their order.

    Raises:
        ValueError: it is not as the schema says; nothing is written.
    """
    try:
        typed = _conform(frame, schema)
        check_rows(typed, schema)
    except FlawError as flaw:
        raise ValueError(f"{path} is not written: line {flaw.line}: {flaw}") from flaw
    calibrated = [n for n in typed.columns if schema.column(n).kind == "calibrated"]
    texts = typed.assign(**{n: typed[n].map(calibrated_text) for n in calibrated})
    write_kept(csv_text(texts), path)


def conform(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Give a table made in memory the types that it has once written and read.

    Raises:
        ValueError: values of other types, columns missing or unknown.
    """
    try:
        return _conform(frame, schema)
    except FlawError as flaw:
        raise ValueError(f"rows of {schema.name}: {flaw}") from flaw


def _conform(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    names = list(frame.columns)
    schema.check_names(names)
    missing = [name for name in schema.columns if name not in names]
    if missing and len(frame):  # of no rows, pandas makes a table without columns
        raise FlawError(1, f"column {missing[0]!r} is missing")
    frame = frame.reset_index(drop=True)
    return frame.assign(**{name: _as(frame[name], schema.column(name), name) for name in names})


def _as(values: pd.Series[Any], column: Column, name: str) -> pd.Series[Any]:
    """Cast a column; by way of pandas' nullable types, which refuse what numpy's would cut."""
    try:
        if column.kind == "calibrated":
            return to_calibrated(values)
        if column.kind == "str":
            return values.fillna("") if column.nullable else values
        via: Any = {"int": "Int64", "float": "Float64", "bool": "boolean"}[column.kind]
        typed: pd.Series[Any] = values.astype(via).astype(column.dtype)
        return typed
    except (TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise FlawError(1, f"column {name!r} is not of type {column.kind}: {reason}") from error
