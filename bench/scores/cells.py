"""Which cell a row is of: by module hash, by graph, or by branches; and which of its copies.

| columns | what they hold |
|---|---|
| `cell_hash` or `module_hash` | 32 hexadecimal digits |
| `adjacency` and `operations` | a row-major matrix of 0 and 1; names joined by `,` or `+` |
| `branches` | operations in parallel joined by `+`: the paper's sub-space |
| `architecture` | a letter for each branch node, as this project writes them: `3-p-` |

Beside a hash the others tell apart the architectures that are one cell: `architecture` is then any
text, and a graph must have that hash.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.space.branches import LETTERS, NUM_NODES, UNUSED, parallel_cell
from bench.table.sources.csv_rows import branches_cell, graph_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

HASHES = ("cell_hash", "module_hash")
GRAPHS = (("adjacency", "operations"), ("branches",), ("architecture",))
COLUMNS = (*HASHES, *(name for names in GRAPHS for name in names))
MEANT = "cell_hash, or adjacency and operations, or branches, or architecture"
_HASH = re.compile(r"[0-9a-f]{32}")


class RowError(ValueError):
    """A row that names no cell.

    Attributes:
        row: its number among the rows, from 0.
    """

    def __init__(self, row: int, reason: object) -> None:
        super().__init__(str(reason))
        self.row = row


def identify(frame: pd.DataFrame) -> tuple[list[str], NDArray[np.intp], NDArray[np.intp]]:
    """Tell which cell each row is of.

    Args:
        frame: with some of COLUMNS as texts or categories.

    Returns:
        The hashes of the cells, sorted; for each row the index of its cell, of shape (num_rows,);
        and a number for its architecture, likewise, which rows of one architecture share.

    Raises:
        RowError: a row without a cell, a hash that is none, a graph that is no cell, or not the one
            of its hash.
    """
    given = [names for names in GRAPHS if set(names) <= set(frame.columns)]
    hashes = [name for name in HASHES if name in frame.columns]
    first = [(names, _MAKERS[names]) for names in given if not (hashes and names == GRAPHS[2])]
    sources: list[tuple[tuple[str, ...], Callable[..., str]]] = [
        *(((name,), read_hash) for name in hashes),
        *first,
    ]
    found = [_each_once(frame, names, make) for names, make in sources]
    for other in found[1:]:
        if (differs := np.flatnonzero(other != found[0])).size:
            row = int(differs[0])
            raise RowError(row, f"states hash {found[0][row]}, its graph has {other[row]}")
    cells, index = np.unique(found[0], return_inverse=True)
    copies = _numbers(frame, [name for names in given for name in names], index)
    return [str(cell) for cell in cells], index.astype(np.intp), copies


def read_hash(text: str) -> str:
    """Read a module hash, in capitals too.

    Raises:
        ValueError: it is none.
    """
    if not _HASH.fullmatch(text.lower()):
        raise ValueError(f"cell_hash {text!r} must be 32 hexadecimal digits")
    return text.lower()


def _each_once(
    frame: pd.DataFrame, names: Sequence[str], make: Callable[..., str]
) -> NDArray[np.str_]:
    """Make the hash of every row, of each distinct text once, in the order of the rows."""
    columns = [frame[name].tolist() for name in names]
    found: dict[tuple[str, ...], str] = {}
    for row, texts in enumerate(zip(*columns, strict=True)):
        if texts not in found:
            try:
                found[texts] = make(*(_strip(*pair) for pair in zip(names, texts, strict=True)))
            except ValueError as error:
                raise RowError(row, error) from None
    return np.array([found[texts] for texts in zip(*columns, strict=True)], dtype="<U32")


def _numbers(
    frame: pd.DataFrame, names: Sequence[str], start: NDArray[np.intp] | None = None
) -> NDArray[np.intp]:
    """Number the distinct values of some columns together, and of `start`."""
    numbers = np.zeros(len(frame), dtype=np.int64) if start is None else start.astype(np.int64)
    for name in names:
        codes = frame[name].astype("category").cat.codes.to_numpy(np.int64) + 1  # 0: no value
        joint = numbers * (int(codes.max(initial=0)) + 1) + codes
        numbers = np.unique(joint, return_inverse=True)[1]
    return numbers.astype(np.intp)


def _strip(name: str, text: Any) -> str:
    if not isinstance(text, str):
        raise ValueError(f"has no {name}: fill it in")
    return text.strip()


def as_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Write matrices and lists of operations, which a data frame may hold, as a file does."""
    texts = {
        name: frame[name].map(lambda value, join=join: _write(value, join))
        for name, join in (("adjacency", ""), ("operations", ","))
        if name in frame.columns
    }
    return frame.assign(**texts)


def _write(value: Any, join: str) -> Any:
    """Join what a sequence holds, rows of rows too; texts and missing values stay."""
    is_sequence = isinstance(value, list | tuple | np.ndarray)
    return join.join(str(part) for part in np.ravel(value)) if is_sequence else value


def _read_graph(adjacency: str, operations: str) -> str:
    names = re.sub(r"[\[\]'\"\s]", "", operations)  # as Python writes a list
    return graph_cell(re.sub(r"[\[\],;\s]", "", adjacency), names).hash


def _read_branches(text: str) -> str:
    return branches_cell(name.strip() for name in text.split("+")).hash


def _read_architecture(text: str) -> str:
    used = [LETTERS.find(letter) for letter in text if letter != UNUSED]
    if len(text) > NUM_NODES or not used or min(used) < 0:
        raise ValueError(
            f"architecture {text!r} must be 1 to {NUM_NODES} letters of '{LETTERS}{UNUSED}', as "
            "'3-p-'; give cell_hash beside architectures of another space"
        )
    return parallel_cell(tuple(sorted(used))).hash


_MAKERS: dict[tuple[str, ...], Callable[..., str]] = {
    GRAPHS[0]: _read_graph,
    GRAPHS[1]: _read_branches,
    GRAPHS[2]: _read_architecture,
}
