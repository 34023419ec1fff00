"""Checkpoints: the epochs that are missing of a training are run, and each is kept.

A file is written whole or not at all, and loaded with `weights_only`.
"""

from __future__ import annotations

import io
import pickle
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from bench.base.files import replacing
from bench.base.stopping import Stopped, stop_now
from bench.runs import schemas
from bench.runs.layout import CHECKPOINT, HISTORY, TIMES
from bench.runs.run import RunFolderError
from supernet.training.reporter import Reporter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from supernet.distributed import Ranks
    from supernet.training.trainer import Epoch, Trainer


def finish(
    trainer: Trainer,
    folder: Path,
    ranks: Ranks,
    after_epoch: Callable[[Epoch], None],
) -> None:
    """Run the epochs that are missing; rank 0 writes the checkpoint and history of each.

    On rank 0 `after_epoch` is called before an epoch's checkpoint is written.

    Raises:
        RunFolderError: a checkpoint that is damaged, or of another recipe.
        Stopped: it was asked for; the checkpoint says where, within an epoch too.
    """
    if (folder / CHECKPOINT).is_file():
        restore(trainer, folder / CHECKPOINT)
    reporter = Reporter(folder, "train")
    while not trainer.is_finished:
        try:
            epoch = trainer.run_epoch(reporter.training if ranks.is_first else None)
        except Stopped:
            if ranks.is_first:
                save_checkpoint(trainer.state_dict(), folder / CHECKPOINT)
            ranks.wait()
            raise
        if ranks.is_first:
            after_epoch(epoch)
            save_checkpoint(trainer.state_dict(), folder / CHECKPOINT)
            write_history(trainer, folder)
        ranks.wait()
        if not trainer.is_finished and trainer.is_to_stop():
            stop_now()
    if ranks.is_first:
        write_history(trainer, folder)  # the last process may have died before it could
        reporter.close()


def restore(trainer: Trainer, path: Path) -> None:
    """Load a checkpoint into a trainer.

    Raises:
        RunFolderError: it is damaged, or of another space, m or size.
    """
    state = read_checkpoint(path)
    try:
        trainer.load_state_dict(state)
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        raise foreign(path, error) from error


def load_model(model: torch.nn.Module, path: Path) -> dict[str, Any]:
    """Load the weights of a checkpoint into a model; return the whole checkpoint.

    Raises:
        RunFolderError: it is damaged, or of another space, m or size.
    """
    state = read_checkpoint(path)
    try:
        model.load_state_dict(state["model"])
    except (RuntimeError, KeyError, TypeError) as error:
        raise foreign(path, error) from error
    return state


def write_history(trainer: Trainer, folder: Path) -> None:
    """Write the history, and the times apart."""
    history = pd.DataFrame([asdict(epoch) for epoch in trainer.history])
    times = history[["epoch", "time_s"]].assign(stage="train")
    schemas.write(history.drop(columns="time_s"), folder / HISTORY, schemas.HISTORY)
    schemas.write(times, folder / TIMES, schemas.TIMES)


def save_checkpoint(state: dict[str, Any], path: Path) -> None:
    """Write a checkpoint, whole or not at all."""
    buffer = io.BytesIO()  # torch.save hides a full disk behind an error of its own
    torch.save(state, buffer)
    with replacing(path) as part:
        part.write_bytes(buffer.getbuffer())


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint onto the CPU, whatever device it comes from and goes to.

    Weights are copied from there to where a model is; generators' states belong there.

    Raises:
        RunFolderError: a damaged or foreign file.
    """
    file = io.BytesIO(path.read_bytes())
    try:
        state: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, pickle.UnpicklingError, ValueError) as error:
        reason = str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__
        raise RunFolderError(
            f"{path} is damaged ({reason}); delete it to train this run anew"
        ) from error
    return state


def foreign(path: Path, error: Exception) -> RunFolderError:
    """Make the error for weights that don't fit the recipe beside them."""
    reason = (str(error).splitlines() or [""])[-1].strip()
    return RunFolderError(
        f"{path} is of another space, m or size than run.json beside it ({reason}): delete it to "
        "train anew"
    )
