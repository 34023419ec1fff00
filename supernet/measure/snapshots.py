"""A run's weights by epoch: untrained, the snapshots kept during training, and the final ones.

Untrained weights are made again from the seed. Their batch norms would be the identity, so they
get running statistics first: the mean over NUM_WARM batches whose paths are drawn as in
training, without a step being taken. They are the control: what architecture alone does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from bench.base.names import load
from bench.base.streams import child_rng
from bench.runs.run import CHECKPOINT, RunFolderError
from supernet.data.tensors import take, to_input
from supernet.runs import build, read_checkpoint
from supernet.sampling import SAMPLERS

if TYPE_CHECKING:
    from pathlib import Path

    from bench.runs.run import Run
    from supernet.data.tensors import DataSet
    from supernet.nets.cells import CellNet

UNTRAINED = 0
NUM_WARM = 100
SNAPSHOT = re.compile(r"checkpoint-epoch(\d+)\.pt")


@dataclass(frozen=True)
class Snapshots:
    """The weights of one run, and the data that it was trained on."""

    run: Run
    data: DataSet
    device: str = "cpu"

    @property
    def final_epoch(self) -> int:
        """The epoch after which training ended."""
        return self.run.recipe.training.epochs

    @property
    def epochs(self) -> list[int]:
        """Every epoch whose weights can be had, untrained (0) first."""
        names = (SNAPSHOT.fullmatch(path.name) for path in self.run.folder.iterdir())
        kept = {int(match[1]) for match in names if match}
        return sorted({UNTRAINED, *kept, self.final_epoch})

    def few_epochs(self, num_epochs: int) -> list[int]:
        """Choose epochs: untrained, final, and between them about as many early ones as late."""
        epochs = self.epochs
        if len(epochs) <= num_epochs:
            return epochs
        wanted = np.geomspace(max(epochs[1], 1), epochs[-1], num_epochs - 1)
        nearest = {min(epochs[1:], key=lambda e: abs(e - want)) for want in wanted}
        return sorted({UNTRAINED, *nearest})

    def model(self, epoch: int) -> CellNet:
        """Build the supernet with the weights after an epoch, in eval mode, needing no gradient.

        Raises:
            RunFolderError: the weights are gone.
        """
        model = build(self.run, self.device).to(memory_format=torch.channels_last)
        if epoch == UNTRAINED:
            self._warm(model)
        else:
            state = read_checkpoint(self._path(epoch), self.device)
            model.load_state_dict(state["model"])
        return model.eval().requires_grad_(False)

    def _path(self, epoch: int) -> Path:
        path = self.run.folder / f"checkpoint-epoch{epoch}.pt"
        if epoch == self.final_epoch and not path.is_file():
            path = self.run.folder / CHECKPOINT
        if not path.is_file():
            raise RunFolderError(
                f"{path} is gone, and what is measured needs its weights: delete "
                f"{self.run.folder} and train the run again with bench/run.py"
            )
        return path

    @torch.no_grad()
    def _warm(self, model: nn.Module) -> None:
        recipe = self.run.recipe
        draw = load(recipe.sampler, SAMPLERS, "sampler")
        images = take(self.data.split(recipe.train_split), recipe.num_train_images)
        rng = child_rng(self.run.seed, "warm")
        for norm in (m for m in model.modules() if isinstance(m, nn.BatchNorm2d)):
            norm.momentum = None  # the mean over all batches
        model.train()
        for step in range(NUM_WARM):
            index = torch.from_numpy(rng.integers(len(images), size=recipe.training.batch_size))
            x = to_input(images.pixels[index.to(images.pixels.device)], self.data.statistics)
            model(x, draw(self.run.space, rng, step / NUM_WARM))
