"""One architecture trained to the end: from scratch, from a supernet's weights, or transferred.

After every epoch the weights, and their moving average where there is one, are tested: top-1 and
top-5 accuracy and loss. The checkpoint is the last state; `best.pt` holds the weights with the
highest top-1 so far, of the average where there is one. Chosen on the test images, the best is a
little optimistic; the last is not.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn

from bench.runs import schemas
from bench.runs.about import read_about
from bench.runs.layout import BEST, CHECKPOINT, EVALUATION
from bench.runs.run import FinalRun, RunFolderError, read_final, read_trained
from supernet.distributed import ALONE, Ranks
from supernet.fits import check_final
from supernet.nets.bottlenecks import BottleneckNet
from supernet.nets.extract import extract, stand_alone
from supernet.parts import resolve
from supernet.runs import load_supernet, prepared
from supernet.score import Means, is_correct, loss_per_image
from supernet.training.checkpoints import finish, read_checkpoint, save_checkpoint
from supernet.training.trainer import Trainer, initialise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from supernet.data.pool import Pool
    from supernet.data.source import Batch
    from supernet.training.trainer import Epoch

SCRATCH = "scratch"


class Enlarged(nn.Module):
    """A network that sees its images enlarged, bilinearly.

    Args:
        network: the network.
        size: the side of the images that it sees, in pixels; 0: as they are.
    """

    def __init__(self, network: BottleneckNet, size: int) -> None:
        super().__init__()
        self.network = network
        self.size = size

    def forward(self, x: torch.Tensor, path: None = None) -> torch.Tensor:  # noqa: ARG002 (called as a supernet is)
        """Return logits of shape (B, num_classes)."""
        if self.size:
            x = F.interpolate(x, (self.size, self.size), mode="bilinear", antialias=False)
            x = x.contiguous(memory_format=torch.channels_last)
        out: torch.Tensor = self.network(x)
        return out


def build(run: FinalRun, device: str) -> BottleneckNet:
    """Build the network, with the weights that it starts from."""
    recipe = run.recipe
    network = initialise(
        lambda: stand_alone(run.space, run.architecture, recipe.skeleton.dropout), run.seed
    )
    assert isinstance(network, BottleneckNet)
    if recipe.resize:
        network.network = replace(network.network, image_size=recipe.resize)
    prepared(network, recipe.training, device)
    if recipe.start != SCRATCH:
        adopt(network, start_weights(run, device), recipe.start)
    return network


def start_weights(run: FinalRun, device: str) -> dict[str, torch.Tensor]:
    """Return the weights of the folder that a run starts from."""
    folder = Path(run.recipe.start)
    if read_about(folder).kind == "supernet":
        source = read_trained(folder)
        model = load_supernet(source, resolve(source.recipe), device)
        return extract(model, source.space, run.architecture).state_dict()
    weights: dict[str, torch.Tensor] = read_best(read_final(folder))["model"]
    return weights


def read_best(run: FinalRun) -> dict[str, Any]:
    """Read a network's best weights.

    Raises:
        RunFolderError: there are none yet.
    """
    if not (run.folder / BEST).is_file():
        raise RunFolderError(f"{run.folder} has no {BEST}: train at least an epoch of it first")
    return read_checkpoint(run.folder / BEST)


def adopt(network: BottleneckNet, weights: dict[str, torch.Tensor], source: str) -> None:
    """Take over weights; the dense layer stays fresh where the classes differ.

    Raises:
        RunFolderError: weights of another architecture or width.
    """
    own = network.state_dict()
    fitting = {n: v for n, v in weights.items() if n in own and own[n].shape == v.shape}
    odd = [name for name in own if name not in fitting and not name.startswith("classifier.")]
    if odd:
        raise RunFolderError(
            f"{source} holds weights of another architecture or width: {len(odd)} of {len(own)} "
            f"parts don't fit, such as {odd[0]}"
        )
    network.load_state_dict(fitting, strict=False)


def train(
    run: FinalRun, pool: Pool, device: str, ranks: Ranks = ALONE, limit: int | None = None
) -> pd.DataFrame:
    """Train the network, going on where it stopped; after `limit` epochs leave, for a quick look.

    Returns:
        evaluation.csv: epoch, weights ('model' or 'ema'), accuracy, top5_accuracy, loss.

    Raises:
        RunFolderError: a checkpoint or an evaluation.csv that is damaged.
        ValueError: it needs more memory, or more of the disk, than there is.
    """
    recipe = run.recipe
    if not (run.folder / CHECKPOINT).is_file():
        with torch.device("meta"):
            bare = stand_alone(run.space, run.architecture, recipe.skeleton.dropout)
        network = Enlarged(bare, recipe.resize)
        check_final(run, network, device, ranks, pool.num_kept)
    trainer = Trainer(
        Enlarged(build(run, device), recipe.resize),
        pool.source(run.seed, ranks),
        recipe.training,
        None,
        run.seed,
        ranks=ranks,
        may_capture=True,
    )
    path = run.folder / EVALUATION

    def evaluate(epoch: Epoch) -> None:
        rows = run.evaluation() if path.is_file() else pd.DataFrame({"epoch": []})
        rows = rows[rows["epoch"] < epoch.epoch]  # an epoch cut short is tested anew
        if rows["epoch"].nunique() < epoch.epoch - 1:
            raise RunFolderError(
                f"{path} lacks epochs before {epoch.epoch}; {schemas.EVALUATION.remedy}"
            )
        models = {"model": trainer.model}
        if trainer.ema is not None:
            models["ema"] = trainer.ema.model
        new = [
            {"epoch": epoch.epoch, "weights": n} | test(m, pool.test()) for n, m in models.items()
        ]
        counted = rows[rows["weights"] == new[-1]["weights"]] if len(rows) else rows
        if not len(counted) or new[-1]["accuracy"] > counted["accuracy"].max():
            network = models[str(new[-1]["weights"])].network
            assert isinstance(network, BottleneckNet)
            save_checkpoint(
                {"model": network.state_dict(), "epoch": epoch.epoch}, run.folder / BEST
            )
        every = pd.concat([rows, pd.DataFrame(new)]) if len(rows) else pd.DataFrame(new)
        schemas.write(every, path, schemas.EVALUATION)

    finish(trainer, run.folder, ranks, evaluate, limit)
    return run.evaluation()


@torch.no_grad()
def test(model: nn.Module, batches: Iterator[Batch]) -> dict[str, float]:
    """Return top-1 and top-5 accuracy, in [0, 1], and loss in eval mode."""
    was_training = model.training
    model.eval()
    means = Means({"accuracy": is_correct, "top5_accuracy": is_in_top5, "loss": loss_per_image})
    for x, labels in batches:
        means.add(model(x), labels)
    model.train(was_training)
    return means.values()


def is_in_top5(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return 1 where the label is among the five largest logits, else 0, of shape (B,)."""
    largest = logits.topk(min(5, logits.shape[1]), dim=1).indices
    return (largest == labels[:, None]).any(1)
