"""A leaderboard's folder: leaderboard.csv, and the table and figure that are made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.leaderboard.rows import BOARD, add
from analysis.leaderboard.show import markdown, save
from bench.base.files import write_text
from bench.runs.lock import at_work

if TYPE_CHECKING:
    from pathlib import Path

TABLE = "leaderboard.md"


def update(folder: Path, results: Path, section: str = "", m: int = 0) -> None:
    """Add a results folder to a leaderboard, and make its table and figure anew.

    Args:
        folder: of the leaderboard.
        results: whose rows are added.
        section: which they belong to; the one of the same cells unless given.
        m: of supernets, the one to show.

    Raises:
        ValueError: as `rows.add`.
    """
    with at_work(folder):
        board = add(folder / BOARD, results, section, m)
        write_text(markdown(board), folder / TABLE)
        save(board, folder)
