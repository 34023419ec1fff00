"""The trainings of a ground truth that is being made, kept beside its table until all are there."""

from __future__ import annotations

import hashlib
from shutil import rmtree
from typing import TYPE_CHECKING, Any

from bench.config.fields import from_dict, to_dict
from bench.config.recipe import StandAlone
from bench.runs import schemas
from bench.runs.layout import TRUTH_RECIPE
from bench.space.registry import build_space
from bench.table.table import Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bench.network.cell import Cell

    Parts = Mapping[Path, tuple[Cell, int]]


def space_cells(recipe: StandAlone) -> list[Cell]:
    """List the distinct cells of the recipe's space."""
    space: Any = build_space(recipe.space, recipe.m, recipe.skeleton)
    return list({(cell := space.cell(a)).hash: cell for a in space.architectures()}.values())


def seed_of(cell: Cell, repeat: int) -> int:
    """Return the root seed of one training."""
    return int(hashlib.sha256(f"{cell.hash}-{repeat}".encode()).hexdigest()[:8], 16)


def parts_of(out: Path) -> Path:
    """Return the folder of a table's trainings."""
    return out.with_name(f"{out.name}.parts")


def part_path(parts: Path, cell: Cell, repeat: int) -> Path:
    """Return where the result of one training is kept."""
    return parts / f"{cell.hash}-{repeat}.json"


def begun_folder(part: Path) -> Path:
    """Return where a training that is stopped is kept, apart: workers list digests there."""
    return part.with_suffix("")


def open_parts(parts: Path, recipe: StandAlone) -> None:
    """Begin or go on with a folder of trainings.

    Raises:
        ValueError: as `check_parts`.
    """
    check_parts(parts, recipe)
    if not (file := parts / TRUTH_RECIPE).is_file():
        values = {"version": schemas.TRUTH_RECIPE.version, **to_dict(recipe)}
        schemas.write_json(values, file, schemas.TRUTH_RECIPE)


def check_parts(parts: Path, recipe: StandAlone) -> None:
    """Refuse trainings that are there of another recipe, or of none that is known.

    Raises:
        ValueError: they are, or the recipe can't be read.
    """
    file, remedy = parts / TRUTH_RECIPE, schemas.TRUTH_RECIPE.remedy
    if not file.is_file():
        if any(parts.glob("*.json")):
            raise ValueError(f"{parts} holds trainings, but no {TRUTH_RECIPE}; {remedy}")
        return
    values = schemas.read_json(file, schemas.TRUTH_RECIPE)
    values.pop("version", None)
    try:
        before = from_dict(StandAlone(), values)
    except ValueError as error:
        raise ValueError(f"{file} can't be read: {error}; {remedy}") from error
    if before != recipe:
        raise ValueError(f"{parts} holds trainings of another recipe: see its {TRUTH_RECIPE}")


def finish(parts: Path) -> None:
    """Remove the parts, the recipe last, without which they would be of any."""
    trained = list(parts.glob("*-*.json"))
    for path in trained:  # a kill may have left it
        rmtree(begun_folder(path), ignore_errors=True)
    others = [path for path in parts.iterdir() if path not in trained]
    for path in [*trained, *sorted(others, key=lambda path: path.name == TRUTH_RECIPE)]:
        path.unlink()
    parts.rmdir()


def rows_of(wanted: Parts, epochs: int) -> Iterator[Row]:
    """Read the table's rows from complete trainings."""
    for path, (cell, _) in wanted.items():
        result = schemas.read_json(path, schemas.TRUTH_PART)
        accuracies = {name: result[f"{name}_accuracy"] for name in ("train", "valid", "test")}
        yield Row(cell=cell, epochs=epochs, time_s=result["time_s"], **accuracies)


def digest_of_parts(wanted: Parts) -> str:
    """Return the SHA-256 of all trainings, which the table names as its source."""
    digest = hashlib.sha256()
    for path in wanted:
        digest.update(path.read_bytes())
    return digest.hexdigest()
