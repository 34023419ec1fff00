#!/usr/bin/env python3
"""Speed of the ranking benchmark on one core, fp32, measured side by side in one run.

    python bench/speed.py                                    # the supernet, about a minute
    python bench/speed.py --table nasbench101.h5 --tfrecord nasbench_only108.tfrecord

    training_step   16 channels, 3 cells a stack, batch 96, against the same network in contiguous
                    order with one Python loop over paths; aim: at least 1.6 times as fast
    scoring_pass    an architecture's forward passes over images in eval mode, among 64 that are
                    scored together, against the same; aim: at least 2.4 times as fast
    table_*         opening and the first answer; an answer by hash, by graph
    import, verify  of a TFRecord: seconds and peak memory

Times are of the process's CPU, so that other work on the machine disturbs them little; each is the
median of several, baseline and ours by turns. The baseline is built here from the same weights,
and its outputs are compared with ours (to 1e-4) before anything is timed.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a file: the checkout's root, not bench/, is to be searched
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import argparse
import copy
import statistics
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console
from rich.table import Table as RichTable

from bench.cell import Cell
from bench.command import Parser, run_command
from bench.complexity import Skeleton
from bench.recipe import Recipe, Training
from bench.space import Branches
from bench.store import write_csv
from bench.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch

    from bench.space import Architecture
    from bench.space import Path as NetPath
    from supernet.cell_net import CellNet
    from supernet.data import DataSet

BATCH = 96
REPEATS = 9
NUM_SCORED = 64
QUERIES = 5_000
SKELETON = Skeleton(stem_channels=16)
PEAK = """
import re, time
def peak_kb():  # unlike getrusage's, this does not begin at the peak of the parent process
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""
SPACE = Branches(4)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Measure, print, and write speed.csv."""
    p = Parser(prog="bench/speed.py", description=__doc__,
               formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    p.add_argument("--table", type=Path, help="an imported table of NAS-Bench-101")
    p.add_argument("--tfrecord", type=Path, help="a file to import and verify")
    p.add_argument("--out", type=Path, help="folder to write speed.csv to")
    options = p.parse_args(argv)
    rows = [measure_training(), measure_scoring()]
    if options.table is not None:
        rows += measure_table(options.table)
    if options.tfrecord is not None:
        rows += measure_import(options.tfrecord)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        write_csv(pd.DataFrame(rows), options.out / "speed.csv")
    table = RichTable("measured", "value", "unit", "aim", "", box=None)
    for row in rows:
        met = row["value"] >= row["aim"] if row["unit"] == "ratio" else row["value"] <= row["aim"]
        value, aim = f"{row['value']:.3g}", f"{row['aim']:g}"
        table.add_row(row["name"], value, row["unit"], aim, "met" if met else "missed")
    Console().print(table)


def measure_training() -> dict[str, Any]:
    """Compare a training step: draw a path, forward, backward, clip, step."""
    import torch

    from supernet.sampling import uniform
    from supernet.source import TensorSource
    from supernet.train import Trainer

    torch.set_num_threads(1)
    data, model = _data(BATCH), _supernet()
    training = Training(epochs=10_000)
    plain = PlainLoop(model, training)
    trainer = Trainer(
        model,
        TensorSource(data.train, data.statistics, training, 0),
        training,
        lambda rng, progress: uniform(SPACE, rng, progress),
        0,
    )
    x, labels = _input(data, BATCH)

    def ours() -> None:
        trainer.run_epoch()  # one batch, its augmentation included

    def theirs() -> None:
        path = uniform(SPACE, trainer.paths, 0.0)
        plain.step(x, labels, path)

    return _ratio("training_step", ours, theirs, 1.6)


def measure_scoring() -> dict[str, Any]:
    """Compare scoring: every image through every one of NUM_SCORED architectures."""
    import torch

    from supernet.score import SupernetScorer

    torch.set_num_threads(1)
    data, model = _data(BATCH), _supernet()
    plain = PlainLoop(model, Training())
    chosen = [SPACE.architectures()[i] for i in range(0, 255, 4)][:NUM_SCORED]
    scorer = SupernetScorer(model, SPACE, data, Recipe(skeleton=SKELETON, score_batch=BATCH))
    x, labels = _input(data, BATCH)
    _check_outputs(model, plain, x, chosen)

    def ours() -> None:
        for _ in scorer.raw(chosen):
            pass

    def theirs() -> None:
        for architecture in chosen:
            plain.score(x, labels, SPACE.path(architecture))

    return _ratio("scoring_pass", ours, theirs, 2.4, repeats=3)


class PlainLoop:
    """The same supernet as usually written: contiguous, PyTorch's pool, a loop over paths."""

    def __init__(self, model: CellNet, training: Training) -> None:
        import torch

        self.model = copy.deepcopy(model).to(memory_format=torch.contiguous_format)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), training.lr, momentum=0.9, weight_decay=3e-4
        )

    def forward(self, x: torch.Tensor, path: NetPath) -> torch.Tensor:
        """Return logits of shape (B, 10) for contiguous images (B, 3, 32, 32)."""
        import torch.nn.functional as F

        from supernet.cell_net import BranchCell, active_paths

        x = self.model.stem(x)
        for layer in self.model.layers:
            if isinstance(layer, BranchCell):
                total: torch.Tensor | int = 0
                for node, operations in enumerate(path):
                    for op in operations:
                        h = layer.projections[node](x)
                        is_pool = op == 2
                        h = F.max_pool2d(h, 3, 1, 1) if is_pool else layer.operations[node][op](h)  # type: ignore[index]
                        total = total + h
                x = layer.node(total, active_paths(path))
            else:
                x = layer(x)
        out: torch.Tensor = self.model.classifier(x.mean((2, 3)))
        return out

    def step(self, x: torch.Tensor, labels: torch.Tensor, path: NetPath) -> None:
        """Take one training step."""
        import torch
        import torch.nn.functional as F

        self.model.train()
        self.optimizer.zero_grad()
        F.cross_entropy(self.forward(x, path), labels).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimizer.step()

    def score(self, x: torch.Tensor, labels: torch.Tensor, path: NetPath) -> None:
        """Measure accuracy and loss of one architecture."""
        import torch
        import torch.nn.functional as F

        self.model.eval()
        with torch.no_grad():
            logits = self.forward(x, path)
            F.cross_entropy(logits, labels).item()
            (logits.argmax(1) == labels).float().mean().item()


