"""Presets by name, each for the commands that take it, and recipes changed field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from bench.base.names import call_plugin, load
from bench.config.fields import override, to_dict
from bench.config.registry import PRESETS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.config.recipe import Preset

Recipe = TypeVar("Recipe")


def ranking_preset(name: str) -> Preset:
    """Return a preset with a table of truth: one of PRESETS, or `package.module:name`.

    Raises:
        ValueError: an unknown preset, or one of supernets that are searched.
    """
    preset = _load(name)
    if not preset.table:
        raise ValueError(
            f"preset {name!r} has no table of truth to rank against: bench/mixpath.py takes it"
        )
    return preset


def mixpath_preset(name: str) -> Preset:
    """Return a preset whose supernets are searched: of PRESETS, or `package.module:name`.

    Raises:
        ValueError: an unknown preset, or one of the ranking benchmark.
    """
    preset = _load(name)
    if preset.final is None:
        raise ValueError(f"preset {name!r} is one to rank, not to search: bench/run.py takes it")
    return preset


def changed(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """Return a recipe with fields replaced by name; None leaves a field as it is.

    Args:
        recipe: a recipe, perhaps nested.
        changes: values, or their texts as on the command line.

    Raises:
        ValueError: no field of that name, or a value that is none of the field's type.
    """
    made = override(recipe, {n: _as_text(v) for n, v in changes.items() if v is not None})
    if changes.get("snapshot_epochs"):  # a preset's own may lie behind fewer epochs
        _check_snapshots(to_dict(made))
    return made


def differences(recipe: Any, other: Any) -> list[str]:
    """List the fields in which a recipe differs from another of its kind."""
    ours, theirs = to_dict(recipe), to_dict(other)
    return [name for name, value in ours.items() if value != theirs[name]]


def _check_snapshots(fields: Mapping[str, Any]) -> None:
    last, epochs = max(fields["snapshot_epochs"], default=0), fields["epochs"]
    if last > epochs:
        raise ValueError(f"snapshot_epochs={last} must be at most epochs={epochs}")


def _load(name: str) -> Preset:
    return call_plugin(name, "preset", load(name, PRESETS, "preset"))


def _as_text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return str(value)
