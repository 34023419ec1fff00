"""A CSV of scores in the making: long, one row per cell, method and seed.

What is done is kept in OUT.part, written every few seconds, so that a run killed anywhere and
started again repeats next to nothing; when all is there, OUT is written whole, sorted, with the
same bytes as if it had never been stopped. OUT.json, written first, states how the scores came
about, and scores made in another way are refused. More cells, methods and seeds can be added later.
All three have digests, as OUT.json says; whoever writes them holds the folder (`bench.runs.lock`).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from bench.base.files import remove_temporary
from bench.runs import schemas
from bench.runs.digests import PART, remove_kept
from bench.runs.layout import DIGESTS, SUMS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Key: TypeAlias = tuple[str, str, int]

FREE = frozenset(("cells", "seeds", "methods"))
"""What OUT.json says of the last command: it may differ from the one before."""

SAVE_EVERY_S = 1.0
SHARE = 20
"""Writing the part takes at most a twentieth of the time, however many rows there are."""


class GrowingScores:
    """Scores by (cell hash, method, seed).

    Args:
        path: the CSV file.
        about: how the scores come about, ready for JSON; all but FREE must stay as it was, and more
            may be said.

    Raises:
        ValueError: scores there came about in another way, or are damaged.
    """

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self.path, self.part = path, path.with_name(f"{path.name}{PART}")
        self.scores: dict[Key, float] = {}
        there = [file for file in (path, self.part) if file.is_file()]
        self.about = self._agreed(about, there)
        for file in there:
            self.scores |= _read(file)
        self.save_at = time.monotonic() + SAVE_EVERY_S

    def begin(self) -> None:
        """State how the scores come about; until then nothing is written."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        remove_temporary(self.path.parent, self.path.stem)
        schemas.write_json(self.about, self._statement, schemas.GROWING_ABOUT)

    def add(self, cell_hash: str, seed: int, scores: Mapping[str, float]) -> None:
        """Add the scores of one cell, by method."""
        self.scores |= {(cell_hash, method, seed): score for method, score in scores.items()}
        if time.monotonic() > self.save_at:
            self.save()

    def save(self) -> None:
        """Keep what is done."""
        started = time.monotonic()
        self._write(self.part)
        now = time.monotonic()
        self.save_at = now + max(SAVE_EVERY_S, SHARE * (now - started))

    def finish(self) -> None:
        """Write the CSV file."""
        self._write(self.path)
        remove_kept(self.part)

    @property
    def _statement(self) -> Path:
        return self.path.with_suffix(".json")

    def _agreed(self, about: Mapping[str, Any], there: list[Path]) -> dict[str, Any]:
        """Return what was stated before and is now, once both agree."""
        file = self._statement
        if there and not file.is_file():
            raise ValueError(f"{there[0]} is there without {file.name}: name another --out")
        new = {} if there else {DIGESTS: SUMS}  # of scores that are there it may not be so
        before = schemas.read_json(file, schemas.GROWING_ABOUT) if file.is_file() else new
        for name in sorted(before.keys() & about.keys() - FREE):
            if before[name] != about[name]:
                raise ValueError(
                    f"{self.path} has scores with {name} {before[name]!r}, not {about[name]!r}: "
                    "name another --out"
                )
        return {**before, **about}

    def _write(self, file: Path) -> None:
        rows = [(*key, score) for key, score in sorted(self.scores.items())]
        frame = pd.DataFrame(rows, columns=[*schemas.GROWING.columns])
        schemas.write(frame, file, schemas.GROWING)


def _read(file: Path) -> dict[Key, float]:
    frame = schemas.read(file, schemas.GROWING)
    keys = zip(frame["cell_hash"], frame["method"], frame["seed"].tolist(), strict=True)
    return dict(zip(keys, frame["score"].tolist(), strict=True))
