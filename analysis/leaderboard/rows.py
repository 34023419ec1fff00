"""Rows of leaderboard.csv: of results folders, by section, and of what others published.

A section is a set of cells and their truth, told by `digest`: its rows may be compared. Published
rows stand in the section that they come nearest to, each under its own protocol, and have `source`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import style
from analysis.frames import records
from analysis.phrases import NOTHING, name_row
from analysis.published import SOURCE, TABLE3, WHOLE_SPACE
from analysis.read import read_about, read_ranking
from bench.ranking.baselines import RANDOM
from bench.ranking.entries import digest_entries
from bench.ranking.outputs import DIGITS, KENDALL_TAU, POINTS
from bench.ranking.ruler import GIVEN
from bench.runs import schemas
from bench.runs.digests import is_lost
from bench.runs.layout import LEADERBOARD, SUMS
from bench.runs.schemas.columns import CORRELATION, NUMBER, SHARE, SPREAD, TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Row = dict[str, Any]

BOARD = LEADERBOARD
KEYS = ["section", "digest", "kind", "method"]
MEASURED, FREE, PUBLISHED = "measured", "free", "published"
SCHEMA = schemas.Schema(
    BOARD,
    {
        "section": TEXT,
        "cells": TEXT,
        "digest": schemas.Column("str", nullable=True),
        "kind": schemas.Column("str", choices=(MEASURED, FREE, PUBLISHED)),
        "method": TEXT,
        "tau": CORRELATION,
        "tau_std": SPREAD,
        "tau_low": CORRELATION,
        "tau_high": CORRELATION,
        "tau_top20": CORRELATION,
        "spearman": CORRELATION,
        "ceiling": SHARE,
        "num_cells": NUMBER,
        "num_seeds": NUMBER,
        "protocol": TEXT,
        "source": schemas.Column("str", nullable=True),
    },
    keys=tuple(KEYS),
    remedy=f"put it back, or delete it and its line in {SUMS}, and add its results folders again",
)
COLUMNS = tuple(SCHEMA.columns)
WHOLE, SUB_SPACE = "NAS-Bench-101, whole space", "NAS-Bench-101, the paper's sub-space, m = 4"
"""Sections that others published figures of."""


def add(board: Path, folder: Path, section: str = "", m: int = 0) -> pd.DataFrame:
    """Add the rows of a results folder to a leaderboard; those of a method once more are replaced.

    Args:
        board: the CSV file, made where there is none.
        folder: of given scores, or of supernets.
        section: which the rows belong to; the one of the same cells unless given, else a new one.
        m: of supernets, the one to show.

    Returns:
        The whole leaderboard.

    Raises:
        ValueError: the folder was never ranked, has no rows of this m, or the section holds other
            cells; or the leaderboard is damaged or gone.
    """
    if not (folder / KENDALL_TAU).is_file():
        raise ValueError(f"{folder} has no {KENDALL_TAU}: rank it first")
    if is_lost(board):
        raise ValueError(f"{board} was written and is gone: {SCHEMA.remedy}")
    earlier = read(board) if board.is_file() else pd.DataFrame(columns=list(COLUMNS))
    earlier = earlier[earlier["kind"] != PUBLISHED]
    rows = pd.DataFrame(_measured(folder, m), columns=list(COLUMNS))
    if rows.empty:
        raise ValueError(f"{folder / KENDALL_TAU} has no rows of m={m}: use one that it has")
    rows["section"] = section = section or _section(earlier, *rows[["cells", "digest"]].iloc[0])
    here = earlier[earlier["section"] == section]
    others = here[here["digest"] != rows["digest"].iloc[0]]
    if len(others):
        raise ValueError(
            f"section {section!r} is of {_name(others)}, not of {_name(rows)}: name another with "
            "--section"
        )
    if len(here):  # the same cells, which another folder may call otherwise
        rows["cells"] = here["cells"].iloc[0]
    published = pd.DataFrame(_published(), columns=list(COLUMNS))
    parts = [part for part in (earlier, rows, published) if len(part)]
    every = pd.concat(parts, ignore_index=True)
    every = _ordered(every.drop_duplicates(KEYS, keep="last"), every["section"].unique().tolist())
    schemas.write(every.round(DIGITS), board, SCHEMA)
    return every


def read(board: Path) -> pd.DataFrame:
    """Read a leaderboard.

    Raises:
        ValueError: it is no leaderboard, or a damaged one.
    """
    frame = schemas.read(board, SCHEMA)
    return frame.assign(**{name: frame[name].fillna("") for name in ("digest", "source")})


def _section(board: pd.DataFrame, cells: str, digest: str) -> str:
    """Find the section of the same cells; else name a new one after them."""
    same = board[board["digest"] == digest]["section"]
    if len(same):
        return str(same.iloc[0])
    return f"{cells}, digest {digest}" if cells in set(board["section"]) else cells


def _name(rows: pd.DataFrame) -> str:
    return f"{rows['cells'].iloc[0]} (digest {rows['digest'].iloc[0]})"


def _ordered(board: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Sort: sections as they first came, measured before free before published, each by tau.

    Published Spearmans stand below published taus: another statistic is no rank among them.
    """
    sections = {name: place for place, name in enumerate(names)}
    kinds = {name: place for place, name in enumerate((MEASURED, FREE, PUBLISHED))}
    keys = pd.DataFrame(
        {
            "section": board["section"].map(sections),
            "kind": board["kind"].map(kinds),
            "statistic": board["tau"].isna(),
            "tau": -board["tau"].fillna(board["spearman"]),
        }
    )
    places = keys.sort_values(list(keys.columns), kind="stable").index
    return board.loc[places].reset_index(drop=True)


