"""`tables`: the paper's Tables 1 and 2, and our own networks beside them.

Every published row says where it stands. Rows of ours are read from run folders and say what was
really trained: on how many images, for how many epochs, how wide, where. Published figures come
from full training; ours are comparable with them only where theirs is what was run.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console
from rich.table import Table as RichTable

from analysis.published import SOURCE, TABLE1, TABLE2
from bench.base.files import write_csv
from bench.config.fields import to_dict
from bench.network.block_costs import num_multiply_adds, num_parameters
from bench.runs.about import read_about
from bench.runs.run import read_final
from bench.runs.words import count

if TYPE_CHECKING:
    from collections.abc import Sequence


FILE_WIDTH = 120
"""Columns of a table that is written to no terminal."""

HEADS = {
    "parameters_m": "parameters (M)",
    "multiply_adds_m": "multiply-adds (M)",
    "test_error": "error (%)",
    "top1": "top-1 (%)",
    "top5": "top-5 (%)",
}


def tables(
    networks: Sequence[Path | str] = (), *, out: Path | str | None = None
) -> dict[str, pd.DataFrame]:
    """Return the paper's tables with our networks, and write them as CSV where asked.

    Args:
        networks: run folders of retrain and transfer.
        out: folder to write table1.csv and table2.csv to.

    Returns:
        table1 (CIFAR-10) and table2 (other images).

    Raises:
        ValueError: no folder of a trained network.
    """
    folders = [Path(network) for network in networks]
    both = {"table1": cifar10_table(folders), "table2": imagenet_table(folders)}
    if out is not None:
        for name, table in both.items():
            write_csv(table, Path(out) / f"{name}.csv")
    return both


def command(**values: Any) -> None:
    """Print both tables."""
    for table in tables(**values).values():
        _print(table.drop(columns="source"))


def cifar10_table(folders: list[Path]) -> pd.DataFrame:
    """Return Table 1, and our networks tested on CIFAR-10's kind of images (10 classes)."""
    rows: list[dict[str, Any]] = [
        {**row._asdict(), "source": f"{SOURCE}, Table 1"} for row in TABLE1
    ]
    for ours in our_rows(folders):
        if ours.pop("num_classes") == 10:
            top1, _ = ours.pop("top1"), ours.pop("top5")
            rows.append({"kind": ours.pop("verb"), "test_error": 100 - top1, **ours})
    return pd.DataFrame(rows)


def imagenet_table(folders: list[Path]) -> pd.DataFrame:
    """Return Table 2, and our networks trained on other images than CIFAR-10's."""
    rows: list[dict[str, Any]] = [
        {**row._asdict(), "source": f"{SOURCE}, Table 2"} for row in TABLE2
    ]
    for ours in our_rows(folders):
        if ours.pop("num_classes") != 10:
            ours.pop("verb")
            rows.append(ours)
    return pd.DataFrame(rows)


def our_rows(folders: list[Path]) -> list[dict[str, Any]]:
    """Return a row for each trained network, with the accuracy after its last epoch."""
    return [_our_row(folder) for folder in folders]


def _our_row(folder: Path) -> dict[str, Any]:
    run = read_final(folder)
    size = run.recipe.resize or run.recipe.skeleton.image_size
    network = replace(run.space.network(run.architecture), image_size=size)
    last = run.evaluation().iloc[-1]
    fields = to_dict(run.recipe)
    images = f"{fields['num_train_images']:,}" if fields["num_train_images"] else "all"
    return {
        "network": run.recipe.architecture,
        "multiply_adds_m": num_multiply_adds(network) / 1e6,
        "parameters_m": num_parameters(network) / 1e6,
        "top1": 100 * last["accuracy"],
        "top5": 100 * last["top5_accuracy"],
        "verb": run.recipe.name,
        "num_classes": fields["num_classes"],
        "reference": (
            f"trained by this project ({run.recipe.name}, {run.recipe.space}, width "
            f"{fields['width']:g}, depth {fields['depth']:g}, {size} pixels, "
            f"{images} images of data set {fields['data_set']!r}, "
            f"{_epochs(int(last['epoch']), run.recipe.training.epochs)}, "
            f"seed {run.seed}, {read_about(folder).device})"
        ),
        "source": str(folder.name),
    }


def _epochs(trained: int, epochs: int) -> str:
    """Write how many epochs a network was trained for, and of how many where not of all."""
    return count(trained, "epoch") if trained == epochs else f"{trained:,} of {epochs:,} epochs"


def _print(frame: pd.DataFrame) -> None:
    """Print a table, long architectures and references folded."""
    table = RichTable(box=None, header_style="bold", padding=(0, 1))
    for name in frame.columns:
        is_text = name in ("network", "kind", "reference")
        table.add_column(
            HEADS.get(name, name), justify="left" if is_text else "right", overflow="fold"
        )
    for row in frame.itertuples(index=False):
        table.add_row(*("-" if pd.isna(value) else _text(value) for value in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = FILE_WIDTH
    console.print(table)
    console.print()


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"
