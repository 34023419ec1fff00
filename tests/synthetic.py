"""A results folder made up in milliseconds: a table of 34 cells, and runs with noisy scores."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bench.base.files import write_csv, write_text
from bench.config.cell_presets import digits
from bench.config.fields import to_dict
from bench.config.registry import RECIPES
from bench.runs.find import find_runs
from bench.runs.layout import run_folder
from bench.runs.run import load_space
from bench.space.branches import Branches
from bench.table.table import Row, Source, write_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bench.network.cell import Cell
    from bench.runs.run import Run
    from bench.space.space import CellSpace

NOISE = {"shadow": 0.03, "single": 0.06}


def cells() -> list[Cell]:
    """List the 34 cells of the paper's space, in a fixed order."""
    space = Branches(4)
    return list({(c := space.cell(a)).hash: c for a in space.architectures()}.values())


def expected_accuracy(cell: Cell) -> float:
    """Make up what a cell would reach: 3x3 convolutions help, lone 1x1 convolutions don't."""
    num_3, num_1, num_pool = (
        cell.operations[1:-2].count(name)
        for name in ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
    )
    gain = 0.06 * (1 - np.exp(-num_3)) + 0.01 * min(num_pool, 2) + 0.005 * num_1
    return float(0.9 + gain - 0.08 * (num_3 + num_pool == 0))


def write_truth(
    path: Path, num_repeats: int = 10, noise: float = 0.006, num_cells: int = 34, num_means: int = 0
) -> Path:
    """Write a table of some of the cells, the first `num_means` of them known by mean only."""
    write_table(path, _rows(num_repeats, noise, num_cells, num_means), sources=[Source("made up")])
    return path


def write_runs(
    results: Path,
    ms: Sequence[int] = (4,),
    seeds: Sequence[int] = (0, 1, 2),
    batch_norms: Sequence[str] = ("shadow", "single"),
    recipe: str = "sound",
) -> list[Run]:
    """Write complete run folders, and find them."""
    for m in ms:
        for bn in batch_norms:
            for seed in seeds:
                one = replace(RECIPES[recipe](digits().recipe), m=m, batch_norm=bn)
                folder = run_folder(results, one, seed)
                folder.mkdir(parents=True)
                about = {"recipe": to_dict(one), "seed": seed}
                write_text(json.dumps(about), folder / "run.json")
                space = load_space(one)
                write_csv(scores(space, seed, NOISE.get(bn, 0.08)), folder / "scores.csv")
    return find_runs(results)


def scores(space: CellSpace, seed: int, noise: float = 0.03) -> pd.DataFrame:
    """Make up scores.csv: the expected accuracy and noise, half of it once calibrated."""
    rng = np.random.default_rng([seed, space.m])
    rows = []
    for calibrated in (False, True):
        for architecture in space.architectures():
            cell = space.cell(architecture)
            score = (
                expected_accuracy(cell) - 0.1 + rng.normal(0, noise * (0.5 if calibrated else 1))
            )
            rows.append(
                {
                    "architecture": space.encode(architecture),
                    "cell_hash": cell.hash,
                    "calibrated": calibrated,
                    "accuracy": round(float(np.clip(score, 0, 1)) * 297) / 297,
                    "loss": max(0.01, 1.2 - score + rng.normal(0, 0.01)),
                }
            )
    return pd.DataFrame(rows)


def _rows(num_repeats: int, noise: float, num_cells: int, num_means: int) -> Iterator[Row]:
    rng = np.random.default_rng(5)
    for i, cell in enumerate(cells()[:num_cells]):
        mean = expected_accuracy(cell)
        if i < num_means:
            yield Row(cell=cell, epochs=40, test=mean, mean_only=True)
            continue
        for _ in range(num_repeats):
            valid, test = mean + rng.normal(0, noise, 2)
            yield Row(cell=cell, epochs=40, train=1.0, valid=round(valid, 4), test=round(test, 4))