def _measured(folder: Path, m: int) -> Iterator[Row]:
    frame, about = read_ranking(folder, KENDALL_TAU), read_about(folder)
    shown = frame[(frame["protocol"] == frame["protocol"].iloc[0]) & (frame["m"] == m)]
    cells = about["given"].get("cells", f"{folder.name}, m = {m}")
    digest = about["given"].get("digest") or _digest(folder, m, shown["protocol"].iloc[:1])
    for row in records(shown[(shown["scorer"] != RANDOM) & shown["tau_mean"].notna()]):
        is_supernet = row["bn"] not in (NOTHING, GIVEN)
        yield {
            "cells": cells,
            "digest": digest,
            "kind": FREE if row["bn"] == NOTHING else MEASURED,
            "method": f"{name_row(row)}, by {style.label(row['scorer'])}"
            if is_supernet
            else name_row(row),
            "tau": row["tau_mean"],
            **{name: row[name] for name in ("tau_std", "tau_low", "tau_high", "tau_top20")},
            **{name: row[name] for name in ("spearman", "ceiling", "num_cells", "num_seeds")},
            "protocol": row["protocol"],
            "source": "",
        }


def _digest(folder: Path, m: int, protocol: pd.Series[str]) -> str:
    """Return the digest of the cells of supernets, few enough to be all in points.csv."""
    points = read_ranking(folder, POINTS)
    points = points[(points["m"] == m) & points["protocol"].isin(protocol)]
    return digest_entries(points["cell_hash"], points["truth"])


def _published() -> Iterator[Row]:
    for one in WHOLE_SPACE:
        column = one.statistic.strip("|").lower()
        protocol = "own, absolute value" if "|" in one.statistic else "own"
        row: Row = {"section": WHOLE, "cells": one.cells, "digest": ""}
        row |= {"kind": PUBLISHED, "method": one.method}
        row |= {column: one.value, "tau_std": one.std, "protocol": protocol}
        yield row | {"source": one.source}
    for (m, bn, calibrated), tau in TABLE3.items():
        if m == 4:
            name = name_row({"bn": bn, "calibrated": calibrated, "scorer": ""})
            row = {"section": SUB_SPACE, "cells": "70 sampled models", "digest": ""}
            row |= {"kind": PUBLISHED}
            row |= {"method": name, "tau": tau.mean, "tau_std": tau.std, "num_seeds": 3}
            yield row | {"protocol": "own", "source": f"{SOURCE}, Table 3"}
