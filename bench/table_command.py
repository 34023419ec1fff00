"""Make and ask tables of true accuracies.

    mixpath-table download nasbench_only108         # 499 MB
    mixpath-table import nasbench_only108.tfrecord  # a minute on one core
    mixpath-table verify                            # every hash once more
    mixpath-table query TABLE --branches conv3x3-bn-relu+maxpool3x3

One core will do; the import of `nasbench_only108` takes about 0.5 GB of memory, that of
`nasbench_full` 1.1 GB.
"""

import sys

if __name__ == "__main__":  # imports what is below as a module, where Ctrl-C is heard
    from bench.base.start import run_module

    sys.exit(run_module("bench.table_command"))

from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from bench.base.command import positive, run_command
from bench.base.parser import CommandParser
from bench.network.cell import Cell
from bench.network.skeleton import Skeleton
from bench.table.importers import import_sources
from bench.table.sources import csv_rows
from bench.table.sources.csv_rows import DEFAULT_EPOCHS, branches_cell, graph_cell
from bench.table.sources.download import FILES, download, official_file
from bench.table.table import Table, data_folder, default_table_path
from bench.table.text import answer, description
from bench.table.verify import verify


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Do what the verb says, with the command line's options as keyword values."""
    values = vars(parser().parse_args(argv))
    values.pop("run")(**values)


def parser() -> CommandParser:
    """Describe the command line."""
    whole = CommandParser(prog="mixpath-table", description=__doc__)
    verbs = whole.add_subparsers(required=True, metavar="VERB")
    for name, (run, add_options, summary, text) in VERBS.items():
        about = f"{summary[0].upper()}{summary[1:]}.\n\n    {whole.prog} {name} {text}"
        verb = verbs.add_parser(name, help=summary, description=about)
        add_options(verb)
        verb.set_defaults(run=run)
    return whole


def _download_options(p: CommandParser) -> None:
    p.add_argument(
        "name", nargs="?", default="nasbench_only108", metavar="NAME", help=" or ".join(FILES)
    )
    p.add_argument(
        "--folder", type=Path, default=data_folder(), metavar="FOLDER", help="where to put it"
    )


def _import_options(p: CommandParser) -> None:
    p.add_argument(
        "sources", nargs="+", type=Path, metavar="SOURCE", help=".tfrecord, .csv or .h5 file"
    )
    p.add_argument(
        "--out", type=Path, default=default_table_path(), metavar="FILE", help="table to write"
    )
    budget = "budget of CSV rows without a column for it"
    p.add_argument("--epochs", type=positive, default=DEFAULT_EPOCHS, help=budget)
    p.add_argument(
        "--skip-unknown", action="store_true", help="leave out CSV rows with an empty accuracy"
    )
    p.add_argument(
        "--fewer-repeats",
        action="store_true",
        help="take cells that have fewer repeats than others of their source",
    )
    p.add_argument(
        "--data-set",
        metavar="NAME",
        help="images that the accuracies are of, as bench/run.py calls them (default: cifar10 in "
        "NAS-Bench-101's network, else unknown)",
    )
    for field in fields(Skeleton):
        option = field.name.replace("_", "-")
        words = field.name.replace("num_", "number of ").replace("_", " ")
        text = f"{words} of the network that the accuracies are of"
        p.add_argument(f"--{option}", type=int, default=field.default, metavar="N", help=text)


def _table_options(p: CommandParser) -> None:
    default = default_table_path()
    p.add_argument("table", nargs="?", type=Path, default=default, metavar="TABLE", help="its file")


def _query_options(p: CommandParser) -> None:
    p.add_argument("table", type=Path, metavar="TABLE", help="its file")
    p.add_argument("module_hash", nargs="?", metavar="HASH", help="the cell's module hash, or else")
    p.add_argument("--adjacency", help="row-major string of 0 and 1 (default: none)")
    p.add_argument("--operations", help="from input to output, joined by , or + (default: none)")
    p.add_argument("--branches", help="parallel operations joined by + (default: none)")
    p.add_argument("--epochs", type=positive, help="one budget (default: all)")


