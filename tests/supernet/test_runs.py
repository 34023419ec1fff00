"""Runs: complete, resumed after any kill with the same bytes, and clear about what is damaged."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

from bench.base.files import remove_temporary
from bench.base.stopping import Stopped, heeding
from bench.config.cell_presets import digits
from bench.runs.find import find_runs
from bench.runs.layout import PROGRESS, SCORES_PART
from bench.runs.run import Run, RunFolderError, open_run, read_run
from supernet import runs, score
from supernet.parts import resolve
from tests.supernet.training.test_begun import StopAfter

PRESET = digits().recipe
RECIPE = replace(
    PRESET,
    m=1,
    skeleton=replace(PRESET.skeleton, stem_channels=4, num_stacks=1),
    training=replace(PRESET.training, epochs=4, batch_size=100),
    num_train_images=200,
    snapshot_epochs=(2,),
    calibration=replace(PRESET.calibration, calibration_images=100),
)
SAME_BYTES = ("scores.csv", "history.csv")
WEIGHTS = ("checkpoint.pt", "checkpoint-epoch2.pt")


def complete(results: Path) -> Run:
    return runs.complete(open_run(results, RECIPE, 0, "cpu", 1), None, "cpu", 1)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that was never stopped."""
    return complete(tmp_path_factory.mktemp("whole"))


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in SAME_BYTES}


def test_run_writes_what_the_design_lists(whole: Run) -> None:
    names = {path.name for path in whole.folder.iterdir()}
    assert names == {*SAME_BYTES, "run.json", "times.csv", *WEIGHTS, "SHA256SUMS", ".lock"}
    assert whole.folder.parts[-2:] == ("branches-m1", "shadow-seed0")
    scores = whole.scores()
    assert list(scores) == ["architecture", "cell_hash", "calibrated", "accuracy", "loss"]
    assert len(scores) == 2 * 12
    assert scores["architecture"].nunique() == 12
    assert scores["cell_hash"].nunique() == 3
    assert scores["accuracy"].between(0, 1).all()
    history = pd.read_csv(whole.folder / "history.csv")
    assert list(history) == ["epoch", "lr", "loss", "accuracy"]
    assert list(history["epoch"]) == [1, 2, 3, 4]
    times = pd.read_csv(whole.folder / "times.csv")
    assert set(times["stage"]) == {"train", "score"}
    assert (times["time_s"] > 0).all()


@pytest.mark.slow
@pytest.mark.parametrize(("how", "seed", "least"), [("write", 0, 30), ("random", 1, 1)])
def test_run_killed_anywhere_ends_with_the_same_bytes(
    whole: Run, how: str, seed: int, least: int, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.kill_driver", str(tmp_path), how, str(seed)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    assert int(out.stdout) >= least
    ended = [run for folder in tmp_path.iterdir() for run in find_runs(folder)]
    assert len(ended) >= least
    for run in ended:
        assert files(run.folder) == files(whole.folder)
        remove_temporary(run.folder)
        left = {PROGRESS, SCORES_PART}  # by a kill once the scores were written
        names = {p.name for p in run.folder.iterdir()} - left
        assert names == {p.name for p in whole.folder.iterdir()}


def test_finished_run_is_not_touched(whole: Run) -> None:
    before = {path: path.stat().st_mtime_ns for path in whole.folder.iterdir()}
    runs.complete(whole, None, "cpu", 1)
    assert {path: path.stat().st_mtime_ns for path in whole.folder.iterdir()} == before


def test_other_seeds_differ(whole: Run, tmp_path: Path) -> None:
    other = runs.complete(open_run(tmp_path, RECIPE, 1, "cpu", 1), None, "cpu", 1)
    assert not other.scores().equals(whole.scores())


@pytest.mark.parametrize("damage", [b"", b"no checkpoint", None])
def test_damaged_checkpoint_is_named(whole: Run, damage: bytes | None, tmp_path: Path) -> None:
    run = open_run(tmp_path, RECIPE, 0, "cpu", 1)
    checkpoint = (whole.folder / "checkpoint.pt").read_bytes()
    (run.folder / "checkpoint.pt").write_bytes(
        checkpoint[: len(checkpoint) // 2] if damage is None else damage
    )
    with pytest.raises(RunFolderError, match=r"checkpoint\.pt is damaged .*delete it to train"):
        runs.complete(run, None, "cpu", 1)


def test_folder_of_another_recipe_is_refused(whole: Run) -> None:
    other = replace(RECIPE, training=replace(RECIPE.training, lr=0.5))
    with pytest.raises(RunFolderError, match=r"another recipe: lr=0\.05 \(asked: 0\.5\)"):
        open_run(whole.folder.parent.parent, other, 0, "cpu", 1)


def test_it_goes_on_at_another_speed(whole: Run) -> None:
    """Workers and CUDA graphs change how fast, not what."""
    training = replace(whole.recipe.training, workers=1, cuda_graphs=False)
    other = replace(whole.recipe, training=training)
    open_run(whole.folder.parent.parent, other, 0, "cpu", 1)


def test_run_is_read_back(whole: Run) -> None:
    assert read_run(whole.folder) == whole


def test_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"has no run\.json"):
        read_run(tmp_path)


@pytest.mark.parametrize("text", ["{", "{}", '{"recipe": {"m": 1}, "seed": 0}'])
def test_damaged_run_json_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(RunFolderError, match=r"run\.json(, line 1: | can't be read: )") as caught:
        read_run(tmp_path)
    assert str(caught.value).count("run.json") == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_norm": "shadw-sum"}, "did you mean 'shadow'"),
        ({"sampler": "unifrom"}, "did you mean 'uniform'"),
        ({"data_set": "digit"}, "did you mean 'digits'"),
        ({"space": "branch"}, "did you mean 'branches'"),
        ({"scorers": ("no.such:thing",)}, "can't be imported"),
        ({"m": 5}, r"m=5 is outside 1\.\.4"),
    ],
)
def test_names_are_checked_before_anything_is_trained(
    change: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        resolve(replace(RECIPE, **change))  # type: ignore[arg-type]  # any field


@pytest.mark.parametrize("stop_after", [3, 11])
def test_a_run_of_a_gpu_goes_on_on_the_cpu(
    whole: Run, stop_after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its checkpoint names storages of a device that this machine need not have."""
    run = open_run(tmp_path, RECIPE, 0, "cpu", 1)
    monkeypatch.setattr(torch.serialization, "location_tag", lambda _: "cuda:0")
    with heeding(StopAfter(stop_after)), pytest.raises(Stopped):
        runs.complete(run, None, "cpu", 1)
    assert b"cuda:0" in (run.folder / "checkpoint.pt").read_bytes()
    runs.complete(run, None, "cpu", 1)
    assert files(run.folder) == files(whole.folder)


def test_scoring_that_is_stopped_keeps_its_rows(
    whole: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score, "CHUNK", 4)
    run = open_run(tmp_path, RECIPE, 0, "cpu", 1)
    trained = 2 * 4  # steps that are asked after
    with heeding(StopAfter(trained + 6)), pytest.raises(Stopped):
        runs.complete(run, None, "cpu", 1)
    assert len(pd.read_csv(run.folder / SCORES_PART)) == 4
    runs.complete(run, None, "cpu", 1)
    assert files(run.folder) == files(whole.folder)
