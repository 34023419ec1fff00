"""One cell trained from scratch: the ground truth that a supernet is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supernet.data.source import TensorSource
from supernet.nets.cell_network import CellNetwork
from supernet.score import evaluate
from supernet.training.trainer import Trainer, initialise

if TYPE_CHECKING:
    from bench.config.training import Training
    from bench.network.cell import Cell
    from bench.network.skeleton import Skeleton
    from supernet.data.data_set import DataSet


def train_cell(
    cell: Cell, data: DataSet, skeleton: Skeleton, training: Training, seed: int
) -> dict[str, float]:
    """Train one cell once.

    Returns:
        train_accuracy, valid_accuracy and test_accuracy in [0, 1], and training time_s.
    """
    model = initialise(lambda: CellNetwork(cell, skeleton), seed)
    model = model.to(data.train.pixels.device)
    source = TensorSource(data.train, data.statistics, training, seed)
    trainer = Trainer(model, source, training, None, seed, may_capture=True)
    while not trainer.is_finished:
        trainer.run_epoch()
    result = {"time_s": sum(epoch.time_s for epoch in trainer.history)}
    model.eval()
    for split in ("train", "valid", "test"):
        result[f"{split}_accuracy"] = evaluate(model, data.split(split), data.statistics)
    return result
