"""Plug-ins: what a command line names is one of ours, or a user's own as `package.module:name`."""

from __future__ import annotations

import difflib
import importlib
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType

T = TypeVar("T")


def load(spec: str, registry: Mapping[str, T], kind: str) -> T:
    """Return the entry of a registry, or import what `package.module:name` names.

    Args:
        spec: a key of the registry, or `package.module:name`.
        registry: the project's own choices of this kind.
        kind: what they are, for the error: 'space', 'scorer'.

    Raises:
        ValueError: an unknown name, a module that can't be imported, or one that lacks the name.
    """
    if spec in registry:
        return registry[spec]
    module_name, colon, name = spec.partition(":")
    if not colon:
        raise unknown(f"{kind} (nor is it package.module:name)", spec, registry)
    module = _import(module_name, spec, kind)
    if not hasattr(module, name):
        raise ValueError(f"{kind} {spec!r}: module {module_name} has no {name!r}; add it there")
    return cast("T", getattr(module, name))


def unknown(kind: str, name: str, known: Iterable[str]) -> ValueError:
    """Make the error for a name that is not known, with the nearest one that is."""
    known = list(known)
    nearest = difflib.get_close_matches(name, known, n=1)
    suggestion = f": did you mean {nearest[0]!r}?" if nearest else ":"
    return ValueError(f"unknown {kind} {name!r}{suggestion} known: {', '.join(known)}")


def _import(module_name: str, spec: str, kind: str) -> ModuleType:
    """Import a user's module; its import runs their code, so any of its errors is reported."""
    try:
        return importlib.import_module(module_name)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        remedy = "is its folder on PYTHONPATH?" if isinstance(error, ImportError) else "mend it"
        raise ValueError(f"{kind} {spec!r} can't be imported ({reason}): {remedy}") from error
