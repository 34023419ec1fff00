"""Checkpoints: the epochs that are missing of a training are run, and each is kept.

A file is written whole or not at all, names the run that it is of, and is loaded with
`weights_only`. One that is not as it was written, is of another run or holds weights that are not
finite is refused.
"""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from bench.base.stopping import Stopped, stop_now
from bench.config.fields import to_dict
from bench.runs import schemas
from bench.runs.about import read_about, recipe_of
from bench.runs.digests import read_kept, write_kept
from bench.runs.layout import CHECKPOINT, HISTORY, TIMES
from bench.runs.run import RunFolderError
from supernet.training.reporter import Reporter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from supernet.distributed import Ranks
    from supernet.training.trainer import Epoch, Trainer


OF = "of"
"""The key of the recipe and seed of the run that a checkpoint is of, as JSON."""

MISFITS = (RuntimeError, KeyError, TypeError, ValueError, AttributeError, IndexError)
"""What loading a state raises that is not of this model, or no state."""

UNREADABLE = (*MISFITS, EOFError, OSError, pickle.UnpicklingError, zipfile.BadZipFile)
"""What loading a file raises that is no checkpoint."""


def finish(
    trainer: Trainer,
    folder: Path,
    ranks: Ranks,
    after_epoch: Callable[[Epoch], None],
    limit: int | None = None,
) -> None:
    """Run the epochs that are missing; rank 0 writes the checkpoint and history of each.

    On rank 0 `after_epoch` is called before an epoch's checkpoint is written. After `limit` epochs
    in all it leaves, for a quick look: the next call goes on from there.

    Raises:
        RunFolderError: a checkpoint that is damaged, or of another recipe.
        Stopped: it was asked for; the checkpoint says where, within an epoch too.
    """
    if (folder / CHECKPOINT).is_file():
        restore(trainer, folder / CHECKPOINT)
    reporter = Reporter(folder, "train")
    while not trainer.is_finished and (limit is None or len(trainer.history) < limit):
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
    except MISFITS as error:
        raise foreign(path, error) from error


def load_model(model: torch.nn.Module, path: Path) -> dict[str, Any]:
    """Load the weights of a checkpoint into a model; return the whole checkpoint.

    Raises:
        RunFolderError: it is damaged, or of another space, m or size.
    """
    state = read_checkpoint(path)
    try:
        model.load_state_dict(state["model"])
    except MISFITS as error:
        raise foreign(path, error) from error
    return state


def write_history(trainer: Trainer, folder: Path) -> None:
    """Write the history, and the times apart."""
    history = pd.DataFrame([asdict(epoch) for epoch in trainer.history])
    times = history[["epoch", "time_s"]].assign(stage="train")
    schemas.write(history.drop(columns="time_s"), folder / HISTORY, schemas.HISTORY)
    schemas.write(times, folder / TIMES, schemas.TIMES)


def save_checkpoint(state: dict[str, Any], path: Path) -> None:
    """Write a checkpoint of the run in its folder, whole or not at all.

    Raises:
        RunFolderError: the training diverged: a weight is not finite.
    """
    try:
        _check_weights(state)
    except ValueError as error:
        raise RunFolderError(
            f"{path.parent}: the training diverged ({error}): set a smaller lr; the weights of the "
            "epoch before are kept"
        ) from error
    about = read_about(path.parent)
    of = json.dumps({"recipe": to_dict(about.recipe), "seed": about.seed})
    save_state(state | {OF: of}, path)


def save_state(state: dict[str, Any], path: Path) -> None:
    """Write a state that is of no run, whole or not at all."""
    buffer = io.BytesIO()  # torch.save hides a full disk behind an error of its own
    torch.save(state, buffer)
    write_kept(buffer.getbuffer(), path)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint onto the CPU, whatever device it comes from and goes to.

    Weights are copied from there to where a model is; generators' states belong there.

    Returns:
        What was saved, with finite weights by name under 'model'.

    Raises:
        RunFolderError: a damaged or foreign file.
    """
    data, doubt = read_kept(path)
    try:
        _check_sums(data)
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        _check_weights(state)
    except UNREADABLE as error:
        reason = str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__
        raise RunFolderError(
            f"{path} is damaged ({reason}); delete it to train this run anew"
        ) from error
    if doubt:
        raise RunFolderError(f"{path} is damaged ({doubt}); delete it to train this run anew")
    _check_of(state, path)
    checked: dict[str, Any] = state
    return checked


def _check_sums(data: bytes) -> None:
    """Refuse bytes that fail their own checksums, which `torch.load` does not look at."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        if broken := file.testzip():
            raise ValueError(f"the checksum of {broken} is wrong")


def _check_weights(state: Any) -> None:
    """Refuse what is no checkpoint, and weights that are not finite."""
    if not isinstance(state, dict) or not isinstance(state.get("model"), dict):
        raise ValueError("it holds no weights")
    for name, value in _tensors(state):
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise ValueError(f"{name} is not finite")


def _tensors(value: Any, name: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """Yield every tensor of nested dictionaries, with the last of its names."""
    if isinstance(value, torch.Tensor):
        yield name, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _tensors(part, str(key))


def _check_of(state: dict[str, Any], path: Path) -> None:
    """Refuse a checkpoint of another run; of which run it is was not always written down."""
    if OF not in state:
        return
    about = read_about(path.parent)
    try:
        of = json.loads(state[OF])
        is_own = (recipe_of(about.kind, of["recipe"]), of["seed"]) == (about.recipe, about.seed)
    except MISFITS as error:
        raise foreign(path, error) from error
    if not is_own:
        raise RunFolderError(
            f"{path} is of another recipe or seed than run.json beside it: delete it to train anew"
        )


def foreign(path: Path, error: Exception) -> RunFolderError:
    """Make the error for weights that don't fit the recipe beside them."""
    reason = (str(error).splitlines() or [""])[-1].strip()
    return RunFolderError(
        f"{path} is of another space, m or size than run.json beside it ({reason}): delete it to "
        "train anew"
    )
