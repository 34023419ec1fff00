"""Pareto fronts of accuracy (up) and multiply-adds (down), and the area that they dominate.

The front is pymoo's non-dominated sorting. The area is a sum of our own: pymoo's (`HV`, now by
moocore) adds the strips in another order, which changes the last digit of a column whose bytes are
kept and compared. Tests hold it against pymoo's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def on_front(accuracies: ArrayLike, multiply_adds: ArrayLike) -> NDArray[np.bool_]:
    """Mark the points that no other beats in one and equals or beats in the other.

    Args:
        accuracies: shape (num_architectures,), in [0, 1].
        multiply_adds: shape (num_architectures,).

    Returns:
        Booleans of shape (num_architectures,); of equal points the first.
    """
    from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

    accuracy, cost = np.asarray(accuracies, float), np.asarray(multiply_adds, float)
    losses = np.column_stack([-accuracy, cost])
    # pymoo calls all of some equal points undominated, so each is asked for once.
    distinct, first = np.unique(losses, axis=0, return_index=True)
    marks = np.zeros(len(accuracy), dtype=bool)
    marks[first[NonDominatedSorting().do(distinct, only_non_dominated_front=True)]] = True
    return marks


def hypervolume(accuracies: ArrayLike, multiply_adds: ArrayLike, largest: float) -> float:
    """Return the area dominated, in [0, 1].

    The reference point is accuracy 0 at `largest` multiply-adds, the space's most; both axes are
    scaled to [0, 1]. Points beyond the reference add nothing.
    """
    accuracy, cost = np.asarray(accuracies, float), np.asarray(multiply_adds, float) / largest
    front = on_front(accuracy, cost) & (cost < 1.0)
    order = np.argsort(cost[front])
    x, y = cost[front][order], accuracy[front][order]
    return float(np.sum(y * (np.append(x[1:], 1.0) - x)))  # strips between neighbours on the front


def hypervolume_curve(
    accuracies: ArrayLike, multiply_adds: ArrayLike, largest: float
) -> NDArray[np.float64]:
    """Return the hypervolume after each evaluation, of shape (num_architectures,)."""
    accuracy, cost = np.asarray(accuracies, float), np.asarray(multiply_adds, float)
    values, front = [], np.zeros(0, dtype=int)
    for index in range(len(accuracy)):
        candidates = np.append(front, index)  # what the front has beaten once stays beaten
        front = candidates[on_front(accuracy[candidates], cost[candidates])]
        values.append(hypervolume(accuracy[front], cost[front], largest))
    return np.array(values)
