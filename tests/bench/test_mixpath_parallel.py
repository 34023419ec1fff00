"""Two processes under torchrun (gloo, CPU): one process's losses, one path, one writer."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from PIL import Image

from bench.base.files import read_csv
from bench.runs.layout import CHECKPOINT, HISTORY
from supernet.training.trainer import AGREE_EVERY
from tests.paths import ROOT
from tests.rewritten import forget_whose, rewrite_recipe

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = [
    "image_size=16",
    "cutout=0",
    "width=0.1",
    "depth=0.01",
    "batch_size=8",
    "workers=0",
    "lr=0.05",
    "num_classes=3",
    "num_score_images=0",
    "calibration_images=0",
]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make 3 classes of 12 training images and 2 validation images."""
    root, rng = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for split, count in (("train", 12), ("val", 2)):
        for label in range(3):
            folder = root / split / f"class{label}"
            folder.mkdir(parents=True)
            for index in range(count):
                pixels = rng.integers(80 * label, 80 * label + 90, size=(24, 24, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{index}.png")
    return root


def train(images: Path, out: Path, processes: int, *settings: str, space: str = "s3") -> Path:
    """Train with so many processes; returns the run folder."""
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    launcher = [sys.executable, *(torchrun if processes > 1 else [])]
    verb = ["train", "--preset", space, "--data", str(images), "--out", str(out), "--device", "cpu"]
    command = [*launcher, str(ROOT / "bench" / "mixpath.py"), *verb, "--set", *SETTINGS, *settings]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out / f"{space}-m2" / "shadow-seed0"


def weights(folder: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(folder / CHECKPOINT, weights_only=True)["model"]
    return state


def test_two_processes_equal_one_with_frozen_batch_norms(images: Path, tmp_path: Path) -> None:
    frozen = ["epochs=3", "freeze_batch_norm=true"]
    one = train(images, tmp_path / "one", 1, *frozen)
    two = train(images, tmp_path / "two", 2, *frozen)
    losses = [read_csv(folder / HISTORY)["loss"].to_numpy() for folder in (one, two)]
    assert np.abs(losses[0] - losses[1]).max() < 1e-4
    assert losses[0][0] != losses[0][-1]
    ours, theirs = weights(one), weights(two)
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-4) for name in ours)


def test_live_batch_norms_and_another_number_of_processes(images: Path, tmp_path: Path) -> None:
    """Begins with two processes in S2 and goes on with one."""
    folder = train(images, tmp_path, 2, "epochs=2", space="s2")
    assert len(read_csv(folder / HISTORY)) == 2
    rewrite_recipe(folder, epochs=3)
    forget_whose(folder / "checkpoint.pt")
    train(images, tmp_path, 1, "epochs=3", space="s2")
    history = read_csv(folder / HISTORY)
    assert history["epoch"].tolist() == [1, 2, 3]
    assert np.isfinite(history["loss"]).all()
    assert [path.name for path in folder.glob(".*")] == [".lock"]


@pytest.mark.slow
def test_a_signal_stops_all_processes_and_they_go_on(images: Path, tmp_path: Path) -> None:
    """Started as `srun` does; the signal comes to one, and both stop after the same step."""
    verb = ["train", "--preset", "s3", "--data", str(images), "--out", str(tmp_path / "out")]
    settings = ["epochs=12", "batch_size=2", "freeze_batch_norm=true"]
    command = [sys.executable, str(ROOT / "bench" / "mixpath.py"), *verb, "--device", "cpu"]
    command += ["--set", *SETTINGS, *settings]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    processes = [
        subprocess.Popen(
            command,
            env={**os.environ, **shared, "WORLD_SIZE": "2", "RANK": rank, "LOCAL_RANK": rank},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]
    folder, until = tmp_path / "out" / "s3-m2" / "shadow-seed0", time.monotonic() + 240
    while not (folder / HISTORY).is_file() and time.monotonic() < until:
        time.sleep(0.05)
    processes[1].send_signal(signal.SIGTERM)
    errors = [process.communicate(timeout=300)[1] for process in processes]
    assert [process.returncode for process in processes] == [75, 75], errors
    assert "stopped by another process: " in errors[0]
    assert "stopped by" not in errors[1]
    state = torch.load(folder / CHECKPOINT, weights_only=True)
    assert 0 < len(state["history"]) == len(read_csv(folder / HISTORY)) < 12
    assert state.get("begun", {"step": AGREE_EVERY})["step"] == AGREE_EVERY
    train(images, tmp_path / "out", 1, *settings)
    assert read_csv(folder / HISTORY)["epoch"].tolist() == list(range(1, 13))


def test_a_batch_that_the_processes_do_not_divide(images: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="multiple of 2 processes x 1 accumulated parts"):
        train(images, tmp_path, 2, "epochs=1", "batch_size=7")
    assert not list(tmp_path.iterdir())
