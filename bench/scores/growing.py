"""A CSV of scores in the making: long, one row per cell, method and seed.

What is done is appended to OUT.part as it comes, so that a run killed anywhere and started again
repeats nothing; when all is there, OUT is written whole, sorted, with the same bytes as if it had
never been stopped. OUT.json, written first, states how the scores came about, and scores made in
another way are refused. More cells, methods and seeds can be added later.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from bench.base.files import read_csv, remove_temporary, write_csv, write_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Key: TypeAlias = tuple[str, str, int]

COLUMNS = ("cell_hash", "method", "seed", "score")
FREE = frozenset(("cells", "seeds", "methods"))
"""What OUT.json says of the last command: it may differ from the one before."""


class GrowingScores:
    """Scores by (cell hash, method, seed).

    Args:
        path: the CSV file.
        about: how the scores come about, ready for JSON; all but FREE must stay as it was, and more
            may be said.

    Raises:
        ValueError: scores there came about in another way, or are not of this kind.
    """

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self.path, self.part = path, path.with_name(f"{path.name}.part")
        self.scores: dict[Key, float] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_temporary(path.parent, path.stem)
        self._state(about)
        for file in (path, self.part):
            if file.is_file():
                self._read(file)
        self._write(self.part)  # whole lines alone: the last one may have been cut

    def add(self, cell_hash: str, seed: int, scores: Mapping[str, float]) -> None:
        """Append the scores of one cell, by method."""
        new = {(cell_hash, method, seed): score for method, score in scores.items()}
        self.scores |= new
        with self.part.open("a", newline="") as file:
            file.write(_frame(new).to_csv(index=False, header=False, lineterminator="\n"))

    def finish(self) -> None:
        """Write the CSV file."""
        self._write(self.path)
        self.part.unlink()

    def _state(self, about: Mapping[str, Any]) -> None:
        file = self.path.with_suffix(".json")
        if self.path.is_file() and not file.is_file():
            raise ValueError(f"{self.path} is there without {file.name}: name another --out")
        before = json.loads(file.read_text()) if file.is_file() else {}
        for name in sorted(before.keys() & about.keys() - FREE):
            if before[name] != about[name]:
                raise ValueError(
                    f"{self.path} has scores with {name} {before[name]!r}, not {about[name]!r}: "
                    "name another --out"
                )
        write_text(f"{json.dumps({**before, **about}, indent=1)}\n", file)

    def _read(self, file: Path) -> None:
        text = file.read_bytes()
        if not text.endswith(b"\n"):
            write_text(text[: text.rfind(b"\n") + 1].decode(), file)
        frame = read_csv(file)
        if tuple(frame.columns) != COLUMNS:
            raise ValueError(f"{file} has columns {[*frame.columns]}, not {[*COLUMNS]}")
        keys = zip(frame["cell_hash"], frame["method"], frame["seed"].tolist(), strict=True)
        self.scores |= dict(zip(keys, frame["score"].tolist(), strict=True))

    def _write(self, file: Path) -> None:
        write_csv(_frame(dict(sorted(self.scores.items()))), file)


def _frame(scores: Mapping[Key, float]) -> pd.DataFrame:
    rows = [(*key, score) for key, score in scores.items()]
    return pd.DataFrame(rows, columns=[*COLUMNS])
