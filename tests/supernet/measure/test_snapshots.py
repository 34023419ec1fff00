"""Weights by epoch: untrained, snapshot and final, and the error where they are gone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from bench.runs.run import RunFolderError, read_run
from supernet.measure.snapshots import Snapshots
from supernet.runs import build
from supernet.training.checkpoints import read_checkpoint
from tests.measured_run import snapshots_of, train_run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Snapshots:
    return snapshots_of(train_run(tmp_path_factory.mktemp("results"), m=2))


def test_epochs_are_untrained_snapshots_and_final(snapshots: Snapshots) -> None:
    assert snapshots.epochs == [0, 1, 2]


def test_the_final_weights_are_the_checkpoints(snapshots: Snapshots) -> None:
    saved = read_checkpoint(snapshots.run.folder / "checkpoint.pt")["model"]
    loaded = snapshots.model(2)
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, saved[name]), name
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_untrained_weights_are_the_seeds_with_statistics_of_their_own(snapshots: Snapshots) -> None:
    untrained, built = snapshots.model(0), build(snapshots.run, snapshots.parts, "cpu")
    for (name, value), other in zip(untrained.named_parameters(), built.parameters(), strict=True):
        assert torch.equal(value, other), name
    norms = [m for m in untrained.modules() if isinstance(m, nn.BatchNorm2d)]
    for variance in (norm.get_buffer("running_var") for norm in norms):
        assert not torch.equal(variance, torch.ones_like(variance))
    again = snapshots.model(0)
    assert all(torch.equal(a, b) for a, b in zip(untrained.buffers(), again.buffers(), strict=True))


def test_few_epochs_keep_the_ends_and_favour_early_ones(
    snapshots: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert snapshots.few_epochs(3) == [0, 1, 2]
    monkeypatch.setattr(Snapshots, "epochs", property(lambda _: [0, *range(2, 41, 2)]))
    few = snapshots.few_epochs(5)
    assert (few[0], few[1], few[-1], len(few)) == (0, 2, 40, 5)
    assert few[2] < 20


def test_weights_that_are_gone_are_named_with_a_remedy(
    snapshots: Snapshots, tmp_path: Path
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(snapshots.run.folder, copy, ignore=shutil.ignore_patterns("*.pt"))
    moved = replace(snapshots, run=read_run(copy))
    assert moved.epochs == [0, 2]
    with pytest.raises(RunFolderError, match=r"checkpoint\.pt is gone.*train the run again"):
        moved.model(2)
