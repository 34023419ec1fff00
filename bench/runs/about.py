"""run.json: what made a run, written when its folder is made and read ever after.

Version 2 names its `version` and `kind`. Version 1 had neither, nor a recipe's `net`: both follow
from what it has. Fields that a later version adds to a recipe have defaults, so that files written
before are read as having them.
"""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.base.names import is_plugin, load
from bench.config.fields import from_dict, to_dict
from bench.config.recipe import SKELETONS, Final, Recipe
from bench.network.skeleton import Skeleton
from bench.runs import schemas
from bench.runs.digests import is_lost
from bench.runs.layout import RUN, TRAINED
from bench.runs.lock import at_work

if TYPE_CHECKING:
    from bench.config.recipe import Trained

KINDS: dict[str, type[Recipe | Final]] = {"supernet": Recipe, "network": Final}
FINAL_NAMES = ("retrain", "transfer")
PACKAGES = ("torch", "torchvision", "nasbench-pytorch", "numpy", "pandas", "scikit-learn")
UNKNOWN = "unknown"
"""A device that was not told, or that a worker of a cluster was to choose."""
SPEED_FIELDS = ("workers", "cuda_graphs")
"""Fields of a recipe that say how fast, not what: a run goes on whatever they are."""
HERE = Path(__file__).resolve().parent


class RunFolderError(ValueError):
    """A run folder that does not hold what is expected of it."""


@dataclass(frozen=True, kw_only=True)
class About:
    """What run.json says.

    Attributes:
        kind: 'supernet', or 'network' for one trained to the end.
        recipe: a `Recipe`, or a `Final` of a network.
        seed: root of every random stream.
        device: where it was begun, such as 'cpu'.
    """

    kind: str
    recipe: Any
    seed: int
    device: str = UNKNOWN


def open_folder(
    folder: Path,
    recipe: Recipe | Final,
    seed: int,
    device: str,
    num_threads: int,
    device_name: str = "",
) -> None:
    """Make a folder for a recipe and a seed, or check that it is theirs.

    A folder in which nothing was trained holds no results: it is taken over, so that a mistaken
    value that was found out late does not stand in the way of the right one.

    Raises:
        RunFolderError: the folder holds another recipe, or results without a run.json.
        BusyFolderError: another command is at work there.
    """
    if is_folder_of(folder, recipe, seed):
        return
    check_told(folder)
    kind = "network" if isinstance(recipe, Final) else "supernet"
    values = {
        "version": schemas.RUN.version,
        "kind": kind,
        "recipe": to_dict(recipe),
        "seed": seed,
        "device": device,
        "device_name": device_name,
        "num_threads": num_threads,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "commit": _commit(),
    }
    with at_work(folder):
        schemas.write_json(values, folder / RUN, schemas.RUN)


def check_told(folder: Path) -> None:
    """Refuse a folder with results that nothing is known of.

    Raises:
        RunFolderError: they have no run.json beside them.
    """
    if is_trained(folder) and not (folder / RUN).is_file():
        raise RunFolderError(
            f"{folder} has results, but no {RUN} that tells what they are of: put it back, or "
            "delete the folder"
        )


def is_folder_of(folder: Path, recipe: Recipe | Final, seed: int) -> bool:
    """Whether a folder is of a recipe and seed already; if not, it may be made so.

    Raises:
        RunFolderError: another recipe was trained there.
    """
    if not (folder / RUN).is_file():
        return False
    about = read_about(folder)
    changed = _changed(
        to_dict(about.recipe) | {"seed": about.seed}, to_dict(recipe) | {"seed": seed}
    )
    if changed and is_trained(folder):
        raise RunFolderError(
            f"{folder} holds another recipe: {', '.join(changed)}; "
            "name another folder with --out, or delete it"
        )
    return not changed


def check_not_lost(path: Path) -> None:
    """Refuse to go on where a file is gone that was written: left out, it would not be missed.

    Raises:
        RunFolderError: it is gone.
    """
    if is_lost(path):
        raise RunFolderError(
            f"{path} was written and is gone: the command that made it makes it again; or delete "
            f"{path.parent}"
        )


def is_trained(folder: Path) -> bool:
    """Whether anything was trained, scored or tested in a folder."""
    return any((folder / name).is_file() for name in TRAINED)


def read_about(folder: Path) -> About:
    """Read a folder's run.json, of any version.

    Raises:
        RunFolderError: no run.json, or one that can't be read.
    """
    try:
        values = schemas.read_json(folder / RUN, schemas.RUN)
        fields = values["recipe"]
        kind = values.get("kind") or _kind_of_version_1(fields["name"])
        recipe = recipe_of(kind, fields)
    except FileNotFoundError:
        raise RunFolderError(f"{folder} has no {RUN}: it is no run folder") from None
    except schemas.DamagedFileError as error:
        raise RunFolderError(str(error)) from error  # it names the file
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RunFolderError(
            f"{folder / RUN} can't be read: {error}; {schemas.RUN.remedy}"
        ) from error
    return About(kind=kind, recipe=recipe, seed=values["seed"], device=values["device"])


def recipe_of(kind: str, fields: dict[str, Any]) -> Any:
    """Make a recipe of its fields, as run.json or a checkpoint holds them.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: they are not a recipe's.
    """
    return from_dict(_default(kind, fields), fields)


def _kind_of_version_1(name: str) -> str:
    return "network" if name in FINAL_NAMES else "supernet"


def _default(kind: str, fields: dict[str, Any]) -> Trained:
    """Return a recipe of the right types for its fields to be put into."""
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")
    net = fields.get("net") or ("bottlenecks" if "width" in fields else "cells")
    return replace(KINDS[kind](), net=net, skeleton=skeleton_type(net)())


def skeleton_type(net: str) -> type[Any]:
    """Return the type of a net's own part of the recipe; an own net may name its `Skeleton`.

    Whether there is such a net is not asked here: it is, where the net is built.
    """
    if is_plugin(net):
        return getattr(load(net, {}, "net"), "Skeleton", Skeleton)
    return SKELETONS.get(net, Skeleton)


def _changed(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """List the fields in which a recipe differs from a folder's, with both values."""
    names = [name for name in dict.fromkeys([*new, *old]) if name not in SPEED_FIELDS]
    return [
        f"{name}={old.get(name)} (asked: {new.get(name)})"
        for name in names
        if old.get(name) != new.get(name)
    ]


def _commit() -> str:
    """Return the commit of the checkout, '+' behind it where files differ, or 'unknown'."""
    try:
        out = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12"],
            cwd=HERE,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return out.stdout.strip()
