"""One cell trained from scratch: the ground truth that a supernet is held against.

The network is nasbench-pytorch's, minding two slips of it: its batch-norm momentum is
TensorFlow's convention, so it is set anew here, and its placeholders carry zero-dimensional
parameters, which are left out of the count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from nasbench_pytorch.model import Network
from torch import nn

from bench.base.stopping import Stopped
from supernet.data.source import TensorSource
from supernet.score import evaluate
from supernet.training.checkpoints import restore, save_state
from supernet.training.trainer import Trainer, initialise

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from bench.config.training import Training
    from bench.network.cell import Cell
    from bench.network.skeleton import Skeleton
    from supernet.data.data_set import DataSet

BN_MOMENTUM = 0.1


class NasbenchNetwork(nn.Module):
    """A NAS-Bench-101 network of one cell, called as supernets are: `model(x, path)`."""

    def __init__(self, cell: Cell, skeleton: Skeleton) -> None:
        super().__init__()
        self.network = Network(
            (np.array(cell.adjacency), list(cell.operations)),
            num_labels=skeleton.num_classes,
            in_channels=skeleton.in_channels,
            stem_out_channels=skeleton.stem_channels,
            num_stacks=skeleton.num_stacks,
            num_modules_per_stack=skeleton.cells_per_stack,
        )
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = BN_MOMENTUM

    def forward(self, x: torch.Tensor, path: None = None) -> torch.Tensor:  # noqa: ARG002 (called as a supernet is)
        """Return logits of shape (B, num_classes)."""
        out: torch.Tensor = self.network(x)
        return out

    def num_parameters(self) -> int:
        """Count trainable parameters as NAS-Bench-101 does."""
        return sum(p.numel() for p in self.parameters() if p.dim() > 0)


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
    model = initialise(lambda: NasbenchNetwork(cell, skeleton), seed)
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
