"""Is a table the truth of these runs? Its data set and network beside those of their recipes.

A table made by `bench/truth.py` holds the recipe that trained it, and a digest of the images. One
that was imported says its data set where the import was told; in NAS-Bench-101's network it is of
CIFAR-10, as the official files are.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple

from bench.network.skeleton import NASBENCH101
from bench.runs.run import load_space

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bench.config.recipe import Preset, Recipe
    from bench.table.table import Table

OF_NASBENCH101 = "cifar10"
IN_FOLDERS = ("folder", "imagenet")
"""Data sets whose name does not tell which images they are."""


class TruthOf(NamedTuple):
    """What a table's figures belong to: data set and digest of the images, empty where unknown."""

    data_set: str
    images: str


def check_truth(
    table: Table,
    runs: Iterable[tuple[Recipe, str]],
    presets: Sequence[Preset],
    *,
    is_meant: bool,
) -> str:
    """Refuse a table that is the truth of other images or of another network, unless it is meant.

    The data set must be the table's: by the images' digests where both are known, else by its
    name, which tells nothing of images in folders. The network must be the table's, or one that a
    preset declares to be ranked against it (`Preset.truth_skeleton`): cifar10-small ranks a
    narrow network against NAS-Bench-101's on purpose.

    Args:
        table: the truth.
        runs: recipes, each with the digest of its images, empty where unknown.
        presets: those that may declare another network.
        is_meant: whether the user has said so, with --other-truth.

    Returns:
        A sentence that says how the truth differs, or nothing where it does not.

    Raises:
        ValueError: it differs and is not meant.
    """
    declared = [(one.recipe.skeleton, one.truth_skeleton) for one in presets if one.truth_skeleton]
    found = dict.fromkeys(
        difference
        for recipe, images in runs
        for difference in _differences(table, recipe, images, declared)
    )
    if not found:
        return ""
    differences = ", ".join(found)
    if not is_meant:
        raise ValueError(
            f"table {table.path} is the truth of other images or another network: {differences}; "
            "name their own with --table, or say that it is meant with --other-truth"
        )
    return f"The truth is of other images or another network than the runs: {differences}"


def check_cells(table: Table, recipe: Recipe, *, allow_missing: bool) -> None:
    """Refuse a table that lacks cells of a recipe's space, unless some may be missing.

    Raises:
        ValueError: with how many it lacks.
    """
    space = load_space(recipe)
    hashes = sorted({space.cell(a).hash for a in space.architectures()})
    missing = table.missing(hashes)
    if missing and (not allow_missing or len(missing) == len(hashes)):
        remedy = "" if len(missing) == len(hashes) else "; --allow-missing ranks the others"
        raise ValueError(
            f"table {table.path} lacks {len(missing)} of the {len(hashes)} cells of space "
            f"{recipe.space!r}, m={recipe.m}{remedy}"
        )


def truth_of(table: Table) -> TruthOf:
    """Return what a table's figures belong to."""
    details = table.provenance["details"]
    recipe = details.get("recipe")
    trained_on = recipe.get("data_set") if isinstance(recipe, dict) else None
    usual = OF_NASBENCH101 if table.skeleton == NASBENCH101 else ""
    data_set = trained_on or details.get("data_set") or usual
    return TruthOf(str(data_set), str(details.get("images", "")))


def _differences(
    table: Table, recipe: Recipe, images: str, declared: Sequence[tuple[object, object]]
) -> Iterator[str]:
    truth = truth_of(table)
    if images and truth.images:
        if images != truth.images:
            yield f"images {images[:8]} (the table's: {truth.images[:8]})"
    elif recipe.data_set != truth.data_set:
        yield f"data_set={recipe.data_set} (the table's: {truth.data_set or 'unknown'})"
    elif recipe.data_set in IN_FOLDERS:
        yield f"data_set={recipe.data_set} (the table's is a folder too, but not known to be this)"
    if recipe.skeleton == table.skeleton or (recipe.skeleton, table.skeleton) in declared:
        return
    ours, theirs = asdict(recipe.skeleton), asdict(table.skeleton)
    for name, value in ours.items():
        if value != theirs.get(name):
            yield f"{name}={value} (the table's: {theirs.get(name)})"
