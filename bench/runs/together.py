"""What runs must share that are ranked or measured together: recipe, images and code.

They may differ in what is compared (m, batch norm, sampler), in their seeds, and in how fast they
are; two spaces are two rankings. All else would be averaged, or subtracted, without a word.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from bench.config.fields import to_dict
from bench.runs.about import SPEED_FIELDS, RunFolderError
from bench.runs.origin import SHOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from bench.runs.origin import Origin
    from bench.runs.run import Run

COMPARED = ("m", "batch_norm", "sampler")
UNKNOWN = "unknown, as of runs from before digests were kept"


def check_together(runs: Iterable[Run], origins: Mapping[Path, Origin]) -> None:
    """Refuse to rank runs together that come from different recipes, images or code.

    Args:
        runs: of any recipes, which are told apart by name and space.
        origins: by run folder.

    Raises:
        RunFolderError: with the folders on each side.
    """
    found: defaultdict[tuple[str, ...], defaultdict[str, list[Path]]]
    found = defaultdict(lambda: defaultdict(list))
    for run in runs:
        for key, value in (_fields(run) | _digests(origins[run.folder])).items():
            found[key][value].append(run.folder)
    for (what, *_), by_value in found.items():
        if len(by_value) > 1:
            sides = " and ".join(f"{value} ({_named(same)})" for value, same in by_value.items())
            raise RunFolderError(
                f"runs that would be ranked together differ in {what}: {sides}; "
                "keep them in results folders of their own with --out"
            )


def _fields(run: Run) -> dict[tuple[str, ...], str]:
    """Return what must be equal in all runs of one recipe's name and space."""
    fields: dict[str, Any] = to_dict(run.recipe)
    return {
        (name, run.recipe.name, run.recipe.space): repr(value)
        for name, value in fields.items()
        if name not in (*COMPARED, *SPEED_FIELDS)
    }


def _digests(origin: Origin) -> dict[tuple[str, ...], str]:
    """Return what must be equal in all runs."""
    known = {"images": UNKNOWN} | {what: one[:SHOWN] for what, one in origin.known().items()}
    return {(what,): digest for what, digest in known.items()}


def _named(folders: list[Path]) -> str:
    return ", ".join("/".join(folder.parts[-2:]) for folder in folders)
