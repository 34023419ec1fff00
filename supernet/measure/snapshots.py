"""A run's weights by epoch: untrained, the snapshots kept during training, and the final ones.

Untrained weights are made again from the seed. Their batch norms would be the identity, so they
get running statistics first: the mean over NUM_WARM batches whose paths the run's own sampler
draws, without a step being taken. They are the control: what architecture alone does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from bench.base.streams import child_rng
from bench.runs.layout import CHECKPOINT, snapshot, snapshot_epochs
from bench.runs.run import RunFolderError
from bench.space.space import has_cells
from supernet.data.data_set import take, to_input
from supernet.measure.pieces import Pieces
from supernet.parts import Parts, resolve
from supernet.runs import build
from supernet.score import SupernetScorer
from supernet.training.checkpoints import load_model

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bench.config.recipe import Recipe
    from bench.runs.run import Run
    from supernet.data.data_set import DataSet, Images

UNTRAINED = 0
NUM_WARM = 100
MAX_WARM_BATCH = 256
"""Images of a warming batch at most: a recipe's batch may be meant for several processes."""


@dataclass(frozen=True)
class Snapshots:
    """The weights of one run, the data that it was trained on, and what is measured already."""

    run: Run
    data: DataSet
    device: str = "cpu"
    pieces: Pieces = field(default_factory=Pieces)

    @cached_property
    def parts(self) -> Parts:
        """The parts that the run's recipe names."""
        return resolve(self.run.recipe)

    @property
    def final_epoch(self) -> int:
        """The epoch after which training ended."""
        return self.run.recipe.training.epochs

    @property
    def epochs(self) -> list[int]:
        """Every epoch whose weights are measured, untrained (0) first."""
        return sorted({UNTRAINED, *snapshot_epochs(self.run.folder), self.final_epoch})

    @property
    def ends(self) -> list[int]:
        """The control and what training made of it: untrained and final."""
        return [UNTRAINED, self.final_epoch]

    def few_epochs(self, num_epochs: int) -> list[int]:
        """Choose epochs: untrained, final, and between them about as many early ones as late.

        In S1 to S3, whose Table 4 is of trained weights, the two ends alone.
        """
        epochs = self.epochs
        if not has_cells(self.parts.space):
            return self.ends
        if len(epochs) <= num_epochs:
            return epochs
        wanted = np.geomspace(max(epochs[1], 1), epochs[-1], num_epochs - 1)
        nearest = {min(epochs[1:], key=lambda e: abs(e - want)) for want in wanted}
        return sorted({UNTRAINED, *nearest})

    def model(self, epoch: int) -> Any:
        """Build the supernet with the weights after an epoch, in eval mode, needing no gradient.

        Raises:
            RunFolderError: the weights are gone, damaged or of another recipe.
        """
        model = build(self.run, self.parts, self.device)
        if epoch == UNTRAINED:
            self._warm(model)
        else:
            load_model(model, self._path(epoch))
        return model.eval().requires_grad_(False)

    def scorer(self, model: Any, recipe: Recipe | None = None) -> SupernetScorer:
        """Return what scores architectures with a model, by the run's recipe or a changed one."""
        parts = self.parts
        return SupernetScorer(model, parts.space, self.data, recipe or parts.recipe, parts.scorers)

    def _path(self, epoch: int) -> Path:
        path = snapshot(self.run.folder, epoch)
        if epoch == self.final_epoch and not path.is_file():
            path = self.run.folder / CHECKPOINT
        if not path.is_file():
            raise RunFolderError(
                f"{path} is gone, and what is measured needs its weights: delete "
                f"{self.run.folder} and train the run again"
            )
        return path

    @torch.no_grad()
    def _warm(self, model: nn.Module) -> None:
        images, batch = self._warm_images(), self.run.recipe.training.batch_size
        rng = child_rng(self.run.seed, "warm")
        for norm in (m for m in model.modules() if isinstance(m, nn.BatchNorm2d)):
            norm.momentum = None  # the mean over all batches
        model.train()
        for step in range(NUM_WARM):
            index = torch.from_numpy(rng.integers(len(images), size=min(batch, MAX_WARM_BATCH)))
            x = to_input(images.pixels[index.to(images.pixels.device)], self.data.statistics)
            model(x, self.parts.sampler(self.parts.space, rng, step / NUM_WARM))

    def _warm_images(self) -> Images:
        """Return the training images; of image folders those that are decoded to calibrate."""
        recipe = self.run.recipe
        images = self.data.split(recipe.train_split)
        if not len(images):
            images = self.data.split(recipe.calibration.calibration_split)
        return take(images, min(recipe.num_train_images, len(images)))


def rows_by_place(
    snapshots: Snapshots,
    epochs: Sequence[int],
    measure: Callable[[Any], Sequence[dict[str, Any]]],
) -> list[dict[str, Any]]:
    """Measure every place where paths are summed with the weights of some epochs, in pieces."""

    def of_epoch(epoch: int) -> list[dict[str, Any]]:
        places = snapshots.model(epoch).path_sums()
        return [
            {"epoch": epoch, "cell": place.cell} | row
            for number, place in enumerate(places)
            for row in snapshots.pieces(f"epoch {epoch}, place {number}", partial(measure, place))
        ]

    return [
        row
        for epoch in epochs
        for row in snapshots.pieces(f"epoch {epoch}", partial(of_epoch, epoch))
    ]
