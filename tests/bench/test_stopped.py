"""Commands that are stopped and run again until they are done: the same bytes as never stopped."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench import run as command_line
from bench.base.command import STOPPED
from bench.runs.layout import CHECKPOINT, HISTORY, LOCK, RUN, SCORES, SUMS, TIMES
from tests.paths import ROOT
from tests.synthetic import write_truth

TINY = [
    *("--m", "2", "--seeds", "1", "--other-truth", "--protocol", "sound", "--set"),
    *("stem_channels=4", "num_stacks=1", "epochs=4", "num_train_images=1000", "snapshot_epochs="),
    "calibration_images=50",
]


def arguments(folder: Path, *flags: str) -> list[str]:
    return [*TINY, *flags, "--table", str(folder / "truth.h5"), "--out", str(folder / "results")]


def contents(folder: Path) -> dict[str, bytes]:
    runs = folder / "results" / "branches-m2"
    return {
        f"{bn}/{name}": (runs / f"{bn}-seed0" / name).read_bytes()
        for bn in ("shadow", "single")
        for name in (SCORES, HISTORY)
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a command leaves that was never stopped."""
    folder = tmp_path_factory.mktemp("whole")
    write_truth(folder / "truth.h5")
    assert command_line.main(arguments(folder, "--jobs", "1")) == 0
    return contents(folder)


def test_a_command_goes_on_until_it_is_done(
    whole: dict[str, bytes],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    ticking: None,  # noqa: ARG001 (changes the clock)
) -> None:
    write_truth(tmp_path / "truth.h5")
    codes: list[int] = []
    while not codes or codes[-1] == STOPPED:
        codes.append(command_line.main(arguments(tmp_path, "--jobs", "1", "--time-limit", "170s")))
        assert len(codes) < 20
    assert codes[-1] == 0
    assert len(codes) > 3
    line = "stopped by the time limit: what was done is kept, and the same command goes on from"
    assert capsys.readouterr().err.count(line) == len(codes) - 1
    assert contents(tmp_path) == whole
    left = {path.name for path in (tmp_path / "results" / "branches-m2" / "shadow-seed0").iterdir()}
    assert left == {CHECKPOINT, HISTORY, LOCK, RUN, SCORES, SUMS, TIMES}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGUSR1"])
def test_a_signal_to_all_processes_of_a_job_stops_it(
    whole: dict[str, bytes], name: str, tmp_path: Path
) -> None:
    """As SLURM sends it: the command and its workers get it at once."""
    write_truth(tmp_path / "truth.h5")
    command = [sys.executable, "bench/run.py", *arguments(tmp_path, "--jobs", "2")]
    process = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    wait_for_progress(tmp_path / "results")
    os.killpg(process.pid, signal.Signals[name])
    _, error = process.communicate(timeout=300)
    assert process.returncode == STOPPED, error
    assert error.splitlines()[-1].startswith(f"stopped by {name}: ")
    assert "Traceback" not in error
    assert len(list((tmp_path / "results").glob(f"*/*/{SCORES}"))) < 2
    assert command_line.main(arguments(tmp_path, "--jobs", "1")) == 0
    assert contents(tmp_path) == whole


def wait_for_progress(results: Path) -> None:
    """Wait until a run is at work."""
    until = time.monotonic() + 240
    while not list(results.glob("*/*/progress.json")) and time.monotonic() < until:
        time.sleep(0.02)
