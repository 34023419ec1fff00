"""A truth being trained: its parts, and the table that a command makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from bench import truth
from bench.table.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SETTINGS = ["m=1", "num_repeats=2", "epochs=1", "stem_channels=3", "num_stacks=1"]
SPLITS = ("train", "valid", "test")
TABLE = "own.h5"
RECIPE = f"{TABLE}.parts/recipe.json"
PART = f"{TABLE}.parts/*-*.json"
SUMS = f"{TABLE}.parts/SHA256SUMS"


def make(folder: Path) -> None:
    """Train all parts, and stop before they are removed."""
    with patch("bench.runs.trainings.finish"):
        truth.command(train(folder))
    (folder / TABLE).unlink()


def train(folder: Path) -> Sequence[str]:
    """Train a truth, as `mixpath-truth` is told to."""
    return ("--out", str(folder / TABLE), "--jobs", "1", "--set", *SETTINGS)


def build(folder: Path) -> Any:
    """Make the table of the parts that are there."""
    truth.command(train(folder))
    return rows(folder)


def rows(folder: Path) -> Any:
    """Return what the table holds, but for how long it took."""
    with Table(folder / TABLE) as table:
        return [
            (key, [table.repeats(key, split).tolist() for split in SPLITS])
            for key in table.hashes()
        ]
