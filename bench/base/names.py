"""Plug-ins: what a command line names is one of ours, or a user's own as `package.module:name`.

A plug-in's import and its factory run a user's code, so any error of theirs becomes one line that
names the plug-in, the reason, and the line of the user's file where it happened.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import inspect
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import ModuleType

T = TypeVar("T")

_ROOT = Path(__file__).resolve().parents[2]
_NOT_THEIRS = (
    *(_ROOT / name for name in ("analysis", "bench", "supernet")),
    Path(importlib.__file__).parent,
)
"""Folders whose lines are no plug-in's: the project's own, and the import system."""


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


def is_plugin(spec: str) -> bool:
    """Tell whether a name is a user's `package.module:name`."""
    return ":" in spec


def source_digest(spec: str) -> str:
    """Return the SHA-256 of the source of a plug-in's module; empty where Python has no source.

    It covers the one file that is named: modules that this imports may change unseen.

    Raises:
        ValueError: a module that can't be imported.
    """
    module = _import(spec.partition(":")[0], spec, "plug-in")
    try:
        return hashlib.sha256(inspect.getsource(module).encode()).hexdigest()
    except (OSError, TypeError):  # a compiled module, or one that is no file
        return ""


def call_plugin(spec: str, kind: str, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Call what `load` returned for a name; a user's function may fail in any way.

    Errors of the project's own functions pass as they are, those of a plug-in become one line.

    Args:
        spec: the name that was loaded.
        kind: what it is, for the error: 'space', 'data set'.
        function: what `load` returned.
        *args: passed to it.
        **kwargs: passed to it.

    Raises:
        ValueError: the plug-in raised an error, or does not take these arguments; or what the
            project's own code says of them, as where a user's space inherits ours.
    """
    if not is_plugin(spec):
        return function(*args, **kwargs)
    try:
        return function(*args, **kwargs)
    except Exception as error:
        place = _line_raised(error)
        if isinstance(error, ValueError) and not place:
            raise
        place = place or _line_defined(function)
        raise ValueError(f"{kind} {spec!r} failed ({_reason(error)}{place}): mend it") from error


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
        place = _line_raised(error)
        is_absent = isinstance(error, ImportError) and not place
        remedy = "is its folder on PYTHONPATH?" if is_absent else "mend it"
        reason = f"{_reason(error)}{place}"
        raise ValueError(f"{kind} {spec!r} can't be imported ({reason}): {remedy}") from error


def _reason(error: Exception) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _line_raised(error: Exception) -> str:
    """Return ' at FILE:LINE', the deepest line of the plug-in's own folder; empty if it ran none.

    Below it may be frames of libraries, and above it are ours and the import system's.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return f" at {error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    files = [(Path(frame.filename), frame.lineno) for frame in frames]
    theirs = [(file, line) for file, line in files if file.is_file() and not _is_ours(file)]
    if not theirs:
        return ""
    folder = theirs[0][0].parent
    file, line = [place for place in theirs if place[0].is_relative_to(folder)][-1]
    return f" at {file}:{line}"


def _is_ours(file: Path) -> bool:
    return any(file.is_relative_to(folder) for folder in _NOT_THEIRS)


def _line_defined(function: Callable[..., Any]) -> str:
    """Return ' at FILE:LINE' of a function or class, empty where Python does not know it."""
    try:
        lines = inspect.getsourcelines(inspect.unwrap(function))
        return f" at {inspect.getsourcefile(inspect.unwrap(function))}:{lines[1]}"
    except (OSError, TypeError):
        return ""