def _download(*, name: str, folder: Path) -> None:
    full = f"nasbench_{name}"  # only108 and full will do
    file = official_file(full if full in FILES else name)
    with _progress(DownloadColumn(), TransferSpeedColumn()) as progress:
        task = progress.add_task(file.name, total=None)
        path = download(
            file,
            folder,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    Console().print(
        f"{path} is complete; import it with: mixpath-table import {path}", soft_wrap=True
    )


def _import(
    *,
    sources: list[Path],
    out: Path,
    epochs: int,
    skip_unknown: bool,
    fewer_repeats: bool,
    data_set: str | None,
    **skeleton: int,
) -> None:
    network = Skeleton(**skeleton)
    total = sum(path.stat().st_size for path in sources)
    with _progress(DownloadColumn(), TransferSpeedColumn()) as progress:
        task = progress.add_task("importing", total=total)
        num_skipped = import_sources(
            sources,
            out,
            skeleton=network,
            epochs=epochs,
            skip_unknown=skip_unknown,
            fewer_repeats=fewer_repeats,
            data_set=data_set,
            advance=lambda num_bytes: progress.advance(task, num_bytes),
        )
    if num_skipped:
        Console().print(f"left out {num_skipped:,} rows of unknown accuracy")
    _describe(table=out)


def _verify(*, table: Path) -> None:
    with Table(table) as opened, _progress(MofNCompleteColumn()) as progress:
        task = progress.add_task("verifying", total=len(opened))
        notes = verify(opened, lambda num_cells: progress.advance(task, num_cells))
    console = Console()
    for note in notes:
        console.print(f"note: {note}", soft_wrap=True)
    console.print(
        f"{table} is right: {len(opened):,} hashes and parameter counts recomputed",
        soft_wrap=True,
    )


def _describe(*, table: Path) -> None:
    with Table(table) as opened:
        Console().print(description(opened))


def _query(*, table: Path, epochs: int | None, **cell: str | None) -> None:
    key = _key(**cell)
    with Table(table) as opened:
        Console().print(answer(opened, opened.cell(key), epochs))


def _key(
    *,
    module_hash: str | None,
    adjacency: str | None,
    operations: str | None,
    branches: str | None,
) -> str | Cell:
    """Return the cell that is asked for, by its hash where that is what is known."""
    graph = (adjacency, operations)
    if (module_hash is not None) + (branches is not None) + any(graph) != 1:
        raise ValueError("give a hash, or --adjacency and --operations, or --branches")
    if module_hash is not None:
        return module_hash
    if branches is not None:
        return branches_cell(branches.split("+"))
    if not adjacency or not operations:
        raise ValueError("--adjacency and --operations go together: give both")
    return graph_cell(adjacency, operations)


def _progress(*columns: ProgressColumn) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *columns,
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


VERBS: dict[str, tuple[Callable[..., None], Callable[[CommandParser], None], str, str]] = {
    "download": (
        _download,
        _download_options,
        "fetch an official file and check its SHA-256; goes on where it broke off",
        "only108",
    ),
    "import": (
        _import,
        _import_options,
        "make a table of .tfrecord, .csv and .h5 files",
        f"nasbench_only108.tfrecord\n\n{csv_rows.__doc__}",
    ),
    "verify": (
        _verify,
        _table_options,
        "recompute every hash and every parameter count",
        "own.h5",
    ),
    "describe": (
        _describe,
        _table_options,
        "say where a table comes from and what is in it",
        "own.h5",
    ),
    "query": (
        _query,
        _query_options,
        "say what a table knows about a cell",
        "own.h5 --branches conv3x3-bn-relu+maxpool3x3",
    ),
}
"""By name: what it does, what it asks for, the same in words, and an example's arguments."""
