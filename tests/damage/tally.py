"""What came of a campaign, counted: a line for each kind, and examples of what went wrong."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.damage.trials import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.damage.trials import Trial


def table_lines(trials: Sequence[Trial]) -> Iterator[str]:
    """Yield the table: tried, and how many of each outcome."""
    kinds = list(dict.fromkeys(trial.kind for trial in trials))
    width = max(map(len, [*kinds, "all"]))
    yield "  ".join([" " * width, "tried", *OUTCOMES])
    for kind in [*kinds, "all"]:
        counts = Counter(trial.outcome for trial in trials if kind in ("all", trial.kind))
        cells = [f"{counts[outcome]:{len(outcome)}}" for outcome in OUTCOMES]
        yield "  ".join([f"{kind:{width}}", f"{counts.total():5}", *cells])


def bad_lines(trials: Sequence[Trial], shown: int) -> Iterator[str]:
    """Yield examples of what went wrong, each kind and damage once before any recurs."""
    bad = [trial for trial in trials if trial.is_bad]
    firsts = {(t.kind, t.damage, t.outcome): t for t in reversed(bad)}
    for trial in list(dict.fromkeys([*firsts.values(), *bad]))[:shown]:
        said = trial.said if len(trial.said) < 600 else f"{trial.said[:200]}...{trial.said[-400:]}"
        yield f"{trial.kind}, input {trial.number}: {trial.damage}: {trial.outcome}: {said}"
