"""Checks of a dataclass's fields when the object is made: a wrong one never travels further."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection


SHOWN = 40


def show(value: Any) -> str:
    """Write a value that is out of place, shortened, in one line."""
    text = repr(value if isinstance(value, str) else str(value))
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def check_least(config: Any, least: float, *names: str) -> None:
    """Refuse fields below their least value.

    Raises:
        ValueError: with the first that is.
    """
    for name in names:
        value = getattr(config, name)
        if value < least:
            remedy = "must not be negative" if least == 0 else f"must be at least {least}"
            raise ValueError(f"{name}={value} {remedy}")


def check_bounds(config: Any, **bounds: tuple[float, float]) -> None:
    """Refuse fields that are not of their bounds' type, NaN, or out of them.

    Args:
        config: any object.
        **bounds: the least and the largest value of each field, whole numbers where it is one.

    Raises:
        ValueError: with the first that is.
    """
    for name, (least, most) in bounds.items():
        value = getattr(config, name)
        is_whole = isinstance(most, int)
        if type(value) is not int and (is_whole or not isinstance(value, float)):
            kind = "whole number" if is_whole else "number"
            raise ValueError(f"{name}={value!r} must be a {kind} from {least:,} to {most:,}")
        if not value >= least:
            check_least(config, least, name)
            raise ValueError(f"{name}={value} must be a number from {least:,} to {most:,}")
        if value > most:
            raise ValueError(f"{name}={value!s:.20} must be at most {most:,}")


def check_choice(config: Any, **choices: Collection[str]) -> None:
    """Refuse fields that are none of their choices.

    Raises:
        ValueError: with the first that is none, and the nearest choice.
    """
    for name, known in choices.items():
        value = getattr(config, name)
        if value not in known:
            nearest = difflib.get_close_matches(str(value), known, n=1)
            suggestion = f": did you mean {nearest[0]!r}?" if nearest else ""
            raise ValueError(f"{name}={value!r} is not {' or '.join(known)}{suggestion}")
