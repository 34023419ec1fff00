"""The ground truth, opened read-only: accuracies of cells by hash or by graph, in microseconds.

Every answer is about all repeats or their mean, never a random one. Missing repeats are NaN; a
cell known only by its mean is flagged, has the mean as its repeat 0, and `repeats` refuses it.
Opening checks a digest of the whole file, 10 to 20 ms for 423,624 cells with one budget; each array
is read whole, and checked, when first asked for.
`epochs` is the budget everywhere, the largest of the table unless given.
"""

import hashlib
import math
import string
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.base.files import data_folder
from bench.base.names import unknown
from bench.network.cell import Cell
from bench.network.skeleton import Skeleton
from bench.table.builder import Row, write_table
from bench.table.data import (
    FIGURES,
    SPLITS,
    CellNotInTableError,
    Source,
    TableError,
    tied,
)
from bench.table.file import TableFile
from bench.table.packing import Key, digest_of, unpack

__all__ = [
    "CellNotInTableError",
    "Row",
    "Source",
    "Table",
    "TableError",
    "data_folder",
    "default_table_path",
    "open_table",
    "write_table",
]

DIGITS = Path(__file__).with_name("digits_truth.h5")
"""The table that ships with the project."""

AnyKey = TypeVar("AnyKey", bound=Key)


def default_table_path() -> Path:
    """Return where the imported NAS-Bench-101 table is kept."""
    return data_folder() / "nasbench101.h5"


def open_table(name: str) -> "Table":
    """Open a truth table: 'digits' (ships with us), 'nasbench101' (imported), or a path.

    Raises:
        TableError: a table that is missing, truncated or foreign.
    """
    named = {"digits": DIGITS, "nasbench101": default_table_path()}
    return Table(named.get(name, Path(name)))


