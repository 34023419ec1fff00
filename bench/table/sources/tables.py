"""Tables as sources of a table: of this version, or of the one before tables had a seal.

A file without a seal is read by a process of its own under a time limit: damaged metadata can crash
HDF5, or send it round in circles.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.base.command import run_command
from bench.table.columns import BUDGET_COLUMNS, CELL_COLUMNS
from bench.table.data import Budget, TableData, TableError
from bench.table.file import TableFile
from bench.table.seal import is_unsealed
from bench.table.table import Table
from bench.table.verify import verify
from bench.table.write import write

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT_S = 60.0
"""How long reading an unsealed file may take; 423,624 cells take two seconds."""

_ROOT = Path(__file__).parents[3]


def read_table(path: Path) -> TableData:
    """Read a whole table; one of an older version is verified too.

    Raises:
        TableError: if it is no table, or a damaged one.
        FileNotFoundError: if it is missing.
    """
    if not is_unsealed(path):
        return _contents(TableFile(path))
    with tempfile.TemporaryDirectory() as folder:
        sealed = Path(folder) / "sealed.h5"
        _seal_in_a_process(path, sealed)
        with Table(sealed) as table:
            try:
                verify(table)
            except TableError as error:
                raise TableError(f"{path} is damaged: {error}") from None
        return _contents(TableFile(sealed))


def _seal_in_a_process(path: Path, out: Path) -> None:
    command = [sys.executable, "-m", __spec__.name, str(path.resolve()), str(out)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=_ROOT, timeout=LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise TableError(f"{path} is a damaged table: HDF5 finds no end; import it again") from None
    if done.returncode:
        reason = done.stderr.strip().rpartition("error: ")[2] or "HDF5 crashes on it"
        raise TableError(f"{path} can't be read: {reason}")


def _contents(file: TableFile) -> TableData:
    try:
        budgets = {}
        for epochs in file.budgets:
            columns = {name: file.column(name, epochs) for name in BUDGET_COLUMNS}
            budgets[epochs] = Budget(mean_only=columns.pop("mean_only"), figures=columns)
        hashes, *cells = map(file.column, CELL_COLUMNS)
        return TableData(
            hashes=hashes,
            **dict(zip([*CELL_COLUMNS][1:], cells, strict=True)),
            budgets=budgets,
            skeleton=file.skeleton,
            sources=file.sources,
            details=file.details,
        )
    finally:
        file.close()


def _command(argv: Sequence[str] | None = None) -> None:
    """Read an unsealed table and write it sealed: PATH OUT."""
    path, out = map(Path, argv or sys.argv[1:])
    write(out, _contents(TableFile(path, is_sealed=False)))


if __name__ == "__main__":
    sys.exit(run_command(_command))