def measure_table(path: Path) -> list[dict[str, Any]]:
    """Measure a table: opening with the first answer, then answers by hash and by graph."""
    with Table(path) as table:
        hashes = table.hashes()[:: max(len(table) // QUERIES, 1)]
        graphs = [(cell.adjacency, cell.operations) for cell in map(table.cell, hashes)]
    figures = [
        _in_child(
            "from bench.table import Table; before = peak_kb(); start = time.process_time(); "
            f"Table({str(path)!r}).mean_accuracy({hashes[0]!r}); "
            "print(time.process_time() - start, peak_kb() - before)"
        )
        for _ in range(REPEATS)
    ]
    opening, memory = zip(*figures, strict=True)
    with Table(path) as table:
        by_hash = [_cpu_s(lambda h=h: table.mean_accuracy(h)) for h in hashes]  # type: ignore[misc]
        by_graph = [
            _cpu_s(lambda g=g: table.mean_accuracy(Cell.from_matrix(*g)))  # type: ignore[misc]
            for g in graphs
        ]
    return [
        _row("table_open_first_answer", 1e3 * statistics.median(opening), "ms", 50),
        _row("table_open_memory", statistics.median(memory) / 1024, "MB", 60),
        _row("table_by_hash", 1e6 * statistics.median(by_hash), "us", 10),
        _row("table_by_unseen_graph", 1e6 * statistics.median(by_graph), "us", 100),
    ]


def measure_import(tfrecord: Path) -> list[dict[str, Any]]:
    """Measure importing and verifying a TFRecord, each in a process of its own."""
    run = "from bench.table_command import main; "
    figures = "print(); print(time.process_time(), peak_kb())"
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "table.h5")
        importing, memory = _in_child(
            f"{run} assert not main(['import', {str(tfrecord)!r}, '--out', {out!r}]); {figures}"
        )
        verifying, _ = _in_child(f"{run} assert not main(['verify', {out!r}]); {figures}")
    return [
        _row("import", importing, "CPU s", 25),
        _row("import_memory", memory / 1024, "MB", 300),
        _row("verify", verifying, "CPU s", 25),
    ]


def _in_child(code: str) -> tuple[float, float]:
    """Run code in a new process and return the two numbers of its last line."""
    out = subprocess.run(
        [sys.executable, "-c", PEAK + code],
        capture_output=True, check=True, text=True, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    first, second = map(float, out.stdout.splitlines()[-1].split())
    return first, second


def _supernet() -> CellNet:
    import torch

    from supernet.cell_net import CellNet
    from supernet.train import initialise

    model = initialise(lambda: CellNet(SKELETON, SPACE), 0)
    assert isinstance(model, CellNet)
    return model.to(memory_format=torch.channels_last)


def _data(num_images: int) -> DataSet:
    import torch

    from supernet.data import DataSet, Images

    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (num_images, 3, 32, 32), generator=generator, dtype=torch.uint8)
    images = Images(pixels, torch.arange(num_images) % 10)
    return DataSet("noise", images, images, images, 10)


def _input(data: DataSet, num_images: int) -> tuple[torch.Tensor, torch.Tensor]:
    from supernet.data import to_input

    x = to_input(data.train.pixels[:num_images], data.statistics).contiguous()
    return x, data.train.labels[:num_images]


def _check_outputs(
    model: CellNet, plain: PlainLoop, x: torch.Tensor, chosen: list[Architecture]
) -> None:
    import torch

    model.eval()
    plain.model.eval()
    with torch.no_grad():
        for path in map(SPACE.path, chosen):
            both = (
                model(x.contiguous(memory_format=torch.channels_last), path),
                plain.forward(x, path),
            )
            assert torch.allclose(*both, atol=1e-4), "the baseline computes something else"


def _ratio(
    name: str,
    ours: Callable[[], None],
    theirs: Callable[[], None],
    aim: float,
    repeats: int = 4 * REPEATS,
) -> dict[str, Any]:
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    ours()  # warm
    theirs()
    for _ in range(repeats):
        times["ours"].append(_cpu_s(ours))
        times["theirs"].append(_cpu_s(theirs))
    median = {who: statistics.median(seconds) for who, seconds in times.items()}
    about = {"ours_s": median["ours"], "baseline_s": median["theirs"]}
    return _row(name, median["theirs"] / median["ours"], "ratio", aim) | about


def _row(name: str, value: float, unit: str, aim: float) -> dict[str, Any]:
    return {"name": name, "value": round(value, 4), "unit": unit, "aim": aim}


def _cpu_s(function: Callable[[], object]) -> float:
    started = time.process_time()
    function()
    return time.process_time() - started


if __name__ == "__main__":
    sys.exit(main())
