"""Typed rows held against a schema, by pandera: values there, bounds, choices, keys."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from bench.base.checks import show
from bench.runs.schemas.model import FlawError

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

    from bench.runs.schemas.model import Column, Schema

SLACK = 1e-9
"""What a mean or a cosine may miss its bounds by, rounded as it is."""


def check_rows(frame: pd.DataFrame, schema: Schema) -> None:
    """Refuse rows that are not as the schema says.

    Raises:
        FlawError: the first of them.
    """
    import pandera.pandas as pa

    if not len(frame):
        return
    try:
        _pandera(schema, tuple(frame.columns)).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        raise _first(errors.failure_cases, frame) from errors
    if schema.keys and (again := frame.duplicated(list(schema.keys))).any():
        row = int(again.to_numpy().argmax())
        values = ", ".join(f"{name} {show(frame[name].iloc[row])}" for name in schema.keys)
        raise FlawError(row + 2, f"a row before it has the same {values}")


@cache
def _pandera(schema: Schema, names: tuple[str, ...]) -> pa.DataFrameSchema:
    import pandera.pandas as pa

    columns = {}
    for name in names:
        column = schema.column(name)
        dtype = None if column.kind == "str" else column.dtype
        columns[name] = pa.Column(dtype, _checks(column), nullable=column.nullable)
    return pa.DataFrameSchema(columns)


def _checks(column: Column) -> list[pa.Check]:
    """Make the checks of a column; each one's `error` completes 'VALUE ...'."""
    import numpy as np
    from pandera.pandas import Check

    checks = []
    if column.kind == "float":
        checks.append(Check(np.isfinite, error="is not finite"))
    if column.low is not None:
        checks.append(Check.ge(column.low - SLACK, error=f"is below {column.low:g}"))
    if column.high is not None:
        checks.append(Check.le(column.high + SLACK, error=f"is above {column.high:g}"))
    if column.choices:
        error = f"is none of {', '.join(column.choices)}"
        checks.append(Check.isin(column.choices, error=error))
    if column.pattern:
        error = f"is not like {column.pattern}"
        checks.append(Check.str_matches(rf"(?:{column.pattern})\Z", error=error))
    return checks


def _first(failures: pd.DataFrame, frame: pd.DataFrame) -> FlawError:
    """Put the failure of the lowest row into words."""
    one = failures.sort_values("index", kind="stable").iloc[0]
    if one["check"] == "not_nullable":
        return FlawError(int(one["index"]) + 2, f"column {one['column']!r}: no value")
    value = frame[one["column"]].iloc[int(one["index"])]
    return FlawError(
        int(one["index"]) + 2, f"column {one['column']!r}: {show(value)} {one['check']}"
    )
