"""Supernet scores of architectures on disk, so that no search pays for one twice.

One `scores.csv` a run, shared by all its searches, of rows (architecture, num_parameters,
num_multiply_adds, calibrated, accuracy, loss). It is written every few seconds and when a search
ends, whole or not at all.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.runs import schemas
from bench.runs.expected import check_kernels
from bench.runs.layout import SCORES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from bench.space.architecture import KernelArchitecture
    from bench.space.space import Space

SAVE_EVERY_S = 10.0


class Evaluations:
    """Scores architectures through a scorer, once each.

    Args:
        folder: the run folder.
        space: of kernels.
        score: yields a row per architecture, called with those not known yet.
        is_calibrated: whether `score` calibrates: rows of the other kind are kept apart.
        on_row: called after every new row with how many there are.
    """

    def __init__(
        self,
        folder: Path,
        space: Space,
        score: Callable[[Sequence[KernelArchitecture]], Iterator[dict[str, Any]]],
        *,
        is_calibrated: bool,
        on_row: Callable[[int], None] | None = None,
    ) -> None:
        self.path = folder / SCORES
        self.score, self.is_calibrated, self.on_row = score, is_calibrated, on_row
        rows: list[Any] = _read(self.path, space) if self.path.is_file() else []
        self.rows = {(row["architecture"], bool(row["calibrated"])): row for row in rows}
        self.saved_at = time.monotonic()
        self.num_paid = 0

    def __call__(self, architectures: Sequence[KernelArchitecture]) -> list[float]:
        """Return accuracies in [0, 1], scoring what is not known yet."""
        missing = [a for a in dict.fromkeys(architectures) if not self.knows(a)]
        try:
            for row in self.score(missing) if missing else ():
                self.rows[row["architecture"], self.is_calibrated] = row
                self.num_paid += 1
                if self.on_row is not None:
                    self.on_row(self.num_paid)
                if time.monotonic() - self.saved_at > SAVE_EVERY_S:
                    self.save()
        except BaseException:
            self.save()
            raise
        return [self.row(a)["accuracy"] for a in architectures]

    def knows(self, architecture: KernelArchitecture) -> bool:
        """Whether an architecture has been scored."""
        return (str(architecture), self.is_calibrated) in self.rows

    def row(self, architecture: KernelArchitecture) -> dict[str, Any]:
        """Return an architecture's row."""
        found: dict[str, Any] = self.rows[str(architecture), self.is_calibrated]
        return found

    def save(self) -> None:
        """Write all rows, in an order that does not depend on who asked first."""
        self.saved_at = time.monotonic()
        if self.rows:
            rows = [self.rows[key] for key in sorted(self.rows)]
            schemas.write(pd.DataFrame(rows), self.path, schemas.KERNEL_SCORES)


def _read(path: Path, space: Space) -> list[Any]:
    scores = schemas.read(path, schemas.KERNEL_SCORES, lambda rows: check_kernels(rows, space))
    return scores.to_dict("records")
