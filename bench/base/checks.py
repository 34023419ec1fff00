"""Bounds and choices of a configuration's fields, checked when the object is made."""

from __future__ import annotations

from typing import Any


def check_least(config: Any, least: int, *names: str) -> None:
    """Refuse a field below its least value, with a ValueError."""
    for name in names:
        value = getattr(config, name)
        if value < least:
            remedy = "must not be negative" if least == 0 else f"must be at least {least}"
            raise ValueError(f"{name}={value} {remedy}")


def check_choice(config: Any, **choices: tuple[str, ...]) -> None:
    """Refuse a field that is none of its choices, with a ValueError."""
    for name, known in choices.items():
        if getattr(config, name) not in known:
            raise ValueError(f"{name}={getattr(config, name)!r} is not {' or '.join(known)}")
