"""The whole of NAS-Bench-101 as a space: cells of the table are trained, those of a file scored.

Training draws any cell of the table 'nasbench101', all alike; a run scores those of
results/leaderboard/cells-1000.txt. Their accuracies are not looked at. docs/own-parts.md has the
commands.
"""

from pathlib import Path

from whole_cells import WholeCells

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
            self.table, self.hashes = table, table.hashes()
            cells = [table.cell(key) for key in read_hashes(STATED)]
        self.by_text = {self.encode(cell): cell for cell in cells}

    def sample(self, rng):
        key = self.hashes[rng.integers(len(self.hashes))]
        return self.table.cell(key)  # closed, but what was read keeps answering
