"""What is asked of a ranking of given scores, read and checked before anything is ranked."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from bench.base.names import load
from bench.ranking.baselines import BASELINES
from bench.ranking.given.entries import choose_cells
from bench.ranking.given.outputs import EVERY_BASELINE
from bench.ranking.protocol import for_given
from bench.scores.given import no_scores, read_scores
from bench.table.table import open_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from bench.ranking.baselines import Baseline
    from bench.ranking.given.entries import Chosen
    from bench.ranking.protocol import Protocol
    from bench.table.table import Table

    Source = Path | str | pd.DataFrame


class Asked(NamedTuple):
    """What was asked for, read and checked: what `rank_given` takes."""

    chosen: Chosen
    truth: Table
    protocol: Protocol
    baselines: Mapping[str, Baseline]


@contextmanager
def asked_of(
    sources: Sequence[Source],
    table: Path | str,
    *,
    lower: Iterable[str],
    cells: str,
    limit: int | None,
    allow_missing: bool,
    split: str,
    epochs: int | None,
    baselines: Sequence[str],
) -> Iterator[Asked]:
    """Read scores and open their truth; the arguments are those of `bench.rank.rank`.

    Raises:
        ValueError: scores, a table or names that are not as they should be.
    """
    lower = (lower,) if isinstance(lower, str) else tuple(lower)
    protocol = for_given(split, epochs)
    own = {name: load(name, BASELINES, "baseline") for name in baselines}
    with open_table(str(table)) as truth:
        given = (
            read_scores(sources, lower=lower, allow_missing=allow_missing)
            if sources
            else no_scores(truth.hashes())
        )
        chosen = choose_cells(
            given, truth, protocol, cells=cells, limit=limit, allow_missing=allow_missing
        )
        yield Asked(chosen, truth, protocol, EVERY_BASELINE | own)
