"""Scores of cells by proxies and of a user's own, and a leaderboard: their files, and who reads.

A user's own CSV has no digest: a number, a name or a cell that was edited into another one that may
be there is another input, and can't be told. What is compared is therefore which cells are scored
and how often, asked of a stated sample, as whoever fears for a file can do: `--cells sample:34`.
"""

from __future__ import annotations

import gzip
import json
from functools import partial
from typing import TYPE_CHECKING, Any

from analysis.leaderboard.board import TABLE as BOARD_TABLE
from analysis.leaderboard.board import update
from analysis.leaderboard.rows import BOARD as BOARD_FILE
from bench.proxies import score_proxies
from bench.rank import rank
from bench.runs.digests import remove_kept
from bench.scores.given import read_scores
from bench.scores.growing import GrowingScores
from bench.scores.sample import stated_cells
from bench.table.table import open_table
from tests.damage.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

PROXIES = "proxies.csv"
PART = f"{PROXIES}.part"
ABOUT = "proxies.json"
SUMS = "SHA256SUMS"
METHODS = ("zen", "snip")
SMALL = {"stem_channels": 4, "cells_per_stack": 1, "batch_size": 8}
EVERY = "sample:34"
LONG, WIDE = "long*.csv", "wide*.csv"
BOARD = f"board/{BOARD_FILE}"
RANKED = "ranked"


def make_proxies(folder: Path) -> None:
    """Score four cells."""
    _score(folder, 4)


def make_part(folder: Path) -> None:
    """Score four cells, and stop when three are done."""
    _score(folder, 3)
    about = json.loads((folder / ABOUT).read_text())
    growing = GrowingScores(folder / PROXIES, about)
    growing.save()
    remove_kept(folder / PROXIES)


def score(folder: Path) -> bytes:
    """Score what is missing of four cells."""
    return _score(folder, 4)


def proxies(folder: Path) -> Sequence[object]:
    """Score six cells, as `bench/proxies.py` is told to."""
    changes = [f"{name}={value}" for name, value in SMALL.items()]
    ours = ["--preset", "digits", "--cells", "sample:6", "--methods", ",".join(METHODS)]
    return ("--out", folder / PROXIES, "--jobs", 1, *ours, "--set", *changes)


def read_proxies(folder: Path) -> Any:
    """Rank the scores, and go on with them."""
    ranked = rank(folder / PROXIES, "digits").to_csv()
    return ranked, score(folder)


def make_own(folder: Path) -> None:
    """Write scores of every cell by hand: of two methods and seeds, and of two methods; cells."""
    with open_table("digits") as table:
        hashes = table.hashes()
    for which in (1, 2):
        values = [(key, number * which / 34, 34 - number) for number, key in enumerate(hashes)]
        wide = ["cell_hash,ours,theirs", *(f"{key},{one},{two}" for key, one, two in values)]
        long = ["cell_hash,method,seed,score"]
        long += [f"{key},ours,{seed},{one + seed}" for key, one, _ in values for seed in (0, 1)]
        long += [f"{key},theirs,0,{two}" for key, _, two in values]
        for name, lines in (("wide", wide), ("long", long)):
            (folder / f"{name}{which}.csv").write_text("\n".join([*lines, ""]))
        packed = gzip.compress((folder / f"wide{which}.csv").read_bytes(), mtime=0)
        (folder / f"wide{which}.csv.gz").write_bytes(packed)
        (folder / f"cells{which}.txt").write_text("\n".join([*hashes[which:], ""]))


def read_own(name: str) -> Callable[[Path], Any]:
    """Return a function that ranks a file on all cells of the table, and says what is in it."""

    def read(folder: Path) -> Any:
        path = folder / name
        ranked = rank(path, "digits", cells=EVERY)
        scores = read_scores([path])
        seeds = sorted(len(by_seed) for by_seed in scores.values.values())
        return scores.cells, scores.num_copies.tolist(), seeds, len(ranked)

    return read


def read_cells(folder: Path) -> str:
    """Read a file of `--cells`; which cells are in it is the user's to say."""
    with open_table("digits") as table:
        stated_cells(table, str(folder / "cells1.txt"))
    return "read"


def rank_own(name: str, folder: Path) -> Sequence[object]:
    """Rank a file on all cells of the table, as `bench/rank.py` is told to."""
    return ("bench/rank.py", folder / name, "--table", "digits", "--cells", EVERY)


rank_long = partial(rank_own, "long1.csv")
rank_wide = partial(rank_own, "wide1.csv")


def make_board(folder: Path) -> None:
    """Add two rankings to a leaderboard, and keep a third to be added."""
    make_own(folder)
    for name in ("long1", "wide1", "wide2"):
        rank(folder / f"{name}.csv", "digits", cells=EVERY, out=folder / RANKED / name)
    for name in ("long1", "wide1"):
        update(folder / "board", folder / RANKED / name, section=name)


def add(folder: Path) -> Any:
    """Add the third."""
    with quiet():
        update(folder / "board", folder / RANKED / "wide2", section="long1")
    return [(folder / "board" / name).read_bytes() for name in (BOARD_FILE, BOARD_TABLE)]


def add_by_command(folder: Path) -> Sequence[object]:
    """Add the third, as `python -m analysis.leaderboard` is told to."""
    ranked, board = folder / RANKED / "wide2", folder / "board"
    return ("-m", "analysis.leaderboard", ranked, "--board", board, "--section", "long1")


def rank_to_board(folder: Path) -> Sequence[object]:
    """Rank two files into a folder and a leaderboard, as `bench/rank.py` is told to."""
    files = [folder / "wide1.csv", "--lower", "theirs"]
    return (*files, "--table", "digits", "--out", folder / "out", "--leaderboard", folder / "board")


def _score(folder: Path, num_cells: int) -> bytes:
    with quiet():
        score_proxies(
            folder / PROXIES,
            cells=f"sample:{num_cells}",
            preset="digits",
            methods=METHODS,
            changes=SMALL,
            jobs=1,
        )
    return (folder / PROXIES).read_bytes()
