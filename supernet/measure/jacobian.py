"""How similar the Jacobians of different paths are, with respect to the input image (Table 4).

The cosine of two Jacobians is that of their entries, <J, K> / (|J| |K|). Where all between a sum of
paths and its batch norm is linear, inner products of single paths give those of sums, exactly where
that is cheap (`linear_jacobian`); elsewhere every path and sum is run along random directions
(`sampled_jacobian`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from supernet.measure.linear_jacobian import measure_linear
from supernet.measure.sampled_jacobian import measure_sampled
from supernet.measure.snapshots import rows_by_place

if TYPE_CHECKING:
    from supernet.measure.snapshots import Snapshots

NUM_EPOCHS = 4


def measure(snapshots: Snapshots) -> pd.DataFrame:
    """Measure Jacobians by epoch, cell, place and pair: mean and variance over the images.

    `error` is the standard error of the mean that the random directions cause, 0 where exact.
    """

    def measured(place: Any) -> list[dict[str, Any]]:
        return (measure_linear if place.is_linear else measure_sampled)(place, snapshots)

    return pd.DataFrame(rows_by_place(snapshots, snapshots.few_epochs(NUM_EPOCHS), measured))
