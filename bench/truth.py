"""Train every cell of a space stand-alone, several times: a ground-truth table for any data set.

    mixpath-truth --preset digits --out digits.h5               # the table that ships with us
    mixpath-truth --data-set folder --data IMAGES --out own.h5 --set epochs=20

One cell trained once is one small file in OUT's `.parts` folder, so that the same command goes on
where it stopped; when all are there they become the table. On two cores the digits table takes
about half an hour.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import track

from bench.base.command import Parser, positive, run_command
from bench.base.files import replacing
from bench.base.names import load
from bench.base.parallel import default_jobs, in_parallel, task
from bench.config.fields import field_types, from_dict, override, read_changes, to_dict
from bench.config.recipe import StandAlone
from bench.config.registry import PRESETS
from bench.space.registry import build_space
from bench.table.table import Row, Source, write_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.network.cell import Cell

RECIPE = "recipe.json"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Train what is missing and write the table."""
    options = parser().parse_args(argv)
    recipe = load(options.preset, PRESETS, "preset")().stand_alone
    changes = read_changes(options.changes)
    if options.data_set:
        changes["data_set"] = options.data_set
    recipe = override(recipe, changes)
    build_table(options.out, recipe, options.data, options.device, options.jobs)
    print(f"{options.out}: mixpath-table describe shows what is in it")


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    p = Parser(
        prog="mixpath-truth",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("--out", type=Path, required=True, help="the HDF5 table to write")
    p.add_argument("--preset", default="digits", help=f"one of {', '.join(PRESETS)}")
    p.add_argument("--data-set", help="digits, cifar10, folder, or package.module:name")
    p.add_argument("--data", type=Path, help="folder of the images")
    p.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", dest="changes",
                   help="of " + ", ".join(n for n, _ in field_types(StandAlone())))  # fmt: skip
    p.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")
    p.add_argument("--jobs", type=positive, help="trainings at once (default: cores; 1 on a GPU)")
    return p


def build_table(
    out: Path,
    recipe: StandAlone,
    data_path: Path | None = None,
    device: str = "auto",
    jobs: int | None = None,
) -> None:
    """Train every cell of the recipe's space `num_repeats` times and write the table.

    Raises:
        ValueError: OUT's parts were made by another recipe.
    """
    from supernet.devices import choose_device

    device = choose_device(device)
    parts = out.with_name(f"{out.name}.parts")
    _open_parts(parts, recipe)
    cells = space_cells(recipe)
    wanted = {
        part_path(parts, cell, repeat): (cell, repeat)
        for repeat in range(recipe.num_repeats)
        for cell in cells
    }
    todo = {path: task for path, task in wanted.items() if not path.is_file()}
    tasks = (
        task(train_part, path, cell, repeat, recipe, data_path, device)
        for path, (cell, repeat) in todo.items()
    )
    done = in_parallel(tasks, jobs or default_jobs(device, 1))
    for _ in track(done, "training", total=len(todo), console=Console(stderr=True)):
        pass
    write_table(
        out,
        _rows(wanted, recipe.training.epochs),
        skeleton=recipe.skeleton,
        sources=[Source(f"stand-alone training on {recipe.data_set}", _digest(wanted))],
        details={"recipe": to_dict(recipe)},
    )
    _finish(parts)


def seed_of(cell: Cell, repeat: int) -> int:
    """Return the root seed of one training."""
    return int(hashlib.sha256(f"{cell.hash}-{repeat}".encode()).hexdigest()[:8], 16)


def space_cells(recipe: StandAlone) -> list[Cell]:
    """List the distinct cells of the recipe's space."""
    space: Any = build_space(recipe.space, recipe.m, recipe.skeleton)
    return list({(cell := space.cell(a)).hash: cell for a in space.architectures()}.values())


def part_path(parts: Path, cell: Cell, repeat: int) -> Path:
    """Return where the result of one training is kept."""
    return parts / f"{cell.hash}-{repeat}.json"


def train_part(
    path: Path, cell: Cell, repeat: int, recipe: StandAlone, data_path: Path | None, device: str
) -> None:
    """Train one cell once, on one thread, and keep the result."""
    import torch

    from supernet.data.registry import load_data
    from supernet.nets.stand_alone import train_cell

    torch.set_num_threads(1)
    data = load_data(recipe.data_set, recipe.skeleton, data_path, device)
    result = train_cell(cell, data, recipe.skeleton, recipe.training, seed_of(cell, repeat))
    with replacing(path) as part:
        part.write_text(json.dumps(result))


def _finish(parts: Path) -> None:
    for path in parts.iterdir():
        path.unlink()
    parts.rmdir()


def _open_parts(parts: Path, recipe: StandAlone) -> None:
    parts.mkdir(parents=True, exist_ok=True)
    file = parts / RECIPE
    if not file.is_file():
        with replacing(file) as part:
            part.write_text(json.dumps(to_dict(recipe), indent=1))
    elif from_dict(StandAlone(), json.loads(file.read_text())) != recipe:
        raise ValueError(f"{parts} holds trainings of another recipe: see its {RECIPE}")


def _rows(wanted: dict[Path, tuple[Cell, int]], epochs: int) -> Iterator[Row]:
    for path, (cell, _) in wanted.items():
        result: dict[str, Any] = json.loads(path.read_text())
        accuracies = {name: result[f"{name}_accuracy"] for name in ("train", "valid", "test")}
        yield Row(cell=cell, epochs=epochs, time_s=result["time_s"], **accuracies)


def _digest(wanted: dict[Path, tuple[Cell, int]]) -> str:
    digest = hashlib.sha256()
    for path in wanted:
        digest.update(path.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
