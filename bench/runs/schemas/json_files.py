"""JSON files read and written by their schemas: the outer keys, their types, the version."""

from __future__ import annotations

import copy
import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.base.checks import show
from bench.runs.digests import read_kept, write_kept
from bench.runs.schemas.model import DamagedFileError, FlawError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VERSION = "version"
"""The key that may hold the version of the schema that a file was written by."""

KINDS = {"text": str, "integer": int, "bool": bool, "object": dict, "list": list}
"""Beside these 'number', finite, and 'texts', an object of texts."""


@dataclass(frozen=True)
class Key:
    """One outer key.

    Attributes:
        kind: a name in KINDS, 'number' or 'texts'.
        low: the least value of a number.
        high: its greatest value.
        default: what a file without it is read as holding.
        is_required: whether every file has it; a key that a later version adds is not.
    """

    kind: str
    default: Any = None
    is_required: bool = True
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, eq=False)
class JsonSchema:
    """One kind of JSON file: an object.

    Attributes:
        name: the file's name.
        keys: by name; further keys are kept unread, so that older programs read newer files.
        remedy: what to do about a damaged one.
        version: raised when older programs would misread the file.
    """

    name: str
    keys: Mapping[str, Key]
    remedy: str
    version: int = 1


def later(kind: str, default: Any, low: float | None = None) -> Key:
    """Make a key that files written before it lack."""
    return Key(kind, default, is_required=False, low=low)


def read_json(path: Path, schema: JsonSchema) -> dict[str, Any]:
    """Read a JSON file, with the defaults of the keys that it was written without.

    Raises:
        DamagedFileError: it is not as the schema says, or not as it was written.
    """
    data, doubt = read_kept(path)
    try:
        values = _parse(data, schema)
    except FlawError as flaw:
        raise DamagedFileError(f"{path}, line {flaw.line}: {flaw}; {schema.remedy}") from flaw
    if doubt:
        raise DamagedFileError(f"{path}: {doubt}; {schema.remedy}")
    return values


def write_json(values: Mapping[str, Any], path: Path, schema: JsonSchema) -> None:
    """Check values and write them as JSON, whole or not at all.

    Raises:
        ValueError: they are not as the schema says; nothing is written.
    """
    try:
        _check(values, schema, "")
    except FlawError as flaw:
        raise ValueError(f"{path} is not written: {flaw}") from flaw
    write_kept(json.dumps(values, indent=1, allow_nan=False) + "\n", path)


def _parse(raw: bytes, schema: JsonSchema) -> dict[str, Any]:
    try:
        text = raw.decode()
        values = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise FlawError(line, f"byte {raw[error.start]:#04x} is no text") from error
    except json.JSONDecodeError as error:
        raise FlawError(error.lineno, f"no JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:  # an integer of 5,000 digits; 5,000 brackets
        raise FlawError(1, f"no JSON: {error}") from error
    if not isinstance(values, dict):
        raise FlawError(1, "no JSON object")
    _check(values, schema, text)
    missing = {name: key.default for name, key in schema.keys.items() if name not in values}
    return copy.deepcopy(missing) | values


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object; a key that is there twice would be read as its last value."""
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        raise FlawError(1, f"key {show(max(names, key=names.count))} is there twice")
    return values


def _no_number(text: str) -> float:
    raise FlawError(1, f"{text} is no number")


def _check(values: Mapping[str, Any], schema: JsonSchema, text: str) -> None:
    for name, key in schema.keys.items():
        if name not in values:
            if key.is_required:
                raise FlawError(1, f"key {name!r} is missing")
        elif not _is(values[name], key.kind):
            raise FlawError(
                _line(name, text), f"key {name!r}: {show(values[name])} is no {key.kind}"
            )
        elif key.low is not None and values[name] < key.low:
            raise FlawError(
                _line(name, text), f"key {name!r}: {show(values[name])} is below {key.low:g}"
            )
        elif key.high is not None and values[name] > key.high:
            raise FlawError(
                _line(name, text), f"key {name!r}: {show(values[name])} is above {key.high:g}"
            )
    version = values.get(VERSION, 1)
    if not _is(version, "integer") or not 1 <= version <= schema.version:
        raise FlawError(
            1,
            f"version {show(version)} of {schema.name} is unknown to this release, which reads "
            f"up to {schema.version}",
        )


def _line(name: str, text: str) -> int:
    """Find the line of an outer key, by the indentation that files are written with."""
    found = re.search(rf'^ ?"{re.escape(name)}":', text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _is(value: Any, kind: str) -> bool:
    if kind != "bool" and isinstance(value, bool):  # which Python counts as an integer
        return False
    if kind == "texts":
        return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
    if kind == "number":
        return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    return isinstance(value, KINDS[kind])
