"""The whole of NAS-Bench-101 as a space: any cell is trained, those of a file are scored.

Training draws graphs of 7 vertices as NAS-Bench-101's own random search does; a run scores the
cells of results/leaderboard/cells-1000.txt, whose graphs are read from the table 'nasbench101'.
docs/own-parts.md has the commands.
"""

from contextlib import suppress
from pathlib import Path

import numpy as np
from whole_cells import WholeCells

from bench.network.cell import INPUT, OPERATIONS, OUTPUT, Cell, InvalidCellError
from bench.scores.sample import read_hashes
from bench.table.table import open_table

STATED = Path(__file__).parents[2] / "results" / "leaderboard" / "cells-1000.txt"


class StatedCells(WholeCells):
    """--space stated_cells:StatedCells --net whole_cells:SlicedNet --m 5."""

    name = "stated-cells"

    def __init__(self, m):
        if m != 5:
            raise ValueError(f"m={m}: cells have up to 5 vertices between input and output, so m=5")
        self.m = self.num_nodes = m
        with open_table("nasbench101") as table:
            cells = [table.cell(key) for key in read_hashes(STATED)]
        self.by_text = {self.encode(cell): cell for cell in cells}

    def sample(self, rng):
        while True:
            matrix = np.triu(rng.integers(2, size=(self.m + 2, self.m + 2)), 1)
            names = rng.choice(OPERATIONS, self.m)
            with suppress(InvalidCellError):  # more than 9 edges, or no way to the output
                return Cell.from_matrix(matrix.tolist(), [INPUT, *names, OUTPUT])
