"""Two sources of the same figures in one table."""

import numpy as np
from numpy.typing import NDArray

from bench.table.data import (
    FIGURES,
    SPLITS,
    Budget,
    TableData,
    TableError,
    known_means,
    widened,
)

TOLERANCE = 1e-4  # published means have four decimals


def merge(first: TableData, second: TableData) -> TableData:
    """Join two tables.

    Where both know a cell at a budget, their means must agree to 1e-4; then repeats win over a
    mean, and of two means or two identical sets of repeats the first is kept.

    Raises:
        TableError: if the sources belong to different skeletons, disagree on a cell, or both have
            repeats of a cell that are not the same.
    """
    if first.skeleton != second.skeleton:
        raise TableError(
            f"sources belong to different networks, {first.skeleton} and {second.skeleton}: "
            "import them into two tables"
        )
    hashes, from_first, from_second = _union(first.hashes, second.hashes)
    columns = {  # the first table's graph of a cell stays, as the first row's does in a builder
        name: np.where(
            from_first >= 0,
            getattr(first, name)[from_first],
            getattr(second, name)[from_second],
        )
        for name in ("edges", "operations", "parameters")
    }
    num_repeats = max(first.num_repeats, second.num_repeats)
    budgets = {
        epochs: _merge_budgets(
            hashes,
            _spread(first.budgets.get(epochs), from_first, num_repeats),
            _spread(second.budgets.get(epochs), from_second, num_repeats),
        )
        for epochs in sorted({*first.budgets, *second.budgets})
    }
    return TableData(
        hashes=hashes,
        **columns,
        budgets=budgets,
        skeleton=first.skeleton,
        sources=first.sources + second.sources,
        details={**first.details, **second.details},
    )


def _union(
    first: NDArray[np.uint8], second: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.intp], NDArray[np.intp]]:
    """Sorted hashes of both, and where each has them (-1: nowhere)."""
    indices = [{row.tobytes(): i for i, row in enumerate(hashes)} for hashes in (first, second)]
    union = sorted({**indices[0], **indices[1]})
    places = np.array([[index.get(digest, -1) for digest in union] for index in indices])
    hashes = np.frombuffer(b"".join(union), dtype=np.uint8).reshape(-1, 16)
    return hashes, places[0], places[1]


def _spread(budget: Budget | None, places: NDArray[np.intp], num_repeats: int) -> Budget:
    """A budget over more cells and repeats, NaN where there is nothing."""
    if budget is None:
        nothing = np.full((len(places), num_repeats), np.nan)
        return Budget(
            figures=dict.fromkeys(FIGURES, nothing), mean_only=np.zeros(len(places), np.bool_)
        )
    budget = widened(budget, num_repeats)
    absent = places < 0
    return Budget(
        figures={
            name: np.where(absent[:, None], np.nan, values[places])
            for name, values in budget.figures.items()
        },
        mean_only=budget.mean_only[places] & ~absent,
    )


def _merge_budgets(hashes: NDArray[np.uint8], first: Budget, second: Budget) -> Budget:
    for split in SPLITS:
        _check_agreement(hashes, split, first.figures[split], second.figures[split])
    knows_first, knows_second = _is_known(first), _is_known(second)
    both = knows_first & knows_second
    _check_repeats(hashes, both & ~first.mean_only & ~second.mean_only, first, second)
    # By now two means agree, and so do two sets of repeats: only a mean gives way to repeats.
    takes_second = ~knows_first | both & first.mean_only & ~second.mean_only
    return Budget(
        figures={
            name: np.where(takes_second[:, None], second.figures[name], first.figures[name])
            for name in FIGURES
        },
        mean_only=np.where(takes_second, second.mean_only, first.mean_only),
    )


def _is_known(budget: Budget) -> NDArray[np.bool_]:
    figures = np.stack([budget.figures[name] for name in FIGURES])
    return np.asarray(np.isfinite(figures).any(axis=(0, 2)), dtype=np.bool_)


def _check_agreement(
    hashes: NDArray[np.uint8],
    split: str,
    first: NDArray[np.float64],
    second: NDArray[np.float64],
) -> None:
    means = known_means(first), known_means(second)
    wrong = np.flatnonzero(np.abs(means[0] - means[1]) > TOLERANCE)
    if len(wrong):
        values = " and ".join(f"{mean[wrong[0]]:.6f}" for mean in means)
        raise TableError(
            f"sources disagree on {len(wrong)} cells by more than {TOLERANCE}, first on the mean "
            f"{split} accuracy of {hashes[wrong[0]].tobytes().hex()}: {values}; leave one out"
        )


def _check_repeats(
    hashes: NDArray[np.uint8], both: NDArray[np.bool_], first: Budget, second: Budget
) -> None:
    for name in FIGURES:
        one, other = first.figures[name][both], second.figures[name][both]
        differs = ~((one == other) | np.isnan(one) & np.isnan(other)).all(axis=1)
        if differs.any():
            digest = hashes[both][differs][0].tobytes().hex()
            raise TableError(
                f"sources have different repeats of {differs.sum()} cells, first of {digest}: "
                "leave one out"
            )
