"""How far the runs are, shown from the progress.json that each of them writes.

Works alike for runs in this process, in others and on a cluster that shares the folder. Without a
terminal it prints a line for each run that ends.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from bench.base.forecast import say_look, say_when
from bench.runs.layout import PROGRESS
from bench.runs.run import num_epochs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.runs.run import FinalRun, Run

POLL_S = 0.5


@contextmanager
def show(runs: Sequence[Run]) -> Iterator[Callable[[Run], None]]:
    """Show a bar for each run at work; yields the function to call when one has ended."""
    console = Console(stderr=True)
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f}% {task.fields[about]}"),
        TimeRemainingColumn(compact=True),
        console=console,
        disable=not console.is_terminal,
    )
    display = _Display(bars, runs)

    def finished(run: Run) -> None:
        display.end(run)
        done = f"{len(runs) - len(display.open)}/{len(runs)}"
        console.print(f"{done} {label(run)} done", highlight=False)

    with bars:
        watcher = threading.Thread(target=display.watch, daemon=True)
        watcher.start()
        try:
            yield finished
        finally:
            display.stop.set()
            watcher.join()


def label(run: Run) -> str:
    """Name a run in a line: space, m, batch norm and seed."""
    return f"{run.folder.parent.name} {run.folder.name}"


def say_epochs(run: Run | FinalRun, limit: int | None, epoch_s: Callable[[], float]) -> str:
    """Say how many epochs of a run are missing, and how long they take.

    Args:
        run: whose folder may not be there yet.
        limit: no more than so many in all.
        epoch_s: measures how many seconds one takes; asked where there are any.
    """
    epochs = run.recipe.training.epochs
    wanted = min(limit or epochs, epochs)
    missing = max(wanted - num_epochs(run.folder), 0)
    told = f"{run.folder}: {missing:,} of {wanted:,} epochs are missing"
    if not missing:
        return f"{told}; nothing was written"
    return f"{told}; {say_when(1, missing * epoch_s(), 'steps')}"


def say_if_look(run: Run | FinalRun, unless: str) -> str:
    """Say that a run was trained for a quick look alone; nothing of one trained to the end.

    Args:
        run: a run.
        unless: what becomes of one that is not.
    """
    done, epochs = num_epochs(run.folder), run.recipe.training.epochs
    if done >= epochs:
        return ""
    return f"; {say_look(done, epochs, 'epochs', unless)}"


class _Display:
    def __init__(self, bars: Progress, runs: Sequence[Run]) -> None:
        self.bars = bars
        self.open = {run.folder: run for run in runs}
        self.tasks: dict[tuple[Any, str], TaskID] = {}
        self.stop = threading.Event()

    def watch(self) -> None:
        while not self.stop.wait(POLL_S):
            for run in list(self.open.values()):
                with suppress(OSError, ValueError, KeyError, TypeError):  # absent, or being written
                    self.update(run, json.loads((run.folder / PROGRESS).read_text()))

    def update(self, run: Run, report: dict[str, Any]) -> None:
        key = run.folder, report["stage"]
        if key not in self.tasks:
            self._remove(run)
            name = f"{label(run)} {report['stage']:5}"
            self.tasks[key] = self.bars.add_task(name, total=1.0, about="")
        self.bars.update(self.tasks[key], completed=report["fraction"], about=_about(report))

    def end(self, run: Run) -> None:
        self._remove(run)
        self.open.pop(run.folder)

    def _remove(self, run: Run) -> None:
        for key in [key for key in self.tasks if key[0] == run.folder]:
            self.bars.remove_task(self.tasks.pop(key))


def _about(report: dict[str, Any]) -> str:
    if "loss" not in report:
        return ""
    return (
        f"epoch {report['epoch']}/{report['num_epochs']} loss {report['loss']:.3f} "
        f"accuracy {100 * report['accuracy']:.1f}% {report['images_per_s']:,.0f} images/s"
    )
