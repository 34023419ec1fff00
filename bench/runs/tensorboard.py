"""Curves for TensorBoard, where the user has it: history.csv told anew as runs write it.

The process that waits for the runs writes them, so that runs know nothing of it, neither here nor
on a cluster that shares the folder. They are made from history.csv alone and written whole each
time, also of runs that are complete: to be looked at and deleted at will.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bench.runs import schemas
from bench.runs.layout import HISTORY, tensorboard_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.runs.run import Run

POLL_S = 1.0
EVENTS = "events.out.tfevents.*"


@contextmanager
def follow(runs: Sequence[Run]) -> Iterator[None]:
    """Write the curves of runs while they are trained, and the rest at the end.

    Raises:
        ValueError: TensorBoard is not installed.
    """
    try:
        from tensorboard.summary import Writer
    except ImportError:
        raise ValueError("--tensorboard needs: pip install tensorboard") from None
    curves = [_Curves(run, Writer) for run in runs]
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(POLL_S):
            for one in curves:
                one.update()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
        for one in curves:
            one.update()
            one.writer.close()


class _Curves:
    """What has been written of one run's history."""

    def __init__(self, run: Run, writer: Any) -> None:
        self.history = run.folder / HISTORY
        folder = tensorboard_folder(run.folder)
        for old in folder.glob(EVENTS):
            old.unlink()
        self.writer = writer(str(folder))
        self.num_written = 0

    def update(self) -> None:
        """Write the epochs that are new."""
        if not self.history.is_file():
            return
        rows = schemas.read(self.history, schemas.HISTORY).to_dict("records")
        for row in rows[self.num_written :]:
            for name in ("loss", "accuracy", "lr"):
                self.writer.add_scalar(name, row[name], row["epoch"])
        self.num_written = len(rows)
        self.writer.flush()
