"""One command at a time in a folder; a killed one never stands in the way."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.runs.lock import BusyFolderError, at_work

HOLD = """
import sys, time
from pathlib import Path
from bench.runs.lock import at_work
with at_work(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_command_is_told_and_a_killed_one_does_not_block(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = hold(folder)
    try:
        busy = pytest.raises(BusyFolderError, match=r"another command is at work in .*run: start")
        with busy, at_work(folder, 0.1):
            pass
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    with at_work(folder, 0.1):
        assert folder.is_dir()


def test_it_ends_with_the_block_even_by_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), at_work(tmp_path):
        raise KeyboardInterrupt
    with at_work(tmp_path, 0.1):
        pass
