"""Scores that were given: of some methods and seeds, for some cells, ready to rank.

| what is found | rule |
|---|---|
| the same architecture, method and seed twice | refused |
| several architectures of one cell | their scores are averaged, as under protocol `sound` |
| a score that is no number, or none | refused; with `allow_missing` its cell is left out for all |
| a cell that not every method and seed scores | the same |
| infinite scores, ties | ranked: tau-b discounts ties |
| a method whose scores are all equal | ranked: its tau is unknown, a dash |
| `lower` | that method's scores change their sign |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.base.names import unknown
from bench.scores.rows import place, read_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from bench.scores.rows import Part

    Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """Scores of methods, higher being better.

    Attributes:
        cells: hashes, sorted.
        num_copies: architectures of each cell whose scores were averaged, of shape (num_cells,).
        values: by method and seed, of shape (num_cells,); no NaN.
        lower: methods whose sign was changed.
        num_missing: cells left out because a method or seed lacks a score.
    """

    cells: list[str]
    num_copies: NDArray[np.int64]
    values: dict[str, dict[int, Floats]]
    lower: tuple[str, ...] = ()
    num_missing: int = 0

    def only(self, cells: Iterable[str]) -> Scores:
        """Keep some of the cells."""
        wanted = set(cells)
        return self._select(np.array([key in wanted for key in self.cells], dtype=bool))

    def _select(self, keep: NDArray[np.bool_]) -> Scores:
        return Scores(
            cells=[key for key, is_kept in zip(self.cells, keep, strict=True) if is_kept],
            num_copies=self.num_copies[keep],
            values={
                method: {seed: scores[keep] for seed, scores in seeds.items()}
                for method, seeds in self.values.items()
            },
            lower=self.lower,
            num_missing=self.num_missing,
        )


def no_scores(cells: Sequence[str]) -> Scores:
    """Return cells without scores, to see what costs nothing reaches on them."""
    return Scores(cells=sorted(cells), num_copies=np.ones(len(cells), dtype=np.int64), values={})


def read_scores(
    sources: Sequence[Path | str | pd.DataFrame],
    *,
    lower: Iterable[str] = (),
    allow_missing: bool = False,
) -> Scores:
    """Read scores from CSV files or data frames.

    Args:
        sources: paths or frames, long or wide (see `files`).
        lower: methods of which lower is better.
        allow_missing: leave out the cells that a method or a seed has no score of.

    Raises:
        ValueError: as the rules of this module and of `files` and `cells` say, with the row.
    """
    keys: dict[str, int] = {}
    parts = [part for source in sources for part in read_parts(source, keys)]
    return _gather(parts, keys, tuple(lower), allow_missing=allow_missing)


def _gather(
    parts: list[Part], keys: dict[str, int], lower: tuple[str, ...], *, allow_missing: bool
) -> Scores:
    """Bring the methods to the same cells, in the order of their hashes."""
    methods = list(dict.fromkeys(part.method for part in parts))
    for name in lower:
        if name not in methods:
            raise unknown("method in lower", name, methods)
    order = np.argsort(np.array(list(keys), dtype="<U32"))
    num_copies = np.ones(len(keys), dtype=np.int64)
    values: dict[str, dict[int, Floats]] = {}
    for method in methods:
        same = [part for part in parts if part.method == method]
        values[method] = dict(sorted(_by_seed(same, len(keys), num_copies)))
    hashes = list(keys)
    scores = Scores(
        cells=[hashes[i] for i in order],
        num_copies=num_copies[order],
        values={
            method: {seed: (-one if method in lower else one)[order] for seed, one in seeds.items()}
            for method, seeds in values.items()
        },
        lower=lower,
    )
    return _complete(scores, allow_missing=allow_missing)


def _by_seed(
    parts: list[Part], num_cells: int, num_copies: NDArray[np.int64]
) -> Iterator[tuple[int, Floats]]:
    """Average the copies of each cell for every seed of one method; count them in `num_copies`."""
    for seed in sorted({int(seed) for part in parts for seed in np.unique(part.seeds)}):
        sums, counts = np.zeros(num_cells), np.zeros(num_cells, dtype=np.int64)
        for part in parts:
            mine = part.seeds == seed
            _check_once(part, mine, counts, seed)
            np.add.at(sums, part.cells[mine], part.values[mine])
            np.add.at(counts, part.cells[mine], 1)
        np.maximum(num_copies, counts, out=num_copies)
        yield seed, np.divide(sums, counts, out=np.full(num_cells, np.nan), where=counts > 0)


def _check_once(part: Part, mine: NDArray[np.bool_], counts: NDArray[np.int64], seed: int) -> None:
    """Refuse an architecture that a method scores twice, in one file or in two."""
    copies, rows = part.copies[mine], part.rows[mine]
    _, first, number = np.unique(copies, return_index=True, return_inverse=True)
    is_again = np.arange(len(copies)) != first[number]
    if is_again.any():
        again = int(is_again.argmax())
        before = int(rows[first[number[again]]])
        raise ValueError(
            f"{place(part.where, int(rows[again]))}: method {part.method!r} scores the same cell "
            f"with seed {seed} twice, before in {place(part.where, before)}: leave one out"
        )
    if (is_known := counts[part.cells[mine]] > 0).any():
        row = int(rows[is_known.argmax()])
        raise ValueError(
            f"{place(part.where, row)}: method {part.method!r} scores this cell with seed {seed} "
            "in another file too: leave one out"
        )


def _complete(scores: Scores, *, allow_missing: bool) -> Scores:
    """Keep the cells that every method and seed has a score of; refuse others unless allowed."""
    lacking = {
        (method, seed): np.isnan(values)
        for method, seeds in scores.values.items()
        for seed, values in seeds.items()
    }
    is_missing = np.any(list(lacking.values()), axis=0)
    if not is_missing.any():
        return scores
    (method, seed), first = next((key, lacks) for key, lacks in lacking.items() if lacks.any())
    if not allow_missing:
        cell = scores.cells[int(first.argmax())]
        raise ValueError(
            f"method {method!r}, seed {seed}, has no score of {int(first.sum())} of the "
            f"{len(scores.cells)} cells, such as {cell}: give them, or leave every cell that "
            f"lacks one ({int(is_missing.sum())} in all) out for all with --allow-missing"
        )
    kept = scores._select(~is_missing)
    return Scores(**{**vars(kept), "num_missing": int(is_missing.sum())})
