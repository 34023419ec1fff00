"""Checks of a dataclass's fields when the object is made: a wrong one never travels further."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection


def check_least(config: Any, least: int, *names: str) -> None:
    """Refuse fields below their least value.

    Raises:
        ValueError: with the first that is.
    """
    for name in names:
        value = getattr(config, name)
        if value < least:
            remedy = "must not be negative" if least == 0 else f"must be at least {least}"
            raise ValueError(f"{name}={value} {remedy}")


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
