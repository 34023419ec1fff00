"""Pareto fronts of accuracy (up) and multiply-adds (down), and the area that they dominate."""

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
    accuracy, cost = np.asarray(accuracies, float), np.asarray(multiply_adds, float)
    marks = np.zeros(len(accuracy), dtype=bool)
    best = -np.inf
    for index in np.lexsort((np.arange(len(accuracy)), -accuracy, cost)):
        if accuracy[index] > best:
            marks[index], best = True, accuracy[index]
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
    return float(np.sum(y * (np.append(x[1:], 1.0) - x)))


def hypervolume_curve(
    accuracies: ArrayLike, multiply_adds: ArrayLike, largest: float
) -> NDArray[np.float64]:
    """Return the hypervolume after each evaluation, of shape (num_architectures,)."""
    accuracy, cost = np.asarray(accuracies, float), np.asarray(multiply_adds, float)
    values, front = [], np.zeros(0, dtype=int)
    for index in range(len(accuracy)):
        candidates = np.append(front, index)
        front = candidates[on_front(accuracy[candidates], cost[candidates])]
        values.append(hypervolume(accuracy[front], cost[front], largest))
    return np.array(values)
