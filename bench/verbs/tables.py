"""The paper's Tables 1 and 2 as data, and our own networks beside them.

Every published row says where it stands; none was measured here. Rows of ours are read from run
folders and say what was really trained: on how many images, for how many epochs, how wide, where.
Published figures come from full training; ours are comparable with them only where theirs is what
was run.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
from rich.console import Console
from rich.table import Table as RichTable

from bench.base.files import read_csv, write_csv
from bench.config.fields import to_dict
from bench.network.block_costs import num_multiply_adds, num_parameters
from bench.runs.layout import EVALUATION, RUN
from bench.runs.run import read_final
from bench.runs.words import count

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


class Cifar10(NamedTuple):
    """A row of Table 1: parameters and multiply-adds in millions, test error in %."""

    network: str
    parameters_m: float
    multiply_adds_m: float
    test_error: float
    kind: str
    reference: str


class ImageNet(NamedTuple):
    """A row of Table 2: multiply-adds and parameters in millions, accuracies in %, or None."""

    network: str
    multiply_adds_m: float
    parameters_m: float
    top1: float
    top5: float | None
    reference: str


FILE_WIDTH = 120
"""Columns of a table that is written to no terminal."""

HEADS = {
    "parameters_m": "parameters (M)",
    "multiply_adds_m": "multiply-adds (M)",
    "test_error": "error (%)",
    "top1": "top-1 (%)",
    "top5": "top-5 (%)",
}

SOURCE = "Chu et al., MixPath (arXiv 2001.05887)"
COMPARISON = "compared there"
OURS_THERE = "the paper's own"

TABLE1 = (
    Cifar10("NASNet-A", 3.3, 608, 2.65, "RL", COMPARISON),
    Cifar10("DARTS", 3.3, 528, 2.86, "GD", COMPARISON),
    Cifar10("SNAS", 2.9, 422, 2.98, "GD", COMPARISON),
    Cifar10("GDAS", 3.4, 519, 2.93, "GD", COMPARISON),
    Cifar10("P-DARTS", 3.4, 532, 2.50, "GD", COMPARISON),
    Cifar10("PC-DARTS", 3.6, 558, 2.57, "GD", COMPARISON),
    Cifar10("FairDARTS-a", 2.8, 371, 2.54, "GD", COMPARISON),
    Cifar10("MixNet-M", 5.1, 360, 2.10, "TF", COMPARISON),
    Cifar10("MixPath-a", 5.3, 473, 2.60, "OS", OURS_THERE),
    Cifar10("MixPath-b", 3.5, 299, 2.17, "TF", OURS_THERE),
)
"""CIFAR-10. GD: gradient based, OS: one shot, RL: reinforcement learning, TF: transferred."""

TABLE2 = (
    ImageNet("MobileNetV2", 300, 3.4, 72.0, 91.0, COMPARISON),
    ImageNet("DARTS (2nd order)", 595, 4.9, 73.1, None, COMPARISON),
    ImageNet("PDARTS (CIFAR-10)", 557, 4.9, 75.6, 92.6, COMPARISON),
    ImageNet("PCDARTS", 586, 5.3, 74.9, 92.2, COMPARISON),
    ImageNet("FairDARTS-C", 380, 4.2, 75.1, 92.4, COMPARISON),
    ImageNet("FBNet-B", 295, 4.5, 74.1, None, COMPARISON),
    ImageNet("MnasNet-A2", 340, 4.8, 75.6, 92.7, COMPARISON),
    ImageNet("MobileNetV3", 219, 5.4, 75.2, 92.2, COMPARISON),
    ImageNet("Proxyless-R", 320, 4.0, 74.6, 92.2, COMPARISON),
    ImageNet("FairNAS-A", 388, 4.6, 75.3, 92.4, COMPARISON),
    ImageNet("Single-Path", 365, 4.3, 75.0, 92.2, COMPARISON),
    ImageNet("SPOS", 328, 3.4, 74.9, 92.0, COMPARISON),
    ImageNet("MixNet-M", 360, 5.0, 77.0, 93.2, "compared there; 76.6 as retrained there"),
    ImageNet("AtomNAS-B", 326, 4.4, 75.5, 92.6, COMPARISON),
    ImageNet("EfficientNet B0", 390, 5.3, 76.3, 93.2, COMPARISON),
    ImageNet("SCARLET-A", 365, 6.7, 76.9, 93.4, COMPARISON),
    ImageNet("MixPath-A", 349, 5.0, 76.9, 93.4, OURS_THERE),
    ImageNet("MixPath-B", 378, 5.1, 76.7, 93.3, OURS_THERE),
)
"""ImageNet, 224 pixels."""


def tables(options: argparse.Namespace) -> None:
    """Print both tables with our networks, and write them as CSV where asked."""
    for name, table in (
        ("table1", cifar10_table(options.networks)),
        ("table2", imagenet_table(options.networks)),
    ):
        _print(table.drop(columns="source"))
        if options.out is not None:
            write_csv(table, options.out / f"{name}.csv")


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
    last = read_csv(folder / EVALUATION).iloc[-1]
    fields, about = to_dict(run.recipe), json.loads((folder / RUN).read_text())
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
            f"{count(int(last['epoch']), 'epoch')}, "
            f"seed {run.seed}, {about['device']})"
        ),
        "source": str(folder.name),
    }
