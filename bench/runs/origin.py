"""Where a run comes from beside its recipe: the images behind --data, and the code of plug-ins.

Both are kept in run.json as SHA-256 digests when a run is first trained, so that other images or
changed code are never taken for those of before. An empty digest is unknown, as of runs trained
before digests were kept: such a run is gone on with, but not ranked beside known ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.base.names import is_plugin, source_digest
from bench.config.recipe import Recipe
from bench.runs import schemas
from bench.runs.about import RunFolderError, is_trained, read_about
from bench.runs.layout import RUN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bench.config.recipe import Trained
    from bench.runs.run import FinalRun, Run

SHOWN = 8
"""Digits of a digest that a message shows."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Digests, in hexadecimal.

    Attributes:
        images: of every image and label.
        plugins: of each plug-in's module, by `package.module:name`.
    """

    images: str = ""
    plugins: Mapping[str, str] = field(default_factory=dict)

    def known(self) -> dict[str, str]:
        """Return the digests that are known, by what they are of."""
        plugins = {f"source of {spec}": digest for spec, digest in self.plugins.items()}
        return {what: one for what, one in {"images": self.images, **plugins}.items() if one}


def origin_of(recipe: Trained, images: str = "") -> Origin:
    """Gather what a run of a recipe comes from now.

    Args:
        recipe: names the plug-ins.
        images: digest of the images; empty where they were not opened.

    Raises:
        ValueError: a plug-in that can't be imported.
    """
    names = [recipe.net, recipe.data_set, recipe.space, recipe.training.optimizer]
    if isinstance(recipe, Recipe):
        names += [recipe.batch_norm, recipe.sampler, *recipe.scorers]
    plugins = {name: source_digest(name) for name in names if is_plugin(name)}
    return Origin(images=images, plugins=plugins)


def read_origin(folder: Path) -> Origin:
    """Read what a run came from.

    Raises:
        DamagedFileError: a run.json that is not as it was written.
    """
    values = schemas.read_json(folder / RUN, schemas.RUN)
    return Origin(images=values["images"], plugins=values["plugins"])


def claim(run: Run | FinalRun, origin: Origin) -> None:
    """Write where a run comes from, or check it where something was trained already.

    Raises:
        RunFolderError: it was trained on other images, or with other code, or another command took
            the folder over.
    """
    folder, about = run.folder, read_about(run.folder)
    if (about.recipe, about.seed) != (run.recipe, run.seed):
        raise RunFolderError(
            f"another command took {folder} over for another recipe: name another folder with --out"
        )
    if is_trained(folder):
        check_origin(folder, origin)
        return
    values = schemas.read_json(folder / RUN, schemas.RUN)
    values |= {"images": origin.images, "plugins": dict(origin.plugins)}
    schemas.write_json(values, folder / RUN, schemas.RUN)


def check_origin(folder: Path, origin: Origin) -> None:
    """Refuse to go on with a run from other images or code.

    Raises:
        RunFolderError: with what has changed.
    """
    before, now = read_origin(folder).known(), origin.known()
    changed = [
        f"{what} {before[what][:SHOWN]} (now: {now[what][:SHOWN]})"
        for what in before
        if what in now and now[what] != before[what]
    ]
    if changed:
        raise RunFolderError(
            f"what {folder} was trained from has changed: {', '.join(changed)}; "
            "put that back, name another folder with --out, or delete it"
        )