class Table:
    """An open table; close it, or use it in a `with` statement.

    Args:
        path: the HDF5 file.

    Raises:
        TableError: if the file is missing, truncated, foreign or of another schema version.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._file = TableFile(self.path)

    def __enter__(self) -> "Table":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return self._file.num_cells

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str | Cell) and self._find(key) is not None

    def close(self) -> None:
        """Close the file; arrays already read keep answering."""
        self._file.close()

    @property
    def budgets(self) -> tuple[int, ...]:
        """Numbers of epochs, ascending."""
        return self._file.budgets

    @property
    def num_repeats(self) -> int:
        """The most repeats that any cell has."""
        return self._file.num_repeats

    @property
    def skeleton(self) -> Skeleton:
        """The network that the figures belong to."""
        return self._file.skeleton

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the table comes from: its sources, their SHA-256, and what is in it."""
        return {
            "sources": self._file.sources,
            "details": self._file.details,
            "skeleton": self.skeleton,
            "num_cells": len(self),
            "budgets": self.budgets,
            "num_repeats": self.num_repeats,
            "schema_version": self._file.schema_version,
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the cells' hashes and accuracies, in hexadecimal, however they are stored."""
        digest = hashlib.sha256(self._file.column("hash").tobytes())
        for epochs in self.budgets:
            for split in SPLITS:
                digest.update(np.ascontiguousarray(self._file.column(split, epochs)).tobytes())
        return digest.hexdigest()

    def accuracy(
        self, key: Key, split: str = "test", epochs: int | None = None
    ) -> NDArray[np.float64]:
        """Return the accuracies of one cell, shape (num_repeats,), in [0, 1], NaN where missing.

        Args:
            key: module hash or cell.
            split: `train`, `valid` or `test`.
            epochs: the budget.

        Raises:
            CellNotInTableError: if the table lacks the cell.
        """
        index = self._index(key)
        return self._accuracies(split, epochs)[index, :].copy()

    def mean_accuracy(self, key: Key, split: str = "test", epochs: int | None = None) -> float:
        """Return the mean accuracy over the known repeats.

        Raises:
            CellNotInTableError: if the table lacks the cell, or knows no repeat.
        """
        return self.mean_accuracies([key], split, epochs)[0]

    def mean_accuracies(
        self, keys: Sequence[Key], split: str = "test", epochs: int | None = None
    ) -> list[float]:
        """Return the mean accuracies of several cells, as `mean_accuracy`, equal ones as equal.

        What is equal depends on these cells alone, not on what else the table has.
        """
        means = []
        for key, accuracies in zip(
            keys, self.accuracies(keys, split, epochs).tolist(), strict=True
        ):
            known = [accuracy for accuracy in accuracies if not math.isnan(accuracy)]
            if not known:
                raise CellNotInTableError(
                    f"{self.path} knows no {split} accuracy of {_describe(key)} after "
                    f"{self._file.budget(epochs)} epochs: import a source that does"
                )
            means.append(math.fsum(known) / len(known))
        return tied(means)

    def repeats(
        self, key: Key, split: str = "test", epochs: int | None = None
    ) -> NDArray[np.float64]:
        """Return the accuracies of the known repeats, shape (num_known,).

        Raises:
            CellNotInTableError: if the table lacks the cell, or knows only its mean.
        """
        if self.is_mean_only(key, epochs):
            raise CellNotInTableError(
                f"{self.path} knows only the mean of {_describe(key)} after "
                f"{self._file.budget(epochs)} epochs: import a source that has its repeats"
            )
        accuracies = self.accuracy(key, split, epochs)
        return accuracies[~np.isnan(accuracies)]

    def accuracies(
        self, keys: Iterable[Key], split: str = "test", epochs: int | None = None
    ) -> NDArray[np.float64]:
        """Return the accuracies of several cells, shape (num_keys, num_repeats), as `accuracy`."""
        indices = np.array([self._index(key) for key in keys], dtype=np.intp)
        return self._accuracies(split, epochs)[indices]

    def figure(self, key: Key, name: str, epochs: int | None = None) -> NDArray[np.float64]:
        """Return any figure of one cell by name, shape (num_repeats,), NaN where missing."""
        if name not in FIGURES:
            raise unknown("figure", name, FIGURES)
        return self._file.column(name, epochs)[self._index(key), :].copy()

    def time_s(self, key: Key, epochs: int | None = None) -> NDArray[np.float64]:
        """Return the training times of one cell in seconds, shape (num_repeats,)."""
        return self.figure(key, "time_s", epochs)

    def is_mean_only(self, key: Key, epochs: int | None = None) -> bool:
        """Tell whether only the mean over the repeats of a cell is known."""
        return bool(self._file.column("mean_only", epochs)[self._index(key)])

    def parameters(self, key: Key) -> int:
        """Return the number of trainable parameters in the table's skeleton."""
        return int(self._file.column("parameters")[self._index(key)])

    def cell(self, key: Key) -> Cell:
        """Return the graph of a cell, its vertices in the order of the source."""
        index = self._index(key)
        edges, operations = map(self._file.column, ("edges", "operations"))
        try:
            return unpack(int(edges[index]), int(operations[index]))
        except ValueError as error:
            raise self._file.damaged(str(error)) from None

    def hashes(self) -> list[str]:
        """Return the hashes of all cells, sorted."""
        digits = self._file.column("hash").tobytes().hex()
        return [digits[start : start + 32] for start in range(0, len(digits), 32)]

    def missing(
        self, keys: Iterable[AnyKey], split: str = "test", epochs: int | None = None
    ) -> list[AnyKey]:
        """Return those keys whose cell, or whose every accuracy, the table lacks."""
        accuracies = self._accuracies(split, epochs)
        indices = {key: self._find(key) for key in keys}
        return [
            key
            for key, index in indices.items()
            if index is None or np.isnan(accuracies[index]).all()
        ]

    def column(self, name: str, epochs: int | None = None) -> NDArray[Any]:
        """Return a whole array as in the file, cells sorted by hash, read-only (see `data`)."""
        return self._file.column(name, epochs)

    def _index(self, key: Key) -> int:
        index = self._find(key)
        if index is None:
            raise CellNotInTableError(
                f"{_describe(key)} is not among the {len(self)} cells of {self.path}"
            )
        return index

    def _find(self, key: Key) -> int | None:
        return self._file.find(digest_of(key))

    def _accuracies(self, split: str, epochs: int | None) -> NDArray[np.float64]:
        if split not in SPLITS:
            raise unknown("split", split, SPLITS)
        return self._file.column(split, epochs)


def _describe(key: Key) -> str:
    if isinstance(key, Cell):
        return f"cell {key.hash}"
    is_hash = len(key) == 32 and set(key) <= set(string.hexdigits)
    return f"cell {key}" if is_hash else f"{key!r} (no hash of 32 hexadecimal digits)"
