"""One run, from nothing to scores.csv: train the supernet, then score its architectures.

What is there is not done again: training goes on from the last epoch's checkpoint, scoring from
the rows already written. A run uses a fixed number of threads, so that on one machine a run
killed anywhere and started again ends with the same bytes as one never killed.
"""

from __future__ import annotations

import io
import json
import pickle
import time
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from bench.base.files import read_csv, remove_temporary, replacing, write_csv
from bench.base.names import load
from bench.runs.run import (
    CHECKPOINT,
    HISTORY,
    PROGRESS,
    SCORES,
    TIMES,
    Run,
    RunFolderError,
    load_space,
)
from supernet.data.source import TensorSource
from supernet.data.tensors import DATA_SETS, DataSet, load_data, take
from supernet.nets.cells import SUM_SUFFIX, CellNet
from supernet.sampling import SAMPLERS
from supernet.score import SCORERS, SupernetScorer
from supernet.shadow_bn import BATCH_NORMS
from supernet.training.trainer import SHOW_EVERY_S, Progress, Trainer, initialise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.config.recipe import Recipe

SCORES_PART = "scores.part.csv"
SAVE_EVERY_S = 10.0


def complete(run: Run, data_path: Path | None, device: str, num_threads: int) -> Run:
    """Do what is missing of a run."""
    if run.is_complete:
        return run
    torch.set_num_threads(num_threads)
    remove_temporary(run.folder)
    data = load_data(run.recipe.data_set, run.recipe.skeleton, data_path, device)
    trainer = train(run, data, device)
    score(run, trainer.model, data)
    return run


def check_recipe(recipe: Recipe) -> None:
    """Refuse a recipe that names what does not exist, before anything is trained.

    Raises:
        ValueError: an unknown space, batch norm, sampler, scorer or data set.
    """
    load_space(recipe)
    load(recipe.batch_norm.removesuffix(SUM_SUFFIX), BATCH_NORMS, "batch norm")
    load(recipe.sampler, SAMPLERS, "sampler")
    load(recipe.data_set, DATA_SETS, "data set")
    for scorer in recipe.scorers:
        load(scorer, SCORERS, "scorer")


def build(run: Run, device: str) -> CellNet:
    """Build the run's supernet with its seed's initial weights."""
    recipe = run.recipe
    model = initialise(lambda: CellNet(recipe.skeleton, run.space, recipe.batch_norm), run.seed)
    assert isinstance(model, CellNet)
    return model.to(torch.device(device))


def train(run: Run, data: DataSet, device: str) -> Trainer:
    """Train the supernet, going on from its checkpoint if there is one."""
    recipe = run.recipe
    draw = load(recipe.sampler, SAMPLERS, "sampler")
    images = take(data.split(recipe.train_split), recipe.num_train_images)
    trainer = Trainer(
        build(run, device),
        TensorSource(images, data.statistics, recipe.training, run.seed),
        recipe.training,
        lambda rng, progress: draw(run.space, rng, progress),
        run.seed,
    )
    reporter = Reporter(run.folder, "train")
    if (run.folder / CHECKPOINT).is_file():
        trainer.load_state_dict(read_checkpoint(run.folder / CHECKPOINT, device))
    while not trainer.is_finished:
        epoch = trainer.run_epoch(reporter.training)
        if epoch.epoch in recipe.snapshot_epochs:
            name = f"checkpoint-epoch{epoch.epoch}.pt"
            save_checkpoint({"model": trainer.model.state_dict()}, run.folder / name)
        save_checkpoint(trainer.state_dict(), run.folder / CHECKPOINT)
        _write_history(run, trainer)
    _write_history(run, trainer)  # the last run may have died before it could
    return trainer


def _write_history(run: Run, trainer: Trainer) -> None:
    history = pd.DataFrame([asdict(epoch) for epoch in trainer.history])
    write_csv(history.drop(columns="time_s"), run.folder / HISTORY)
    write_csv(history[["epoch", "time_s"]].assign(stage="train"), run.folder / TIMES)


def score(run: Run, model: torch.nn.Module, data: DataSet) -> None:
    """Score every architecture, raw and calibrated, into scores.csv."""
    started = time.perf_counter()
    architectures = run.space.architectures()
    part = run.folder / SCORES_PART
    rows: list[Any] = read_csv(part).to_dict("records") if part.is_file() else []
    done = {(row["architecture"], row["calibrated"]) for row in rows}
    saved_at, reporter = time.monotonic(), Reporter(run.folder, "score")
    for row in _missing_rows(SupernetScorer(model, run.space, data, run.recipe), run, done):
        rows.append(row)
        reporter.scoring(len(rows) / (2 * len(architectures)))
        if time.monotonic() - saved_at > SAVE_EVERY_S:
            write_csv(pd.DataFrame(rows), part)
            saved_at = time.monotonic()
    place = {run.space.encode(a): index for index, a in enumerate(architectures)}
    rows.sort(key=lambda row: (place[row["architecture"]], row["calibrated"]))
    times = read_csv(run.folder / TIMES)
    seconds = {"epoch": 0, "time_s": time.perf_counter() - started, "stage": "score"}
    write_csv(pd.concat([times, pd.DataFrame([seconds])]), run.folder / TIMES)
    write_csv(pd.DataFrame(rows), run.folder / SCORES)
    part.unlink(missing_ok=True)
    reporter.close()


def _missing_rows(
    scorer: SupernetScorer, run: Run, done: set[tuple[str, bool]]
) -> Iterator[dict[str, Any]]:
    every = run.space.architectures()
    yield from scorer.raw(a for a in every if (run.space.encode(a), False) not in done)
    yield from scorer.calibrated(a for a in every if (run.space.encode(a), True) not in done)


def save_checkpoint(state: dict[str, Any], path: Path) -> None:
    """Write a checkpoint, whole or not at all."""
    buffer = io.BytesIO()  # torch.save hides a full disk behind an error of its own
    torch.save(state, buffer)
    with replacing(path) as part:
        part.write_bytes(buffer.getbuffer())


def read_checkpoint(path: Path, device: str) -> dict[str, Any]:
    """Read a checkpoint.

    Raises:
        RunFolderError: a damaged or foreign file.
    """
    file = io.BytesIO(path.read_bytes())
    try:
        state: dict[str, Any] = torch.load(file, map_location=device, weights_only=True)
    except (RuntimeError, EOFError, OSError, pickle.UnpicklingError, ValueError) as error:
        reason = str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__
        raise RunFolderError(
            f"{path} is damaged ({reason}); delete it to train this run anew"
        ) from error
    return state


class Reporter:
    """Writes where a run stands to progress.json, for whoever shows it."""

    def __init__(self, folder: Path, stage: str) -> None:
        self.path = folder / PROGRESS
        self.stage = stage
        self.shown_at = 0.0

    def training(self, progress: Progress) -> None:
        """Report a training step."""
        self._write(progress.fraction, asdict(progress))

    def scoring(self, fraction: float) -> None:
        """Report a scored architecture."""
        self._write(fraction, {})

    def close(self) -> None:
        """Leave nothing behind."""
        self.path.unlink(missing_ok=True)

    def _write(self, fraction: float, about: dict[str, Any]) -> None:
        if time.monotonic() - self.shown_at < SHOW_EVERY_S:
            return
        self.shown_at = time.monotonic()
        with suppress(OSError):  # a display must not stop a run
            text = json.dumps({**about, "stage": self.stage, "fraction": fraction})
            self.path.write_text(text)
