"""Kill a run until it is complete; a program of its own, since it forks.

    python -m tests.kill_driver FOLDER write|random SEED

With `write` FOLDER/0 is a whole run, and FOLDER/1, FOLDER/2, ... are what a kill in the middle of
each of its writes leaves, between the temporary file and the rename, completed; with `random` there
is one, FOLDER/1, killed at random moments until it is complete. Prints the number of kills.
"""

import os
import random
import shutil
import signal
import sys
import threading
from itertools import count
from pathlib import Path

import torch

from bench.runs.run import Run, open_run
from supernet import runs
from supernet.data.sets import load_digits
from tests.supernet.test_runs import RECIPE

FIRST_S, LATER_S = 0.5, 0.25  # later attempts live longer, so that a slow machine ends too


def main() -> None:
    """Kill and start again."""
    folder, how, seed = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    torch.set_num_threads(1)
    load_digits()  # imports scikit-learn once, before the forks
    runs.SAVE_EVERY_S = 0.0
    print(in_every_write(folder) if how == "write" else at_random(folder, random.Random(seed)))


def in_every_write(folder: Path) -> int:
    """Complete a run from what a kill in each of its writes would have left; return how many."""
    whole = folder / "0"
    run = open_run(whole, RECIPE, 0, "cpu", 1)
    assert not is_killed(run, None, folder)
    copies = sorted(path for path in folder.iterdir() if path != whole)
    for copied in copies:
        assert not is_killed(open_run(copied, RECIPE, 0, "cpu", 1), None, None)
    return len(copies)


def at_random(folder: Path, rng: random.Random) -> int:
    """Kill a run until it is complete; return how often it was."""
    run = open_run(folder / "1", RECIPE, 0, "cpu", 1)
    for kills in count():
        if not is_killed(run, rng.uniform(0.0, FIRST_S + kills * LATER_S), None):
            return kills
    raise AssertionError


def is_killed(run: Run, after_s: float | None, copies: Path | None) -> bool:
    """Attempt the run in a child that is killed after a time; tell whether it was."""
    child = os.fork()
    if child == 0:
        if copies is not None:
            copy_in_writes(run.folder.parents[1], copies)
        if after_s is not None:
            timer = threading.Timer(after_s, os.kill, (os.getpid(), signal.SIGKILL))
            timer.daemon = True
            timer.start()
        runs.complete(run, None, "cpu", 1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the run failed by itself"
    return os.WIFSIGNALED(status)


def copy_in_writes(results: Path, copies: Path) -> None:
    """Copy the results before the rename that ends each write, the file half written."""
    replace, counted = Path.replace, count(1)

    def copying(path: Path, target: Path) -> Path:
        copied = shutil.copytree(results, copies / str(next(counted)))
        half = copied / path.relative_to(results)
        os.truncate(half, half.stat().st_size // 2)
        return replace(path, target)

    Path.replace = copying  # type: ignore[method-assign,assignment]  # in this process alone


if __name__ == "__main__":
    main()
