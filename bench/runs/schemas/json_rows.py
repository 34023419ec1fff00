"""The rows of a CSV file as JSON beside it, for programs that would rather read that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bench.base.files import write_text
from bench.runs.schemas.csv_files import conform

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from bench.runs.schemas.model import Schema


def write_rows(frame: pd.DataFrame, path: Path, schema: Schema, note: str = "") -> None:
    """Write the rows of a table as JSON: file, version of the schema, rows; unknown values null.

    Args:
        frame: the table.
        path: of the CSV file; the suffix becomes .json.
        schema: of the table.
        note: what a reader must know of all rows, or empty.

    Raises:
        ValueError: it is not as the schema says.
    """
    rows = json.loads(conform(frame, schema).to_json(orient="records", double_precision=15))
    about = {"file": schema.name, "version": schema.version}
    about |= {"note": note} if note else {}
    about |= {"rows": rows}
    write_text(json.dumps(about, indent=1) + "\n", path.with_suffix(".json"))
