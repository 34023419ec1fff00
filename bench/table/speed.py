"""Speed of the truth table: its answers, and the import and verification of a TFRecord."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from bench.base.timing import cpu_s, row
from bench.network.cell import Adjacency, Cell
from bench.table.table import Table

REPEATS = 9
QUERIES = 5_000
PEAK = """
import re, time
def peak_kb():  # unlike getrusage's, this does not begin at the peak of the parent process
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def measure_table(path: Path) -> list[dict[str, Any]]:
    """Measure a table: opening with the first answer, then answers by hash and by graph."""
    with Table(path) as table:
        hashes = table.hashes()[:: max(len(table) // QUERIES, 1)]
        graphs = [(cell.adjacency, cell.operations) for cell in map(table.cell, hashes)]
    figures = [
        _in_child(
            "from bench.table.table import Table; before = peak_kb(); start = time.process_time(); "
            f"Table({str(path)!r}).mean_accuracy({hashes[0]!r}); "
            "print(time.process_time() - start, peak_kb() - before)"
        )
        for _ in range(REPEATS)
    ]
    opening, memory = zip(*figures, strict=True)
    with Table(path) as table:
        by_hash = [cpu_s(partial(table.mean_accuracy, key)) for key in hashes]
        by_graph = [cpu_s(partial(_answer_graph, table, *graph)) for graph in graphs]
    return [
        row("table_open_first_answer", 1e3 * statistics.median(opening), "ms", 50),
        row("table_open_memory", statistics.median(memory) / 1024, "MB", 60),
        row("table_by_hash", 1e6 * statistics.median(by_hash), "us", 10),
        row("table_by_unseen_graph", 1e6 * statistics.median(by_graph), "us", 100),
    ]


def measure_import(tfrecord: Path) -> list[dict[str, Any]]:
    """Measure importing and verifying a TFRecord, each in a process of its own."""
    run = "from bench.table_command import main; "
    figures = "print(); print(time.process_time(), peak_kb())"
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "table.h5")
        importing, memory = _in_child(
            f"{run} assert not main(['import', {str(tfrecord)!r}, '--out', {out!r}]); {figures}"
        )
        verifying, _ = _in_child(f"{run} assert not main(['verify', {out!r}]); {figures}")
    return [
        row("import", importing, "CPU s", 25),
        row("import_memory", memory / 1024, "MB", 300),
        row("verify", verifying, "CPU s", 25),
    ]


def _answer_graph(table: Table, adjacency: Adjacency, operations: tuple[str, ...]) -> float:
    """Answer for a graph not seen before: it is checked, pruned and hashed first."""
    return table.mean_accuracy(Cell.from_matrix(adjacency, operations))


def _in_child(code: str) -> tuple[float, float]:
    """Run code in a new process and return the two numbers of its last line."""
    command, root = [sys.executable, "-c", PEAK + code], Path(__file__).parents[2]
    out = subprocess.run(command, capture_output=True, check=True, text=True, cwd=root)
    first, second = map(float, out.stdout.splitlines()[-1].split())
    return first, second
