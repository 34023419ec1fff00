"""The command line of tables: download, import, verify, describe and query.

    mixpath-table download nasbench_only108         499 MB; goes on where it broke off
    mixpath-table import nasbench_only108.tfrecord  about a minute on one core
    mixpath-table verify                            every hash and parameter count once more
    mixpath-table query TABLE --branches conv3x3-bn-relu+maxpool3x3

One core will do; the import of `nasbench_only108` takes about 0.5 GB of memory, that of
`nasbench_full` 1.1 GB.
"""

import argparse
import sys
from collections.abc import Sequence
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

from bench.base.command import Parser, run_command
from bench.network.cell import Cell
from bench.network.skeleton import Skeleton
from bench.table import csv_rows
from bench.table.csv_rows import DEFAULT_EPOCHS, branches_cell, graph_cell
from bench.table.download import FILES, download, official_file
from bench.table.importers import import_sources
from bench.table.table import Table, data_folder, default_table_path
from bench.table.text import answer, description
from bench.table.verify import verify


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    return run_command(_run, argv)


def _run(argv: Sequence[str] | None) -> None:
    options = _parser().parse_args(argv)
    options.verb(options)


def _parser() -> Parser:
    parser = Parser(prog="mixpath-table", description="Make and ask tables of true accuracies.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    verb = verbs.add_parser("download", help="fetch an official file and check its SHA-256")
    verb.add_argument("name", nargs="?", default="nasbench_only108", help=" or ".join(FILES))
    verb.add_argument("--folder", type=Path, default=data_folder(), help="default: %(default)s")
    verb.set_defaults(verb=_download)

    verb = verbs.add_parser(
        "import",
        help="make a table of .tfrecord and .csv files",
        description=csv_rows.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument("sources", nargs="+", type=Path, metavar="SOURCE")
    verb.add_argument("--out", type=Path, default=default_table_path(), help="default: %(default)s")
    verb.add_argument(
        "--epochs",
        type=int,
        default=DEFAULT_EPOCHS,
        help="budget of CSV rows without a column for it; default: %(default)s",
    )
    verb.add_argument(
        "--skip-unknown", action="store_true", help="leave out CSV rows with an empty accuracy"
    )
    for field in fields(Skeleton):
        option = f"--{field.name.replace('_', '-')}"
        verb.add_argument(option, type=int, default=field.default, help="default: %(default)s")
    verb.set_defaults(verb=_import)

    for name, function, text in (
        ("verify", _verify, "recompute every hash and every parameter count"),
        ("describe", _describe, "say where a table comes from and what is in it"),
    ):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("table", nargs="?", type=Path, default=default_table_path())
        verb.set_defaults(verb=function)

    verb = verbs.add_parser("query", help="say what a table knows about a cell")
    verb.add_argument("table", type=Path)
    verb.add_argument("hash", nargs="?", help="the cell's module hash")
    verb.add_argument("--adjacency", help="row-major string of 0 and 1")
    verb.add_argument("--operations", help="from input to output, joined by , or +")
    verb.add_argument("--branches", help="parallel operations joined by +")
    verb.add_argument("--epochs", type=int, help="one budget; default: all")
    verb.set_defaults(verb=_query)
    return parser


def _download(options: argparse.Namespace) -> None:
    file = official_file(options.name)
    with _progress(DownloadColumn(), TransferSpeedColumn()) as progress:
        task = progress.add_task(file.name, total=None)
        path = download(
            file,
            options.folder,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    Console().print(
        f"{path} is complete; import it with: mixpath-table import {path}", soft_wrap=True
    )


def _import(options: argparse.Namespace) -> None:
    skeleton = Skeleton(**{field.name: getattr(options, field.name) for field in fields(Skeleton)})
    total = sum(path.stat().st_size for path in options.sources)
    with _progress(DownloadColumn(), TransferSpeedColumn()) as progress:
        task = progress.add_task("importing", total=total)
        num_skipped = import_sources(
            options.sources,
            options.out,
            skeleton=skeleton,
            epochs=options.epochs,
            skip_unknown=options.skip_unknown,
            advance=lambda num_bytes: progress.advance(task, num_bytes),
        )
    if num_skipped:
        Console().print(f"left out {num_skipped:,} rows of unknown accuracy")
    with Table(options.out) as table:
        Console().print(description(table))


def _verify(options: argparse.Namespace) -> None:
    with Table(options.table) as table, _progress(MofNCompleteColumn()) as progress:
        task = progress.add_task("verifying", total=len(table))
        notes = verify(table, lambda num_cells: progress.advance(task, num_cells))
    console = Console()
    for note in notes:
        console.print(f"note: {note}", soft_wrap=True)
    console.print(
        f"{options.table} is right: {len(table):,} hashes and parameter counts recomputed",
        soft_wrap=True,
    )


def _describe(options: argparse.Namespace) -> None:
    with Table(options.table) as table:
        Console().print(description(table))


def _query(options: argparse.Namespace) -> None:
    key = _key(options)
    with Table(options.table) as table:
        Console().print(answer(table, table.cell(key), options.epochs))


def _key(options: argparse.Namespace) -> str | Cell:
    graph = (options.adjacency, options.operations)
    if (options.hash is not None) + (options.branches is not None) + any(graph) != 1:
        raise ValueError("give a hash, or --adjacency and --operations, or --branches")
    if options.hash is not None:
        return str(options.hash)
    if options.branches is not None:
        return branches_cell(options.branches.split("+"))
    if not all(graph):
        raise ValueError("--adjacency and --operations go together: give both")
    return graph_cell(*graph)


def _progress(*columns: ProgressColumn) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *columns,
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


if __name__ == "__main__":
    sys.exit(main())
