"""Cells told by hash, graph, branches or architecture: all find the same cell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.scores.cells import RowError, as_texts, identify
from bench.space.branches import Branches

SPACE = Branches(4)
CELL = SPACE.cell(SPACE.decode("3-p-"))
MATRIX = "".join(str(edge) for row in CELL.adjacency for edge in row)
OPERATIONS = ",".join(CELL.operations)


@pytest.mark.parametrize(
    "columns",
    [
        {"cell_hash": CELL.hash},
        {"module_hash": CELL.hash.upper()},
        {"adjacency": MATRIX, "operations": OPERATIONS},
        {"adjacency": str([list(row) for row in CELL.adjacency]), "operations": OPERATIONS},
        {"adjacency": MATRIX, "operations": str(list(CELL.operations))},
        {"branches": "maxpool3x3+conv3x3-bn-relu"},
        {"branches": "maxpool3x3 + conv3x3-bn-relu"},
        {"architecture": "p-3-"},
        {"architecture": "3p"},
        {"cell_hash": CELL.hash, "architecture": "anything at all"},
        {"cell_hash": CELL.hash, "adjacency": MATRIX, "operations": OPERATIONS},
    ],
)
def test_a_cell_is_found_however_it_is_told(columns: dict[str, str]) -> None:
    cells, index, _ = identify(pd.DataFrame([columns]))
    assert cells == [CELL.hash]
    assert index.tolist() == [0]


def test_matrices_and_lists_of_a_frame_are_read() -> None:
    rows = {"adjacency": [np.array(CELL.adjacency)], "operations": [list(CELL.operations)]}
    assert identify(as_texts(pd.DataFrame(rows)))[0] == [CELL.hash]


def test_architectures_of_one_cell_are_told_apart() -> None:
    cells, index, copies = identify(
        pd.DataFrame({"architecture": ["3-p-", "p3--", "3---", "3-p-"]})
    )
    assert len(cells) == 2
    assert index[0] == index[1] == index[3] != index[2]
    assert copies[0] == copies[3]
    assert len({*copies.tolist()}) == 3


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"cell_hash": "xyz"}, "'xyz' must be 32 hexadecimal digits"),
        ({"cell_hash": None}, "has no cell_hash"),
        ({"architecture": "3x--"}, "must be 1 to 4 letters of '31p-'"),
        ({"architecture": "----"}, "must be 1 to 4 letters"),
        ({"branches": "conv5x5"}, "unknown operation 'conv5x5'"),
        ({"adjacency": "0100", "operations": "input,maxpool3x3,output"}, "not the 9 digits"),
        ({"adjacency": "0010", "operations": "input,output"}, "upper triangular"),
        (
            {"cell_hash": "0" * 32, "branches": "maxpool3x3"},
            "states hash 0+, its graph has [0-9a-f]{32}",
        ),
    ],
)
def test_a_row_that_is_no_cell_is_named(columns: dict[str, str | None], message: str) -> None:
    good = {
        "cell_hash": CELL.hash,
        "architecture": "3-p-",
        "branches": "conv3x3-bn-relu+maxpool3x3",
    }
    good |= {"adjacency": MATRIX, "operations": OPERATIONS}
    frame = pd.DataFrame([{name: good[name] for name in columns}, columns], dtype=object)
    with pytest.raises(RowError, match=message) as caught:
        identify(frame)
    assert caught.value.row == 1
