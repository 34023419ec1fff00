"""What a run needs, estimated from its recipe and held against a measured peak."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.base.streams import child_rng
from bench.config.cell_presets import digits
from bench.config.fields import override
from bench.config.recipe import Final
from bench.runs.run import load_space
from bench.verbs.presets import mixpath_preset
from supernet.final import Enlarged
from supernet.needs import PROCESS, SHARED, WORKSPACE, final_needs, needs, truth_needs
from supernet.nets.extract import stand_alone
from supernet.nets.stand_alone import NasbenchNetwork
from supernet.parts import resolve
from tests.graphs import FIRST_CELL
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
from supernet.final import Enlarged
from supernet.needs import SHARED, final_needs, needs, truth_needs
from supernet.nets.extract import stand_alone
from supernet.nets.stand_alone import NasbenchNetwork
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


def test_captured_steps_keep_gradients_and_a_step() -> None:
    made = parts()
    needed = needs(made)
    largest = max(needed.training, needed.scoring)
    assert needed.captured == needed.weights // 3 + int(WORKSPACE * largest)
    assert needed.memory_on("cuda") == needed.memory + needed.captured
    assert needed.memory_on("cpu") == needed.memory
    for changes in ({"cuda_graphs": "false"}, {"accumulate": "2"}):
        assert needs(parts(**changes)).captured == 0
    assert needs(made, num_processes=2).captured == 0
    kernels = override(mixpath_preset("s1-small").recipe, {"width": "0.1", "depth": "0.1"})
    assert needs(resolve(kernels)).captured == 0  # whose paths hardly come again


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


def test_a_batch_is_shared_by_processes() -> None:
    alone, shared = (needs(parts(batch_size="200"), num_processes=n).training for n in (1, 2))
    assert shared == needs(parts(batch_size="100")).training < alone


def test_processes_at_once_share_libraries_and_nothing_else() -> None:
    needed = needs(parts())
    assert needed.memory_at_once(1) == needed.memory
    beside = PROCESS - SHARED  # the process that began them
    assert needed.memory_at_once(3) == 3 * needed.memory - 2 * SHARED + beside


def test_a_network_of_one_cell_and_one_to_the_end_are_estimated() -> None:
    recipe = digits().stand_alone
    cell = NasbenchNetwork(FIRST_CELL, recipe.skeleton)
    nbytes = sum(value.nbytes for value in cell.state_dict().values())
    assert truth_needs(recipe, cell.to("meta")).weights == 3 * nbytes
    final = mixpath_preset("s1").final
    assert final is not None
    small = Final(skeleton=final.skeleton, training=replace(final.training, batch_size=8))
    network = on_meta(small)
    needed = final_needs(small, network)
    assert needed.weights % sum(value.nbytes for value in network.state_dict().values()) == 0
    twice = replace(small, training=replace(small.training, batch_size=16))
    assert 1.9 < final_needs(twice, network).training / needed.training < 2.1
    assert final_needs(twice, network, 2).training == needed.training


def on_meta(recipe: Final) -> torch.nn.Module:
    space = load_space(recipe)
    with torch.device("meta"):
        return Enlarged(stand_alone(space, space.sample(child_rng(0, "any"))), 0)
