"""Kill a run over and over until it is complete; a program of its own, since it forks.

python -m tests.kill_driver FOLDER write|random SEED

With `write`, the n-th attempt dies in the middle of its n-th write (at most its 12th), between the
temporary file and the rename; with `random`, at a random moment. Prints the number of kills.
"""

import os
import random
import signal
import sys
import threading
from pathlib import Path

import torch

from bench.runs.run import Run, open_run
from supernet import runs
from supernet.data.sets import load_digits
from tests.supernet.test_runs import RECIPE

MOST_WRITES = 12
FIRST_S, LATER_S = 0.5, 0.25  # later attempts live longer, so that a slow machine ends too


def main() -> None:
    """Kill and start again."""
    folder, how, seed = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    torch.set_num_threads(1)
    load_digits()  # imports scikit-learn once, before the forks
    runs.SAVE_EVERY_S = 0.0
    run = open_run(folder, RECIPE, 0, "cpu", 1)
    rng = random.Random(seed)
    kills = 0
    while not run.is_complete:
        kills += die(run, how, kills + 1, rng.uniform(0.0, FIRST_S + kills * LATER_S))
    print(kills)


def die(run: Run, how: str, number: int, after_s: float) -> int:
    """Attempt the run in a child that kills itself; return 1 if it did."""
    child = os.fork()
    if child == 0:
        if how == "write":
            kill_in_write(number)
        else:
            timer = threading.Timer(after_s, os.kill, (os.getpid(), signal.SIGKILL))
            timer.daemon = True
            timer.start()
        runs.complete(run, None, "cpu", 1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the run failed by itself"
    return int(os.WIFSIGNALED(status))


def kill_in_write(number: int) -> None:
    """Die before the rename that ends the n-th write."""
    replace, count = Path.replace, 0

    def counting(path: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == min(number, MOST_WRITES):
            os.truncate(path, path.stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(path, target)

    Path.replace = counting  # type: ignore[method-assign,assignment]  # in this process alone


if __name__ == "__main__":
    main()
