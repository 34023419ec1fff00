"""`train`: a run folder, nothing done twice, resuming, and a foreign checkpoint."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import torch

from bench import mixpath
from bench.base.files import read_csv
from bench.runs.digests import write_kept
from bench.runs.layout import CHECKPOINT, HISTORY, RUN
from bench.verbs.train import train
from supernet.training.checkpoints import save_checkpoint
from tests.bench.verbs.small import CHANGES, DIGITS, SCORED, SCORING
from tests.rewritten import rewrite_recipe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_train_leaves_a_run_folder(trained: Path) -> None:
    about = json.loads((trained / RUN).read_text())
    assert about["recipe"]["width"] == 0.1
    assert about["recipe"]["batch_norm"] == "shadow"
    history = read_csv(trained / HISTORY)
    assert list(history.columns) == ["epoch", "lr", "loss", "accuracy"]
    assert len(history) == 2


def test_train_again_repeats_nothing(copy: Path, run: Callable[..., str]) -> None:
    before = (copy / CHECKPOINT).read_bytes()
    stamp = (copy / CHECKPOINT).stat().st_mtime_ns
    run("train", *DIGITS, *SCORING, "--out", copy.parents[1])
    assert (copy / CHECKPOINT).stat().st_mtime_ns == stamp
    assert (copy / CHECKPOINT).read_bytes() == before


def test_training_resumed_equals_training_through(
    trained: Path, tmp_path: Path, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop_after_one(state: Any, path: Path) -> None:
        save_checkpoint(state, path)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("supernet.training.checkpoints.save_checkpoint", stop_after_one)
        arguments = ["train", *DIGITS, *SCORING, "--out", str(tmp_path)]
        assert mixpath.main(arguments) == 130
    run(*arguments)
    folder = tmp_path / "s1-m2" / "shadow-seed0"
    assert (folder / HISTORY).read_bytes() == (trained / HISTORY).read_bytes()
    states = [torch.load(f / CHECKPOINT, weights_only=True) for f in (folder, trained)]
    for name, value in states[0]["model"].items():
        assert torch.equal(value, states[1]["model"][name]), name


def test_a_checkpoint_of_another_m_is_refused_by_training(
    copy: Path, fail: Callable[..., str]
) -> None:
    other = copy.parents[1] / "s1-m3" / "shadow-seed0"
    write_kept((copy / RUN).read_bytes(), other / RUN)
    rewrite_recipe(other, m=3)
    write_kept((copy / CHECKPOINT).read_bytes(), other / CHECKPOINT)
    line = fail("train", *DIGITS, *SCORING, "--m", "3", "--out", copy.parents[1])
    assert "is of another recipe or seed than run.json" in line
    assert (other / CHECKPOINT).is_file()


def test_in_three_lines(trained: Path, tmp_path: Path) -> None:
    changes = {**CHANGES, **SCORED}
    run = train("s1-small", m=2, data_set="digits", changes=changes, out=tmp_path, device="cpu")
    assert run.folder == tmp_path / "s1-m2" / "shadow-seed0"
    assert run.recipe.training.epochs == 1
    assert len(read_csv(run.folder / HISTORY)) == 1
    again = train(data_set="digits", changes=_like(trained), out=trained.parents[1], device="cpu")
    assert again.folder == trained


def _like(folder: Path) -> dict[str, Any]:
    """Return a run's recipe as changes."""
    recipe: dict[str, Any] = json.loads((folder / RUN).read_text())["recipe"]
    return recipe


def test_own_parts_are_fields_of_the_recipe(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown sampler"):
        train(sampler="unifrom", out=tmp_path)
    with pytest.raises(ValueError, match="net"):
        train(net="own:Net", out=tmp_path)
    assert not list(tmp_path.iterdir())
