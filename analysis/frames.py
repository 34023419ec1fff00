"""Small steps on data frames that several figures take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pandas import DataFrame

SOUND = "sound"


def groups(frame: DataFrame, by: str | list[str], **how: Any) -> Iterator[tuple[Any, DataFrame]]:
    """Iterate over groups; their keys are of whatever type the columns have."""
    yield from frame.groupby(by, **how)


def records(frame: DataFrame) -> list[Any]:
    """Return the rows as dictionaries."""
    return list(frame.to_dict("records"))


def preferred(values: Sequence[Any], wanted: Any) -> Any:
    """Return what is wanted where it is there, else the largest."""
    return wanted if wanted in values else max(values)


def under_main_protocol(frame: DataFrame) -> DataFrame:
    """Keep the rows of protocol `sound`, or of the headline's where there are none of it."""
    names = frame["protocol"].unique().tolist()
    chosen: DataFrame = frame[frame["protocol"] == (SOUND if SOUND in names else names[0])]
    return chosen
