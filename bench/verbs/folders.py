"""Where images come from and results go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

RESULTS = Path("results")


def results_folder(out: Path | str | None, preset: str, changed: Iterable[str]) -> Path:
    """Return the results folder asked for, or the preset's.

    Args:
        out: as asked for, or None.
        preset: the preset's name.
        changed: fields in which the recipe differs from the preset's.

    Raises:
        ValueError: a changed recipe without a folder of its own.
    """
    names = ", ".join(changed)
    if out is None and names:
        raise ValueError(f"{names} differ from preset {preset!r}: name a folder with --out")
    return Path(out or RESULTS / preset)


def as_path(path: Path | str | None) -> Path | None:
    """Return a path given as text as one, and None as it is."""
    return None if path is None else Path(path)


def shortened(folder: Path) -> Path:
    """Return a folder as seen from here, where it lies below."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder
