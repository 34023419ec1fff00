"""Commands killed and started again until they end: with the files of one that was never killed."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from analysis.__main__ import command as draw
from bench import measure, mixpath, proxies, rank, run, table_command, truth
from bench.base.command import run_command
from tests.damage import cells, networks, scores, sources, truths
from tests.damage.quiet import quiet
from tests.damage.trials import BELIEVED, COMMAND_LIMIT_S, HANG, HARMLESS, TRACEBACK, Trial
from tests.synthetic import write_truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LOG = "log.txt"
MOST_WRITES = 40
POLL_S = 0.01


@dataclass(frozen=True)
class Command:
    """A command that is killed.

    Attributes:
        name: in the table.
        make: fills an empty folder with what the command needs.
        main: the command line's entry.
        arguments: what it is called with, given the folder.
        result: what it leaves, given the folder; compared with `==`.
    """

    name: str
    make: Callable[[Path], object]
    main: Callable[[Sequence[str]], int]
    arguments: Callable[[Path], Sequence[object]]
    result: Callable[[Path], Any]

    @property
    def trials(self) -> str:
        """The name of its kills in the table."""
        return f"killed: {self.name}"


def contents(*patterns: str) -> Callable[[Path], Any]:
    """Return what reads the bytes of files by pattern."""

    def read(folder: Path) -> Any:
        paths = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
        return [(str(path.relative_to(folder)), path.read_bytes()) for path in paths]

    return read


def kill(command: Command, folder: Path, times: int, seed: int) -> Iterator[Trial]:
    """Kill a command so many times, in as many folders as that takes.

    Every other kill is in the middle of a write, and every fourth is a Ctrl-C.
    """
    if times <= 0:
        return
    rng = Random(f"{seed} {command.name} {times}")  # gone on with, others than before are drawn
    made, place = folder / "made", folder / "killed"
    made.mkdir(parents=True)
    with quiet():
        command.make(made)
    expected, takes_s = _undisturbed(command, shutil.copytree(made, folder / "whole"))
    killed: list[str] = []
    while times or killed:
        if not killed:
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(made, place)
        may_kill = len(killed) < times
        how = rng.choice(["in a write", "in a write", "at a time", "Ctrl-C"]) if may_kill else ""
        said = _attempt(command, place, how, rng.random() * takes_s * (len(killed) + 1), rng)
        if said == "killed":
            killed.append(how)
            continue
        outcome = _outcome(command, place, said, expected)
        for number, way in enumerate(killed):
            yield Trial(command.trials, times - number, way, *outcome)
        if outcome[0] == HANG or (said and not killed):
            yield Trial(command.trials, times, how, *outcome)
            times -= 1
        times, killed = times - len(killed), []


def _outcome(command: Command, folder: Path, said: str, expected: Any) -> tuple[str, str]:
    if said == HANG:
        return HANG, f"no end after {COMMAND_LIMIT_S:g} s"
    if said:
        return TRACEBACK, said
    if command.result(folder) != expected:
        return BELIEVED, "started again it ended with other files"
    return HARMLESS, ""


def _undisturbed(command: Command, folder: Path) -> tuple[Any, float]:
    started = time.monotonic()
    if said := _attempt(command, folder, "", 0.0, Random(0)):
        raise RuntimeError(f"{command.name} fails by itself: {said}")
    return command.result(folder), time.monotonic() - started


def _attempt(command: Command, folder: Path, how: str, after_s: float, rng: Random) -> str:
    """Run the command in a child; return '' if it ended well, 'killed', or what it said."""
    log = folder.with_name(LOG)
    child = os.fork()
    if child == 0:
        _be_child(command, folder, how, after_s, rng, log)
    status = _wait(child)
    if status is None:
        return HANG
    if os.WIFSIGNALED(status):
        return "killed" if os.WTERMSIG(status) == signal.SIGKILL else f"died of {status}"
    text, code = log.read_text(), os.WEXITSTATUS(status)
    if code == 130 and how == "Ctrl-C" and "Traceback" not in text:
        return "killed" if text.rstrip().endswith("interrupted") else f"Ctrl-C: {text}"
    return "" if code == 0 else f"exit code {code}: {text}"


def _wait(child: int) -> int | None:
    until = time.monotonic() + COMMAND_LIMIT_S
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(POLL_S)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _be_child(
    command: Command, folder: Path, how: str, after_s: float, rng: Random, log: Path
) -> None:
    """Run the command and end this process, or have it killed."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    number = signal.SIGINT if how == "Ctrl-C" else signal.SIGKILL
    if how == "in a write":
        _die_in_write(rng.randint(1, MOST_WRITES), is_before=rng.random() < 0.5)
    elif how:
        timer = threading.Timer(after_s, os.kill, (os.getpid(), number))
        timer.daemon = True
        timer.start()
    code = 1
    with suppress(SystemExit):
        code = command.main([str(part) for part in command.arguments(folder)])
    os._exit(code)


def _die_in_write(number: int, *, is_before: bool) -> None:
    """Die at the n-th rename that puts a file in its place, right before or right after it."""
    replace, count = Path.replace, 0

    def counting(path: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == number and is_before:
            os.truncate(path, path.stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        moved = replace(path, target)
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return moved

    Path.replace = counting  # type: ignore[method-assign,assignment]  # in this process alone


COMMANDS = (
    Command(
        "bench/run.py",
        lambda folder: write_truth(folder / cells.TRUTH),
        run.main,
        lambda folder: cells.rank(folder)[1:],
        contents(*cells.TRAINED, *cells.RANKED),
    ),
    Command(
        "bench/measure.py",
        cells.make_unmeasured,
        measure.main,
        cells.measured,
        contents(cells.CURVE, "variations.csv"),
    ),
    Command(
        "mixpath.py train",
        lambda _: None,
        mixpath.main,
        networks.train,
        contents("*/*/history.csv"),
    ),
    Command(
        "mixpath.py search",
        networks.make_supernet,
        mixpath.main,
        lambda folder: networks.search(folder)[1:],
        contents("*/*/scores.csv", "*/*/*/evaluated.csv", "*/*/*/pareto.csv"),
    ),
    Command(
        "mixpath.py retrain",
        lambda _: None,
        mixpath.main,
        networks.retrain,
        contents(networks.EVALUATION, "retrain-*/history.csv"),
    ),
    Command(
        "mixpath-truth",
        lambda _: None,
        truth.main,
        truths.train,
        truths.rows,
    ),
    Command(
        "mixpath-proxies",
        lambda _: None,
        proxies.main,
        scores.proxies,
        contents(scores.PROXIES),
    ),
    Command(
        "mixpath-rank",
        scores.make_own,
        rank.main,
        scores.rank_to_board,
        contents("out/*.csv", "out/*.md", "board/*.csv", "board/*.md"),
    ),
    Command(
        "python -m analysis",
        lambda folder: cells.make(folder / "results"),
        lambda arguments: run_command(draw, arguments),
        lambda folder: cells.draw(folder / "results")[2:],
        contents("results/*.html", "results/*.md", "results/*.svg"),
    ),
    Command(
        "mixpath-table import",
        sources.make_tfrecord,
        table_command.main,
        lambda folder: ("import", folder / sources.TFRECORD, "--out", folder / sources.TABLE),
        sources.read_table,
    ),
)
"""In the table's order."""
