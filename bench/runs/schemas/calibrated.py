"""`calibrated` in memory: pandas' `boolean`, <NA> for baselines, which are neither.

<NA> has traps: it is neither equal nor unequal to anything, raises where a bool is asked of it,
and groupby leaves it out. These functions have none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.runs.schemas.model import NONE

if TYPE_CHECKING:
    import pandas as pd


def calibrated_text(calibrated: Any) -> str:
    """Write one value as files do: 'True', 'False', or '-' for neither."""
    if is_calibrated(calibrated):
        return "True"
    return "False" if is_raw(calibrated) else NONE


def calibrated_word(calibrated: Any) -> str:
    """Name one value for a reader: 'calibrated', 'raw', or '-' for neither."""
    if is_calibrated(calibrated):
        return "calibrated"
    return "raw" if is_raw(calibrated) else NONE


def is_calibrated(calibrated: Any) -> bool:
    """Whether a row's scores are calibrated; false of baselines."""
    import pandas as pd

    return not pd.isna(calibrated) and bool(calibrated)


def is_raw(calibrated: Any) -> bool:
    """Whether a row's scores are a supernet's without calibration; false of baselines."""
    import pandas as pd

    return not pd.isna(calibrated) and not calibrated


def to_calibrated(values: pd.Series[Any]) -> pd.Series[Any]:
    """Give a column of bools, or of texts as files hold them, the type `boolean`.

    Raises:
        TypeError: anything else.
    """
    texts = {"True": True, "False": False, NONE: None}
    known = values.map(lambda value: texts.get(value, value) if isinstance(value, str) else value)
    return known.astype(object).astype("boolean")
