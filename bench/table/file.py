"""A table's HDF5 file, checked on opening and read one whole array at a time."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from bench.network.skeleton import Skeleton
from bench.table.data import FIGURES, FIRST_FIGURES, KIND, SCHEMA_VERSION, Source, TableError

CELL_COLUMNS = ("hash", "edges", "operations", "parameters")


class TableFile:
    """An open file: its attributes, and its arrays on demand.

    Raises:
        TableError: if the file is missing, truncated, foreign or of another schema version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._columns: dict[tuple[str, int | None], NDArray[Any]] = {}
        self._file = _open(path)
        try:
            self._read_attributes(dict(self._file.attrs))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; arrays already read stay."""
        self._file.close()

    def column(self, name: str, epochs: int | None = None) -> NDArray[Any]:
        """Return an array by name; those of a budget need `epochs`, the largest unless given."""
        column = self._columns.get((name, epochs))
        if column is None:
            column = self._columns[name, epochs] = self._read(name, epochs)
        return column

    def find(self, digest: bytes) -> int | None:
        """Return the row of a cell by the 16 bytes of its hash, or None."""
        hashes, digests = self._sorted_hashes
        index = int(hashes.searchsorted(digest))
        return index if digests[16 * index : 16 * index + 16] == digest else None

    def budget(self, epochs: int | None) -> int:
        """Return the budget meant: the largest unless given.

        Raises:
            TableError: if the table has no such budget.
        """
        if epochs is None:
            return max(self.budgets)
        if epochs not in self.budgets:
            known = ", ".join(map(str, self.budgets))
            raise TableError(f"{self.path} has no budget of {epochs} epochs: use one of {known}")
        return epochs

    def damaged(self, what: str) -> TableError:
        """Make the error for a file that is not as it was written."""
        return TableError(f"{self.path} is a damaged table ({what}): import it again")

    @cached_property
    def _sorted_hashes(self) -> tuple[NDArray[np.bytes_], bytes]:
        """The hashes to search in, and to compare with (numpy ignores trailing zeros)."""
        hashes = self.column("hash")
        return hashes.view("S16").ravel(), hashes.tobytes()

    def _read(self, name: str, epochs: int | None) -> NDArray[Any]:
        if name not in CELL_COLUMNS:
            if epochs is None:
                return self.column(name, self.budget(None))
            figure, name = name, f"epochs_{self.budget(epochs)}/{name}"
            if figure in {*FIGURES} - FIRST_FIGURES and name not in self._file:
                return np.full((self.num_cells, self.num_repeats), np.nan)
        try:
            column = np.asarray(self._file[name][()])
        except (KeyError, OSError, ValueError) as error:
            raise self.damaged(f"{name} cannot be read: {error}") from None
        if len(column) != self.num_cells:
            raise self.damaged(f"{name} has {len(column)} rows for {self.num_cells} cells")
        column.flags.writeable = False
        return column

    def _read_attributes(self, attributes: dict[str, Any]) -> None:
        if attributes.get("kind") != KIND:
            raise TableError(f"{self.path} is an HDF5 file, but no {KIND}: name another file")
        version = attributes.get("schema_version")
        if version != SCHEMA_VERSION:
            raise TableError(
                f"{self.path} has schema version {version}, but this program reads version "
                f"{SCHEMA_VERSION}: import it again"
            )
        try:
            self.schema_version = int(version)
            self.num_cells = int(attributes["num_cells"])
            self.num_repeats = int(attributes["num_repeats"])
            self.budgets = tuple(int(epochs) for epochs in attributes["budgets"])
            self.skeleton = Skeleton(**json.loads(attributes["skeleton"]))
            self.sources = tuple(Source(**source) for source in json.loads(attributes["sources"]))
            self.details: dict[str, Any] = json.loads(attributes["details"])
        except (KeyError, TypeError, ValueError) as error:
            raise self.damaged(f"attributes: {error}") from None


def _open(path: Path) -> h5py.File:
    if not path.is_file():
        raise TableError(
            f"there is no table {path}: import one with mixpath-table import, or name another file"
        )
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise TableError(
            f"{path} is {_reason(error)}: import it again, or name another file"
        ) from None


def _reason(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "not yours to read"
    return "truncated" if "truncated" in str(error) else "no HDF5 file, or a damaged one"
