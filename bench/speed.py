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
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console
from rich.table import Table as RichTable

from bench.base.command import Parser, run_command
from bench.base.files import write_csv
from bench.base.timing import in_turns, row
from bench.config.recipe import Recipe
from bench.config.training import Training
from bench.network.skeleton import Skeleton
from bench.space.branches import Branches
from bench.table.speed import measure_import, measure_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch

    from bench.space.branches import Architecture
    from bench.space.branches import Path as NetPath
    from supernet.data.data_set import DataSet
    from supernet.nets.cells import CellNet

BATCH = 96
REPEATS = 9
NUM_SCORED = 64
SKELETON = Skeleton(stem_channels=16)
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
    for one in rows:
        met = one["value"] >= one["aim"] if one["unit"] == "ratio" else one["value"] <= one["aim"]
        value, aim = f"{one['value']:.3g}", f"{one['aim']:g}"
        table.add_row(one["name"], value, one["unit"], aim, "met" if met else "missed")
    Console().print(table)


def measure_training() -> dict[str, Any]:
    """Compare a training step: draw a path, forward, backward, clip, step."""
    import torch

    from supernet.data.source import TensorSource
    from supernet.sampling import uniform
    from supernet.training.trainer import Trainer

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

        from supernet.nets.cells import BranchCell, active_paths

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


def _supernet() -> CellNet:
    import torch

    from supernet.nets.cells import CellNet
    from supernet.training.trainer import initialise

    model = initialise(lambda: CellNet(SKELETON, SPACE), 0)
    assert isinstance(model, CellNet)
    return model.to(memory_format=torch.channels_last)


def _data(num_images: int) -> DataSet:
    import torch

    from supernet.data.data_set import DataSet, Images

    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (num_images, 3, 32, 32), generator=generator, dtype=torch.uint8)
    images = Images(pixels, torch.arange(num_images) % 10)
    return DataSet("noise", images, images, images, 10)


def _input(data: DataSet, num_images: int) -> tuple[torch.Tensor, torch.Tensor]:
    from supernet.data.data_set import to_input

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
    ours_s, baseline_s = in_turns(range(repeats), lambda _: ours(), lambda _: theirs())
    about = {"ours_s": ours_s, "baseline_s": baseline_s}
    return row(name, baseline_s / ours_s, "ratio", aim) | about


if __name__ == "__main__":
    sys.exit(main())
