"""Whether a source is whole: each of its rows may be right and the file still cut, or doubled."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.table.data import Source, TableData, TableError
from bench.table.sources.download import FILES

_NUM_NAMED = 3


def check_official(path: Path, source: Source) -> None:
    """Refuse a file that has an official one's name and not its contents.

    Raises:
        TableError: if it is such a file.
    """
    for file in FILES.values():
        if source.name == file.name and source.sha256 != file.sha256:
            raise TableError(
                f"{path} has SHA-256 {source.sha256}, the official file of that name "
                f"{file.sha256}: download it again, or rename it if it is meant to be another"
            )


def check_repeats(path: Path, table: TableData) -> None:
    """Refuse a source in which some cells have fewer repeats than others, as where it was cut.

    Raises:
        TableError: naming how many, and the first of them.
    """
    for epochs, budget in table.budgets.items():
        counts = (~np.isnan(np.stack([*budget.figures.values()]))).any(axis=0).sum(axis=1)
        fewer = np.flatnonzero(counts < counts.max())
        if len(fewer):
            raise TableError(
                f"{path}: {len(fewer):,} of {len(counts):,} cells have fewer than {counts.max()} "
                f"repeats after {epochs} epochs, first {_hashes(table, fewer)}: is the file whole? "
                "if so, import it with --fewer-repeats"
            )


def check_copies(path: Path, table: TableData) -> None:
    """Refuse a source with the same repeat twice: no two trainings agree in every figure and time.

    Raises:
        TableError: naming how many cells, and the first of them.
    """
    for epochs, budget in table.budgets.items():
        figures = np.stack([*budget.figures.values()])  # (figure, cell, repeat)
        pairs = [
            (figures[..., gap:] == figures[..., :-gap]).all(axis=0).any(axis=1)
            for gap in range(1, table.num_repeats)
        ]
        copied = np.flatnonzero(np.any(pairs, axis=0))
        if pairs and len(copied):
            raise TableError(
                f"{path}: {len(copied):,} cells have the same repeat twice after {epochs} epochs, "
                f"first {_hashes(table, copied)}: is the file itself, once? download it again"
            )


def _hashes(table: TableData, cells: NDArray[np.intp]) -> str:
    return ", ".join(table.hashes[index].tobytes().hex() for index in cells[:_NUM_NAMED])
