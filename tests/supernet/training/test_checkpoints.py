"""A checkpoint that is damaged, of another run, or holds no finite weights is refused in a line."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
import torch

from bench.config.recipe import Recipe
from bench.runs.digests import write_kept
from bench.runs.layout import CHECKPOINT, SUMS
from bench.runs.run import RunFolderError, open_run
from supernet.training.checkpoints import OF, read_checkpoint, save_checkpoint
from tests.rewritten import forget_whose, rewrite_recipe

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A checkpoint in a run's folder."""
    path = open_run(tmp_path, Recipe(), 0, "cpu", 1).folder / CHECKPOINT
    save_checkpoint({"model": {"weight": torch.arange(1000.0)}}, path)
    return path


def refuse(path: Path, message: str) -> None:
    with pytest.raises(RunFolderError, match=message) as caught:
        read_checkpoint(path)
    assert "delete it to train" in str(caught.value)
    assert "\n" not in str(caught.value)


def save(state: Any, path: Path) -> None:
    """Write a state with its digest, as it is."""
    buffer = BytesIO()
    torch.save(state, buffer)
    write_kept(buffer.getvalue(), path)


def test_it_is_read_back(path: Path) -> None:
    assert torch.equal(read_checkpoint(path)["model"]["weight"], torch.arange(1000.0))
    forget_whose(path)
    assert OF not in read_checkpoint(path)


def test_every_bit_counts(path: Path) -> None:
    """Before digests, `torch.load` took most flips of weights for weights."""
    whole = path.read_bytes()
    for place in range(0, len(whole), len(whole) // 40):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        refuse(path, "is damaged")


def test_flipped_weights_are_seen_without_a_digest_too(path: Path) -> None:
    whole = path.read_bytes()
    (path.parent / SUMS).unlink()
    (path.parent / "run.json").write_text("{}")
    place = whole.index(torch.arange(1000.0).numpy().tobytes()) + 400
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    refuse(path, "the checksum of .* is wrong")


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({}, "holds no weights"),
        ([1], "holds no weights"),
        ({"model": 3}, "holds no weights"),
        ({"model": {"a": torch.tensor([1.0, float("nan")])}}, "a is not finite"),
        ({"model": {}, "optimizer": {"state": {0: torch.tensor(float("inf"))}}}, "0 is not fin"),
        ({"model": {}, OF: "{"}, "another space, m or size"),
        ({"model": {}, OF: 5}, "another space, m or size"),
    ],
)
def test_what_is_no_checkpoint_is_refused(path: Path, state: Any, message: str) -> None:
    save(state, path)
    refuse(path, message)


def test_another_seeds_is_refused(path: Path, tmp_path: Path) -> None:
    other = open_run(tmp_path, Recipe(), 1, "cpu", 1).folder / CHECKPOINT
    write_kept(path.read_bytes(), other)
    refuse(other, "of another recipe or seed than run.json beside it")


def test_another_recipes_is_refused(path: Path) -> None:
    rewrite_recipe(path.parent, lr=0.5)
    refuse(path, "of another recipe or seed than run.json beside it")


def test_diverged_weights_are_not_written(path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"diverged \(weight is not finite\): set a"):
        save_checkpoint({"model": {"weight": torch.tensor([1.0, float("nan")])}}, path)
    assert torch.equal(read_checkpoint(path)["model"]["weight"], torch.arange(1000.0))
