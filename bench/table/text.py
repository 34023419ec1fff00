"""Tables of truth as text in a terminal."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import rich.box
import rich.table
from rich.console import Group

from bench.network.cell_costs import num_multiply_adds
from bench.table.data import FIGURES, SPLITS, known_means
from bench.table.sources.download import FILES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.network.cell import Cell
    from bench.table.table import Table

_OFFICIAL = {file.sha256: name for name, file in FILES.items()}


def description(table: "Table") -> Group:
    """Say where a table comes from and what is in it."""
    facts = _facts()
    facts.add_row("table", str(table.path))
    facts.add_row("cells", f"{len(table):,}")
    for source in table.provenance["sources"]:
        official = _OFFICIAL.get(source.sha256)
        facts.add_row("source", source.name + (f" (the official {official})" if official else ""))
        facts.add_row("SHA-256", source.sha256 or "unknown")
    skeleton = asdict(table.skeleton).items()
    facts.add_row("network", ", ".join(f"{name} {value}" for name, value in skeleton))
    for name, value in table.provenance["details"].items():
        facts.add_row(name, str(value))
    parameters = table.column("parameters")
    facts.add_row("parameters", f"{parameters.min():,} to {parameters.max():,}")
    return Group(facts, _budgets(table))


def answer(table: "Table", cell: "Cell", epochs: int | None = None) -> Group:
    """Say what a table knows about a cell, at one budget or all."""
    facts = _facts()
    facts.add_row("cell", cell.hash)
    facts.add_row("operations", ", ".join(cell.operations))
    facts.add_row("adjacency", " ".join("".join(map(str, row)) for row in cell.adjacency))
    facts.add_row("parameters", f"{table.parameters(cell):,}")
    facts.add_row("multiply-adds", f"{num_multiply_adds(cell, table.skeleton):,}")
    budgets = table.budgets if epochs is None else (epochs,)
    return Group(facts, *(_accuracies(table, cell, budget) for budget in budgets))


def percent(accuracy: float) -> str:
    """Write a fraction as a percentage with two decimals, or a dash where it is unknown."""
    return "-" if np.isnan(accuracy) else f"{100 * accuracy:.2f}%"


def _facts() -> rich.table.Table:
    facts = rich.table.Table.grid(padding=(0, 2))
    facts.add_column(style="bold")
    facts.add_column(overflow="fold")
    return facts


def _budgets(table: "Table") -> rich.table.Table:
    text = rich.table.Table(box=rich.box.SIMPLE, pad_edge=False, collapse_padding=True)
    for name in ("epochs", "cells", "means", "repeats", "best test", "its hash"):
        text.add_column(name, justify="right", overflow="fold")
    for epochs in table.budgets:
        counts = (~np.isnan(table.column("test", epochs))).sum(axis=1)
        means = known_means(table.column("test", epochs))
        best = int(np.argmax(np.nan_to_num(means, nan=-1.0)))
        mean_only = table.column("mean_only", epochs)
        repeats = counts[~mean_only & (counts > 0)]
        text.add_row(
            str(epochs),
            f"{(counts > 0).sum():,}",
            f"{mean_only.sum():,}",
            _range(repeats),
            percent(means[best]),
            table.column("hash")[best].tobytes().hex() if counts.any() else "-",
        )
    return text


def _range(counts: "NDArray[np.int64]") -> str:
    if not len(counts):
        return "-"
    low, high = int(counts.min()), int(counts.max())
    return str(low) if low == high else f"{low} to {high}"


def _accuracies(table: "Table", cell: "Cell", epochs: int) -> rich.table.Table:
    mean_only = table.is_mean_only(cell, epochs)
    num_repeats = 0 if mean_only else table.num_repeats
    text = rich.table.Table(box=rich.box.SIMPLE, title=f"{epochs} epochs", title_justify="left")
    text.add_column("accuracy")
    for repeat in range(1, num_repeats + 1):
        text.add_column(f"repeat {repeat}", justify="right")
    text.add_column("mean (repeats unknown)" if mean_only else "mean", justify="right")
    for split in SPLITS:
        values = table.accuracy(cell, split, epochs)
        mean = float(known_means(values[None])[0])
        text.add_row(split, *map(percent, values[:num_repeats].tolist()), percent(mean))
    for name in FIGURES[len(SPLITS) :]:
        values = table.figure(cell, name, epochs)
        unit = " s" if name.endswith("_s") else ""
        texts = [_number(x, unit) for x in (*values[:num_repeats], known_means(values[None])[0])]
        text.add_row(name.removesuffix("_s"), *texts)
    return text


def _number(value: float, unit: str) -> str:
    return "-" if np.isnan(value) else f"{value:,.1f}{unit}"
