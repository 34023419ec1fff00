"""Tests of bench.table.verify."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.network.skeleton import Skeleton
from bench.table.builder import collect
from bench.table.data import Budget, TableData
from bench.table.table import Row, Table, TableError
from bench.table.verify import verify
from bench.table.write import write
from tests.graphs import FIRST_CELL, INCEPTION_CELL, LINE_CELL

ROWS = [
    Row(cell=FIRST_CELL, epochs=108, test=9000 / 9984, valid=0.0, train=1.0, time_s=5.0),
    Row(cell=FIRST_CELL, epochs=108, test=float(np.float32(9001 / 9984))),
    Row(cell=INCEPTION_CELL, epochs=108, test=9002 / 9984),
    Row(cell=LINE_CELL, epochs=108, test=0.123, mean_only=True),
]


def verified(path: Path, data: TableData) -> list[str]:
    write(path / "table.h5", data)
    with Table(path / "table.h5") as table:
        return verify(table)


def test_a_right_table_passes(tmp_path: Path) -> None:
    assert verified(tmp_path, collect(ROWS)) == []


def test_every_cell_is_counted(tmp_path: Path) -> None:
    done: list[int] = []
    write(tmp_path / "table.h5", collect(ROWS))
    with Table(tmp_path / "table.h5") as table:
        verify(table, done.append)
    assert sum(done) == 3


def test_accuracies_of_another_evaluation_are_noted(tmp_path: Path) -> None:
    rows = [*ROWS, Row(cell=INCEPTION_CELL, epochs=108, test=0.9, valid=0.25)]
    notes = verified(tmp_path, collect(rows))
    assert notes == [
        "1 of 7 accuracies after 108 epochs are no multiple of 1/9,984, as NAS-Bench-101's are"
    ]


def test_other_networks_have_other_parameters_and_no_notes(tmp_path: Path) -> None:
    skeleton = Skeleton(stem_channels=8, image_size=8, in_channels=1)
    rows = [Row(cell=FIRST_CELL, epochs=30, test=0.1234)]
    assert verified(tmp_path, collect(rows, skeleton=skeleton)) == []


def changed(name: str, place: int, value: Any) -> TableData:
    data = collect(ROWS)
    column = getattr(data, name).copy()
    column[place] = value
    return replace(data, **{name: column})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            changed("parameters", 0, 7),
            "1 problems, first: cell 00005c14.* has .* parameters, not 7",
        ),
        (changed("hashes", 0, 0), "cell 0{32} has a graph of hash 00005c14"),
        (changed("edges", 0, 0), "cell 00005c14.* is none: no path"),
        (changed("operations", 0, 4), "cell 00005c14.* is none: operations code 4"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, data: TableData, message: str) -> None:
    with pytest.raises(TableError, match=f"table.h5: .*{message}") as error:
        verified(tmp_path, data)
    assert str(error.value).endswith("; import it again")


def test_figures_beside_a_mean_are_told(tmp_path: Path) -> None:
    data = collect(ROWS)
    mean_only = np.ones(3, dtype=np.bool_)
    budget = Budget(figures=data.budgets[108].figures, mean_only=mean_only)
    with pytest.raises(TableError, match="has more test than its mean after 108 epochs"):
        verified(tmp_path, replace(data, budgets={108: budget}))
