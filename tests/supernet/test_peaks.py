"""Estimates of memory, held against the peaks of commands that run: a small and a larger one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.verbs.small import ARCHITECTURE
from tests.paths import ROOT

FACTOR = 1.35
"""By which the peak may differ from the estimate, either way."""

CHILD = """
import re, sys
from importlib import import_module
from supernet import fits
seen = []
fits._check_alone = lambda what, needed, *_: seen.append(needed.memory)
main = import_module(sys.argv[1]).main
code = main(sys.argv[2:])
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024
print(max(seen), peak)
sys.exit(code)
"""
RUN = (
    "bench.run --m 1 --seeds 1 --batch-norm single --protocol sound --other-truth --out {to} "
    "--jobs 1 --set epochs=1 num_stacks=1 snapshot_epochs= num_train_images=256 batch_size=256"
)
TRUTH = "bench.truth --out {to}/own.h5 --jobs 1 --set m=1 num_repeats=1 epochs=1"
FINAL = (
    f"bench.mixpath retrain --architecture {ARCHITECTURE} --preset s1-small --data-set digits "
    "--out {to} --set epochs=1 image_size=8 in_channels=1 crop_padding=1 cutout=0 flip=false "
    "num_train_images=200 depth=0.1"
)
PROXIES = "bench.proxies --out {to}/own.csv --preset digits --jobs 1 --cells sample:2 --set"
SMALL, LARGE = 0.9e9, 1.5e9

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the peak there"),
]


@pytest.mark.parametrize(
    ("command", "at_least"),
    [
        (f"{TRUTH} stem_channels=8", SMALL),
        (f"{TRUTH} num_stacks=1 cells_per_stack=1 stem_channels=256 batch_size=1000", LARGE),
        (f"{FINAL} width=0.1 batch_size=100", SMALL),
        (f"{FINAL} width=0.5 batch_size=100 resize=32", LARGE),
        (f"{FINAL} width=0.5 batch_size=20 resize=32 test_batch=500", LARGE),
        (f"{PROXIES} batch_size=32", SMALL),
        (f"{PROXIES} stem_channels=64 batch_size=512 cells_per_stack=1", LARGE),
        (f"{RUN} stem_channels=128", SMALL),
    ],
)
def test_estimates_are_near_the_peaks(tmp_path: Path, command: str, at_least: float) -> None:
    estimate, peak = measured(command.format(to=tmp_path))
    assert estimate > at_least
    assert 1 / FACTOR < peak / estimate < FACTOR


def test_measuring_is_estimated(tmp_path: Path) -> None:
    measured(f"{RUN} stem_channels=64".format(to=tmp_path))
    estimate, peak = measured(f"bench.measure {tmp_path} --other-truth --jobs 1")
    assert 1 / FACTOR < peak / estimate < FACTOR


def measured(command: str) -> tuple[int, int]:
    """Run a command in a process of its own; return the estimate and its peak, in bytes."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *command.split()],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    estimate, peak = map(int, done.stdout.splitlines()[-1].split())
    print(f"{peak / estimate:.2f} of {estimate / 1e6:,.0f} MB: {command}")
    return estimate, peak
