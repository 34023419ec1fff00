"""The bar of NAS-Bench-101's whole space: what counting reaches on all real cells that are here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bench.network.cell import INPUT, OUTPUT, Cell
from bench.network.skeleton import NASBENCH101
from bench.ranking.baselines import BAR, BASELINES, STRUCTURE
from bench.ranking.correlation import kendall_tau
from tests.paths import SHARED_DATA

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS = SHARED_DATA / "nasbench101_partial.npz"


@pytest.fixture(scope="module")
def real() -> tuple[list[Cell], NDArray[np.float64]]:
    """Read the real cells and their mean test accuracies."""
    if not ROWS.is_file():
        pytest.skip(f"needs {ROWS.name}")
    with np.load(ROWS) as rows:
        names = [str(name) for name in rows["op_names"]]
        columns = (rows["adjacency"], rows["ops"], rows["num_vertices"])
        cells = [
            Cell(
                tuple(map(tuple, adjacency[:num, :num].tolist())),
                (INPUT, *(names[i] for i in operations[1 : num - 1]), OUTPUT),
            )
            for adjacency, operations, num in zip(*columns, strict=True)
        ]
        return cells, rows["metrics_108"][:, :, 2].mean(axis=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("num_parameters", 0.318),
        ("num_conv3x3", 0.410),
        ("minus_shortest_path", 0.355),
        (BAR, 0.562),
    ],
)
def test_counting_reaches_what_was_found_on_every_real_cell(
    real: tuple[list[Cell], NDArray[np.float64]], name: str, expected: float
) -> None:
    cells, truths = real
    baseline = (BASELINES | STRUCTURE)[name]
    scores = np.array([baseline(cell, NASBENCH101) for cell in cells], dtype=np.float64)
    assert kendall_tau(scores, truths) == pytest.approx(expected, abs=5e-4)
