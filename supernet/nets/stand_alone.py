"""One cell trained from scratch: the ground truth that a supernet is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.base.stopping import Stopped
from supernet.data.source import TensorSource
from supernet.nets.cell_network import CellNetwork
from supernet.score import evaluate
from supernet.training.checkpoints import restore, save_state
from supernet.training.trainer import Trainer, initialise

if TYPE_CHECKING:
    from pathlib import Path

    from bench.config.training import Training
    from bench.network.cell import Cell
    from bench.network.skeleton import Skeleton
    from supernet.data.data_set import DataSet


def train_cell(
    cell: Cell, data: DataSet, skeleton: Skeleton, training: Training, seed: int, kept: Path
) -> dict[str, float]:
    """Train one cell once.

    Args:
        cell: the cell.
        data: the images.
        skeleton: of the network around the cell.
        training: the loop's settings.
        seed: root of every random stream.
        kept: where a training that is stopped leaves its state, and goes on from.

    Returns:
        train_accuracy, valid_accuracy and test_accuracy in [0, 1], and training time_s.

    Raises:
        Stopped: it was asked for.
    """
    model = initialise(lambda: CellNetwork(cell, skeleton), seed)
    model = model.to(data.train.pixels.device)
    source = TensorSource(data.train, data.statistics, training, seed)
    trainer = Trainer(model, source, training, None, seed, may_capture=True)
    if kept.is_file():
        restore(trainer, kept)
    try:
        while not trainer.is_finished:
            trainer.run_epoch()
    except Stopped:
        save_state(trainer.state_dict(), kept)
        raise
    result = {"time_s": sum(epoch.time_s for epoch in trainer.history)}
    model.eval()
    for split in ("train", "valid", "test"):
        result[f"{split}_accuracy"] = evaluate(model, data.split(split), data.statistics)
    return result
