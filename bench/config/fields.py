"""Fields of a nested recipe by name: overridden from text, written as JSON, read back."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

from bench.base.names import unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


def override(recipe: T, changes: dict[str, str]) -> T:
    """Replace fields of a (nested) dataclass by name at once, from texts of a command line.

    Raises:
        ValueError: no field of that name, or a text that is no value of the field's type.
    """
    known = dict(field_types(recipe))
    for name in changes:
        if name not in known:
            raise unknown("recipe field", name, known)
    return _filled(recipe, {name: _parse(name, t, known[name]) for name, t in changes.items()})


def read_changes(texts: Sequence[str]) -> dict[str, str]:
    """Read a command line's FIELD=VALUE texts into what `override` takes.

    Raises:
        ValueError: a text without '='.
    """
    changes = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--set {text!r} is not FIELD=VALUE")
        changes[name] = value
    return changes


def field_types(recipe: Any) -> list[tuple[str, Any]]:
    """List every leaf field of a nested dataclass with its type."""
    kind: Any = type(recipe)
    hints = _hints(kind)
    leaves: list[tuple[str, Any]] = []
    for part in fields(recipe):
        value = getattr(recipe, part.name)
        leaves += field_types(value) if is_dataclass(value) else [(part.name, hints[part.name])]
    return leaves


def to_dict(recipe: Any) -> dict[str, Any]:
    """Flatten a nested dataclass into JSON-ready values, by the names `override` takes."""
    flat: dict[str, Any] = {}
    for part in fields(recipe):
        value = getattr(recipe, part.name)
        flat.update(to_dict(value) if is_dataclass(value) else {part.name: _plain(value)})
    return flat


def from_dict(default: T, values: dict[str, Any]) -> T:
    """Rebuild a nested dataclass of `default`'s type from `to_dict`'s values.

    A field that is not among the values was added after they were written: it is as in `default`.

    Raises:
        ValueError: a field that is unknown, or a value that is not of its type.
    """
    known = dict(field_types(default))
    for name, value in values.items():
        if name not in known:
            raise unknown("recipe field", name, known)
        if not _is_of(value, known[name]):
            raise ValueError(f"{name}={value!r} is not of type {_name(known[name])}")
    plain = {n: tuple(v) if isinstance(v, list) else v for n, v in values.items()}
    return _filled(default, plain)


@cache
def _hints(kind: type) -> dict[str, Any]:
    """Resolve a dataclass's annotations: slow, and asked for every run of a folder."""
    return get_type_hints(kind)


def _filled(recipe: T, values: dict[str, Any]) -> T:
    """Replace leaf fields of a nested dataclass, in one pass."""
    changes: dict[str, Any] = {}
    for part in fields(recipe):  # type: ignore[arg-type]  # T is a dataclass, which can't be said
        current = getattr(recipe, part.name)
        if is_dataclass(current):
            changes[part.name] = _filled(current, values)
        elif part.name in values:
            changes[part.name] = values[part.name]
    return replace(recipe, **changes)  # type: ignore[type-var]  # likewise


def _parse(name: str, text: str, kind: Any) -> Any:
    if get_origin(kind) is tuple:
        return tuple(_parse(name, part, get_args(kind)[0]) for part in text.split(",") if part)
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError(f"{name}={text!r} is not true or false")
        return text.lower() == "true"
    try:
        if kind in (int, float) and ("_" in text or not text.isascii()):
            raise ValueError  # Python reads 1_000 and digits of other scripts
        return kind(text)
    except ValueError:
        raise ValueError(f"{name}={text[:40]!r} is not of type {kind.__name__}") from None


def _is_of(value: Any, kind: Any) -> bool:
    """Whether a value read from JSON is of a field's type; types of own parts are not asked for."""
    if get_origin(kind) is tuple:
        return isinstance(value, list) and all(_is_of(one, get_args(kind)[0]) for one in value)
    if kind is float:
        return _is_of(value, int) or (isinstance(value, float) and math.isfinite(value))
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return kind not in (bool, str) or isinstance(value, kind)


def _name(kind: Any) -> str:
    return f"list of {get_args(kind)[0].__name__}" if get_origin(kind) is tuple else kind.__name__


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
