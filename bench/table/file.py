"""A table's HDF5 file, checked on opening and read one whole array at a time.

On opening, the seal is checked over the whole file (see `seal`), then the attributes; an array's
type, shape and bounds whenever one is read. HDF5 reads through the file that was checked, so that a
table replaced meanwhile is not mixed with it.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from bench.network.skeleton import Skeleton
from bench.table.columns import BUDGET_COLUMNS, CELL_COLUMNS, unsorted_place
from bench.table.data import FIGURES, FIRST_FIGURES, Source, TableError
from bench.table.seal import open_sealed
from bench.table.write import KIND, SCHEMA_VERSION

UNSEALED_VERSION = 1
"""The last schema version without a seal."""


class TableFile:
    """An open file: its attributes, and its arrays on demand.

    Args:
        path: the file.
        is_sealed: whether it begins with a seal; those of schema version 1 do not.

    Raises:
        TableError: if the file is missing, damaged, foreign or of another schema version.
    """

    def __init__(self, path: Path, *, is_sealed: bool = True) -> None:
        self.path = path
        self._columns: dict[tuple[str, int | None], NDArray[Any]] = {}
        self._raw = open_sealed(path) if is_sealed else path.open("rb")
        self._file: h5py.File | None = None
        try:
            with self.telling("its attributes"):
                self._file = h5py.File(self._raw, "r")
                attributes = dict(self._file.attrs)
            self._check_kind(attributes, SCHEMA_VERSION if is_sealed else UNSEALED_VERSION)
            with self.telling("its attributes"):
                self._read_attributes(attributes)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; arrays already read stay."""
        if self._file is not None:
            self._file.close()
        self._raw.close()

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

    @contextmanager
    def telling(self, what: str) -> Iterator[None]:
        """Turn what HDF5 and the parsers may raise on a damaged file into one line."""
        try:
            yield
        except TableError:
            raise
        except (KeyError, OSError, OverflowError, RuntimeError, TypeError, ValueError) as error:
            raise self.damaged(f"{what} cannot be read: {error}") from None

    @cached_property
    def _sorted_hashes(self) -> tuple[NDArray[np.bytes_], bytes]:
        """The hashes to search in, and to compare with (numpy ignores trailing zeros)."""
        hashes = self.column("hash")
        return hashes.view("S16").ravel(), hashes.tobytes()

    def _read(self, name: str, epochs: int | None) -> NDArray[Any]:
        if name in CELL_COLUMNS:
            column, place = CELL_COLUMNS[name], name
        elif epochs is None:
            return self.column(name, self.budget(None))
        else:
            column, place = BUDGET_COLUMNS[name], f"epochs_{self.budget(epochs)}/{name}"
        with self.telling(place):
            stored = self._data_set(place)
            if stored is None and name in {*FIGURES} - FIRST_FIGURES:
                return np.full((self.num_cells, self.num_repeats), np.nan)
            if stored is None:
                raise ValueError("it is missing")
            size = self.num_cells, self.num_repeats
            problem = column.misfit(stored.dtype, stored.shape, *size)
            values: NDArray[Any] = np.empty(0) if problem else np.asarray(stored[()])
        problem = problem or column.excess(values)
        if name == "hash" and not problem and (unsorted := unsorted_place(values)) is not None:
            problem = f"does not ascend at cell {unsorted}"
        if problem:
            raise self.damaged(f"{place} {problem}")
        values.flags.writeable = False
        return values

    def _data_set(self, place: str) -> h5py.Dataset | None:
        """Find an array that lies in this file, as our writer lays it, if it is there."""
        node: Any = self._file
        for part in place.split("/"):
            link = node.get(part, getlink=True)
            if link is None:
                return None
            if not isinstance(link, h5py.HardLink):
                raise ValueError("it is a link to elsewhere")
            node = node[part]
        if not isinstance(node, h5py.Dataset):
            raise ValueError("it is no array")
        made = node.id.get_create_plist()
        filters = {made.get_filter(number)[0] for number in range(made.get_nfilters())}
        if node.is_virtual or made.get_external_count() or filters - {h5py.h5z.FILTER_FLETCHER32}:
            raise ValueError("it lies in another file, or is filtered")
        return node

    def _check_kind(self, attributes: dict[str, Any], expected: int) -> None:
        kind, version = attributes.get("kind"), attributes.get("schema_version")
        if not isinstance(kind, str) or kind != KIND:
            raise TableError(f"{self.path} is an HDF5 file, but no {KIND}: name another file")
        if not isinstance(version, np.integer) or version != expected:
            raise TableError(
                f"{self.path} has schema version {version}, but this program reads version "
                f"{expected}: import it again"
            )

    def _read_attributes(self, attributes: dict[str, Any]) -> None:
        self.schema_version = int(attributes["schema_version"])
        self.num_cells = int(attributes["num_cells"])
        self.num_repeats = int(attributes["num_repeats"])
        self.budgets = tuple(int(epochs) for epochs in attributes["budgets"])
        self.skeleton = Skeleton(**json.loads(attributes["skeleton"]))
        self.sources = tuple(Source(**source) for source in json.loads(attributes["sources"]))
        self.details: dict[str, Any] = json.loads(attributes["details"])
        if min(self.num_cells, self.num_repeats, *self.budgets[:1]) < 1 or not self.budgets:
            raise ValueError("num_cells, num_repeats and budgets must be at least 1")
        if list(self.budgets) != sorted({*self.budgets}):
            raise ValueError(f"budgets {self.budgets} must ascend")
        if not isinstance(self.details, dict):
            raise ValueError("details must be a JSON object")
