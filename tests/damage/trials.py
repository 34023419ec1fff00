"""One damaged file tried: in a process that is killed where it hangs, or by the command line."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from tests.damage.damages import draw
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator
    from multiprocessing.connection import Connection
    from pathlib import Path

    from tests.damage.kinds import Kind

REFUSED, HARMLESS, BELIEVED, TRACEBACK, HANG = OUTCOMES = (
    "refused",
    "harmless",
    "believed",
    "traceback",
    "hang",
)
"""In one line; the same result; another result; an error that is none of ours; no end."""

LIMIT_S = 60.0
COMMAND_LIMIT_S = 900.0


@dataclass(frozen=True)
class Trial:
    """What came of one damaged file: an outcome, and what was said of it."""

    kind: str
    number: int
    damage: str
    outcome: str
    said: str

    @property
    def is_bad(self) -> bool:
        """Whether it was neither refused nor harmless."""
        return self.outcome not in (REFUSED, HARMLESS)


class World:
    """A folder of undamaged files, put back after every trial."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = {path: path.read_bytes() for path in _files(folder)}
        self.seen = {path: _state(path) for path in self.files}

    def restore(self) -> None:
        """Put back what was changed, and remove what came along."""
        for path in set(_files(self.folder)) - self.files.keys():
            path.unlink()
        for path, data in self.files.items():
            if not path.is_file() or _state(path) != self.seen[path]:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                self.seen[path] = _state(path)


def inputs(
    kind: Kind, num: int, num_commands: int, known: Container[tuple[str, int]]
) -> Iterator[tuple[str, int]]:
    """Yield what is still to be tried: the trial's kind and the input's number.

    Args:
        kind: the kind.
        num: of inputs.
        num_commands: how many of them go through the command line too.
        known: what was tried.
    """
    every = max(num // num_commands, 1) if kind.command and num_commands else 0
    for number in range(num):
        for name in (kind.name, kind.by_command) if every and number % every == 0 else (kind.name,):
            if (name, number) not in known:
                yield name, number


def try_kind(
    kind: Kind, made: Path, scratch: Path, todo: Iterable[tuple[str, int]], seed: int
) -> Iterator[Trial]:
    """Damage a kind's file once for each number, and read it.

    Args:
        kind: the kind.
        made: its undamaged files.
        scratch: an empty folder to work in.
        todo: of `inputs`; an input depends on the seed, the kind and its number alone.
        seed: of the campaign.
    """
    readers: dict[str, Worker | ByCommand] = {}
    try:
        for name, number in todo:
            if name not in readers:
                place = scratch / str(len(readers))
                reader = ByCommand if name == kind.by_command else Worker
                readers[name] = reader(kind, made, place)
            damage, data = damaged(kind, made, number, seed)
            yield Trial(name, number, damage, *readers[name].ask(data))
    finally:
        for one in readers.values():
            one.close()


def damaged(kind: Kind, folder: Path, number: int, seed: int) -> tuple[str, bytes | None]:
    """Draw an input: the damage's name, and the bytes or None."""
    one, *_, other = _of_kind(kind, folder) * 2
    return draw(Random(f"{seed} {kind.name} {number}"), one.read_bytes(), other.read_bytes())


class Worker:
    """Reads damaged files in a process of its own, which is killed where it hangs."""

    def __init__(self, kind: Kind, made: Path, folder: Path) -> None:
        self.kind, self.made, self.folder = kind, made, folder
        self._start()

    def ask(self, data: bytes | None) -> tuple[str, str]:
        """Read a file with this content; return the outcome and what was said."""
        self.pipe.send(data)
        try:
            if self.pipe.poll(LIMIT_S):
                outcome: tuple[str, str] = self.pipe.recv()
                return outcome
            outcome = HANG, f"no end after {LIMIT_S:g} s"
        except EOFError:
            outcome = TRACEBACK, "the process died"
        self.close()
        self._start()
        return outcome

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()
        self.pipe.close()

    def _start(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.made, self.folder)
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(self.kind, self.folder, theirs))
        self.process.daemon = True
        self.process.start()
        theirs.close()
        said = self.pipe.recv()
        if said != "ready":
            raise RuntimeError(f"{self.kind.name}: the undamaged files can't be read: {said}")


def _work(kind: Kind, folder: Path, pipe: Connection) -> None:
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 (for the process's life)
    world, path = World(folder), _of_kind(kind, folder)[0]
    try:
        expected = kind.read(folder)
    except Exception:
        pipe.send(traceback.format_exc())
        return
    world.restore()
    pipe.send("ready")
    with suppress(EOFError):
        while True:
            _put(path, pipe.recv())
            pipe.send(_judge(lambda: kind.read(folder), expected))
            world.restore()


def _judge(read: Callable[[], Any], expected: Any) -> tuple[str, str]:
    said = ""
    try:
        found = read()
    except (ValueError, OSError) as error:  # what `run_command` makes one line of
        said = " ".join(str(error).split())
        return (REFUSED, said) if said else (TRACEBACK, f"{type(error).__name__} without a word")
    except Exception:
        return TRACEBACK, traceback.format_exc()
    return (HARMLESS, "") if found == expected else (BELIEVED, "another result")


class ByCommand:
    """Reads damaged files by the command line."""

    def __init__(self, kind: Kind, made: Path, folder: Path) -> None:
        self.kind, self.folder = kind, folder
        shutil.copytree(made, folder)
        self.world, self.path = World(folder), _of_kind(kind, folder)[0]
        code, error = self._run()
        if code:
            raise RuntimeError(f"{kind.name}: the command fails on undamaged files: {error}")
        self.expected = self._outputs()
        self.world.restore()

    def ask(self, data: bytes | None) -> tuple[str, str]:
        """Run the command on a file with this content; return the outcome and what was said."""
        _put(self.path, data)
        try:
            code, error = self._run()
            return self._judge(code, error)
        except subprocess.TimeoutExpired:
            return HANG, f"no end after {COMMAND_LIMIT_S:g} s"
        finally:
            self.world.restore()

    def close(self) -> None:
        """Leave the files: nothing runs."""

    def _run(self) -> tuple[int, str]:
        assert self.kind.command is not None
        command = [sys.executable, *map(str, self.kind.command(self.folder))]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=COMMAND_LIMIT_S, cwd=ROOT, check=False
        )
        return done.returncode, done.stderr

    def _outputs(self) -> dict[str, bytes]:
        paths = (path for pattern in self.kind.outputs for path in self.folder.glob(pattern))
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in paths}

    def _judge(self, code: int, error: str) -> tuple[str, str]:
        lines = [line for line in error.splitlines() if line.startswith("error: ")]
        if code == 2 and len(lines) == 1 and "Traceback" not in error:
            return REFUSED, lines[0]
        if code:
            return TRACEBACK, error
        is_same = self._outputs() == self.expected
        return (HARMLESS, "") if is_same else (BELIEVED, "the command's files differ")


def _put(path: Path, data: bytes | None) -> None:
    if data is None:
        path.unlink()
    else:
        path.write_bytes(data)


def _of_kind(kind: Kind, folder: Path) -> list[Path]:
    found = sorted(folder.glob(kind.pattern))
    assert found, f"{kind.name}: no {kind.pattern} in {folder}"
    return found


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _state(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino
