"""Kill a run until it is complete; a program of its own, since it forks.

    python -m tests.kill_driver FOLDER write|random SEED

With `write` there is a run for every write of a whole one, FOLDER/1, FOLDER/2, ..., killed in the
middle of that write, between the temporary file and the rename, and begun again; with `random`
there is one, FOLDER/1, killed at random moments until it is complete. Prints the number of kills.
"""

import os
import random
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
    """Kill a run in each of its writes, a folder for each; return how many there are."""
    for number in count(1):
        run = open_run(folder / str(number), RECIPE, 0, "cpu", 1)
        if not is_killed(run, number, None):
            return number - 1
        assert not is_killed(run, None, None)
    raise AssertionError


def at_random(folder: Path, rng: random.Random) -> int:
    """Kill a run until it is complete; return how often it was."""
    run = open_run(folder / "1", RECIPE, 0, "cpu", 1)
    for kills in count():
        if not is_killed(run, None, rng.uniform(0.0, FIRST_S + kills * LATER_S)):
            return kills
    raise AssertionError


def is_killed(run: Run, number: int | None, after_s: float | None) -> bool:
    """Attempt the run in a child that is killed in a write or after a time; tell whether it was."""
    child = os.fork()
    if child == 0:
        if number is not None:
            kill_in_write(number)
        if after_s is not None:
            timer = threading.Timer(after_s, os.kill, (os.getpid(), signal.SIGKILL))
            timer.daemon = True
            timer.start()
        runs.complete(run, None, "cpu", 1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the run failed by itself"
    return os.WIFSIGNALED(status)


def kill_in_write(number: int) -> None:
    """Die before the rename that ends the n-th write."""
    replace, counted = Path.replace, 0

    def counting(path: Path, target: Path) -> Path:
        nonlocal counted
        counted += 1
        if counted == number:
            os.truncate(path, path.stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(path, target)

    Path.replace = counting  # type: ignore[method-assign,assignment]  # in this process alone


if __name__ == "__main__":
    main()
