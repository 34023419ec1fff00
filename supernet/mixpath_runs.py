"""Supernets of S1, S2 and S3 trained into run folders, and scored for a search.

What is there is not done again: training goes on from the last epoch's checkpoint, on any number
of processes.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from bench.base.files import write_csv
from bench.base.names import load
from bench.runs.run import CHECKPOINT, HISTORY, TIMES, RunFolderError
from supernet.distributed import ALONE, Ranks
from supernet.nets.bottlenecks import MixNet, set_batch_norms, supernet
from supernet.runs import Reporter, read_checkpoint, save_checkpoint
from supernet.sampling import SAMPLERS
from supernet.score import SCORERS, SupernetScorer
from supernet.shadow_bn import BATCH_NORMS
from supernet.training.schedules import method
from supernet.training.trainer import Trainer, initialise

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.config.mixpath_recipe import MixRecipe, MixTraining
    from bench.runs.mixpath_store import MixRun
    from bench.space.architecture import MixArchitecture
    from bench.space.kernels import MixPathSpace
    from supernet.data.pool import Pool
    from supernet.training.trainer import Epoch


def check_recipe(recipe: MixRecipe) -> None:
    """Refuse a recipe that names what does not exist, before anything is trained.

    Raises:
        ValueError: an unknown batch norm, sampler or scorer.
    """
    load(recipe.batch_norm, BATCH_NORMS, "batch norm")
    load(recipe.sampler, SAMPLERS, "sampler")
    for scorer in recipe.scorers:
        load(scorer, SCORERS, "scorer")


def build(run: MixRun, device: str) -> MixNet:
    """Build the run's supernet with its seed's initial weights."""
    recipe = run.recipe
    model = initialise(lambda: supernet(run.space, recipe.batch_norm), run.seed)
    return prepared(model, recipe.training, device)


def prepared(model: torch.nn.Module, training: MixTraining, device: str) -> MixNet:
    """Set a network's batch norms and move it to the device, channels last."""
    assert isinstance(model, MixNet)
    set_batch_norms(model, training.bn_momentum, training.bn_epsilon)
    model = model.to(torch.device(device))
    return model.to(memory_format=torch.channels_last)


def train(run: MixRun, pool: Pool, device: str, ranks: Ranks = ALONE) -> MixNet:
    """Train the supernet, going on from its checkpoint if there is one."""
    recipe = run.recipe
    draw = load(recipe.sampler, SAMPLERS, "sampler")
    model = build(run, device)
    trainer = Trainer(
        model,
        pool.source(run.seed, ranks),
        recipe.training,
        lambda rng, progress: draw(run.space, rng, progress),  # type: ignore[arg-type]
        run.seed,
        method=method(recipe.training),
        ranks=ranks,
    )

    def keep(epoch: Epoch) -> None:
        if epoch.epoch in recipe.snapshot_epochs:
            name = f"checkpoint-epoch{epoch.epoch}.pt"
            save_checkpoint({"model": trainer.model.state_dict()}, run.folder / name)

    finish(trainer, run.folder, device, ranks, keep)
    return model


def finish(
    trainer: Trainer,
    folder: Path,
    device: str,
    ranks: Ranks,
    after_epoch: Callable[[Epoch], None],
) -> None:
    """Run the epochs that are missing; rank 0 writes the checkpoint and history of each.

    On rank 0 `after_epoch` is called before an epoch's checkpoint is written.
    """
    if (folder / CHECKPOINT).is_file():
        restore(trainer, folder, device)
    reporter = Reporter(folder, "train")
    while not trainer.is_finished:
        epoch = trainer.run_epoch(reporter.training if ranks.is_first else None)
        if ranks.is_first:
            after_epoch(epoch)
            save_checkpoint(trainer.state_dict(), folder / CHECKPOINT)
            write_history(trainer, folder)
        ranks.wait()
    if ranks.is_first:
        write_history(trainer, folder)
        reporter.close()


def restore(trainer: Trainer, folder: Path, device: str) -> None:
    """Load a checkpoint into a trainer.

    Raises:
        RunFolderError: the checkpoint of another space, m or size.
    """
    state = read_checkpoint(folder / CHECKPOINT, device)
    try:
        trainer.load_state_dict(state)
    except (RuntimeError, KeyError, ValueError) as error:
        raise foreign(folder / CHECKPOINT, error) from error


def load_supernet(run: MixRun, device: str) -> MixNet:
    """Build a trained supernet.

    Raises:
        RunFolderError: training is not finished, or the weights don't fit the recipe.
    """
    state = read_checkpoint(run.folder / CHECKPOINT, device)
    model = build(run, device)
    try:
        done = len(state["history"])
        model.load_state_dict(state["model"])
    except (RuntimeError, KeyError) as error:
        raise foreign(run.folder / CHECKPOINT, error) from error
    if done < run.recipe.training.epochs:
        raise RunFolderError(
            f"{run.folder} has {done} of {run.recipe.training.epochs} epochs: go on with train"
        )
    return model


def foreign(path: Path, error: Exception) -> RunFolderError:
    """Make the error for weights that don't fit the recipe beside them."""
    reason = (str(error).splitlines() or [""])[-1].strip()
    return RunFolderError(
        f"{path} is of another space, m or size than run.json beside it ({reason}): delete it to "
        "train anew"
    )


def scorer(run: MixRun, model: MixNet, pool: Pool) -> SupernetScorer:
    """Return what scores architectures of the run."""
    return SupernetScorer(model, run.space, pool.data(), run.recipe, identify)


def identify(space: MixPathSpace, architecture: MixArchitecture) -> dict[str, Any]:
    """Name an architecture in a row."""
    return space.identity(architecture)


def write_history(trainer: Trainer, folder: Path) -> None:
    """Write history.csv, and the times apart."""
    history = pd.DataFrame([asdict(epoch) for epoch in trainer.history])
    write_csv(history.drop(columns="time_s"), folder / HISTORY)
    write_csv(history[["epoch", "time_s"]].assign(stage="train"), folder / TIMES)
