"""What a run needs, estimated from its recipe and held against a measured peak."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bench.config.cell_presets import digits
from bench.config.fields import override
from supernet import needs as module
from supernet.needs import check_needs, memory_of, needs
from supernet.parts import resolve
from tests.paths import ROOT

TINY = {
    "m": "1",
    "stem_channels": "4",
    "num_stacks": "1",
    "batch_size": "10",
    "snapshot_epochs": "",
}
MEASURE = """
import re, torch
from bench.config.fields import override
from bench.config.registry import PRESETS
from supernet.needs import needs
from supernet.parts import resolve
from bench.base.streams import child_rng
torch.set_num_threads(1)
parts = resolve(override(PRESETS["cifar10-small"]().recipe, {"batch_size": "256"}))
skeleton = parts.recipe.skeleton
estimate, net = needs(parts).memory, parts.build().to(memory_format=torch.channels_last)
x = torch.zeros(256, 3, skeleton.image_size, skeleton.image_size)
rng = child_rng(0, "needs")
for _ in range(2):
    path = parts.sampler(parts.space, rng, 0.0)
    net(x.to(memory_format=torch.channels_last), path).sum().backward()
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024
print(estimate, peak)
"""


def parts(**changes: str) -> Any:
    return resolve(override(digits().recipe, {**TINY, **changes}))


def run(tmp_path: Path) -> Any:
    return SimpleNamespace(folder=tmp_path / "later" / "shadow-seed0", seed=0)


def test_weights_are_counted_exactly() -> None:
    made = parts()
    nbytes = sum(value.nbytes for value in made.build().state_dict().values())
    needed = needs(made)
    assert needed.weights == 3 * nbytes  # with gradients and momentum
    assert needed.disk == 4 * nbytes
    assert needs(parts(snapshot_epochs="1,2")).disk == 6 * nbytes
    assert needs(parts(ema_decay="0.9")).weights == 4 * nbytes
    assert needs(made, num_images=100).images == 100 * 64


def test_activations_grow_with_the_batch() -> None:
    small, large = (needs(parts(batch_size=size)).training for size in ("100", "200"))
    assert 1.8 < large / small < 2.01
    halved = needs(parts(batch_size="200", accumulate="2")).training
    assert halved == small


def test_a_batch_is_of_no_more_images_than_there_are() -> None:
    few, all_of_them = (
        needs(parts(batch_size=size, num_train_images="50")).training for size in ("50", "100000")
    )
    assert all_of_them == few


def test_nothing_is_made() -> None:
    """A net of many gigabytes is estimated without its storage."""
    assert needs(parts(stem_channels="8192", m="2")).memory > 1e10


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the peak there")
@pytest.mark.slow
def test_the_estimate_is_near_the_measured_peak() -> None:
    command = [sys.executable, "-c", MEASURE]
    out = subprocess.run(command, capture_output=True, check=True, text=True, cwd=ROOT).stdout
    estimate, peak = map(int, out.split())
    assert 0.6 < peak / estimate < 1.5


def test_too_much_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "memory_of", lambda _: 500_000_000)
    message = r"needs about 0\.9 GB of memory, there are 0\.5 GB: set a smaller \w+, or"
    with pytest.raises(ValueError, match=message):
        check_needs(run(tmp_path), parts(), "cpu")
    for own in ("net", "batch_norm", "sampler", "space"):
        names = {**dict.fromkeys(("net", "batch_norm", "sampler", "space"), ""), own: "own:part"}
        unknown: Any = SimpleNamespace(recipe=SimpleNamespace(**names))
        check_needs(run(tmp_path), unknown, "cpu")


def test_a_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=100))
    with pytest.raises(ValueError, match=r"on the disk, 0\.0 GB are free: make room, or set fewer"):
        check_needs(run(tmp_path), parts(), "cpu")


def test_what_fits_passes(tmp_path: Path) -> None:
    check_needs(run(tmp_path), parts(), "cpu")


def test_memory_is_the_machine_s_or_the_group_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    monkeypatch.setattr(module, "_CGROUPS", (str(tmp_path / "memory.max"), "/nowhere"))
    whole = memory_of("cpu")
    assert whole > 100_000_000
    (tmp_path / "memory.max").write_text("12345\n")
    assert memory_of("cpu") == 12345
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (1, 99))
    assert memory_of("cuda") == 99
