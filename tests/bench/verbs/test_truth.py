"""A truth of one's own: complete, resumable, by Python and by command line."""

import json
from pathlib import Path

import numpy as np
import pytest

from bench import truth as command_line
from bench.base.stopping import Stopped, heeding
from bench.config.fields import to_dict
from bench.config.recipe import StandAlone
from bench.config.training import Training
from bench.network.skeleton import Skeleton
from bench.runs import trainings
from bench.runs.layout import CHECKPOINT, SUMS
from bench.space.branches import Branches
from bench.table.table import Table
from bench.verbs import truth
from supernet.data.digest import digest_of
from supernet.data.sets import load_digits
from supernet.nets.stand_alone import train_cell
from tests.supernet.training.test_begun import StopAfter

SKELETON = Skeleton(stem_channels=4, num_stacks=2, cells_per_stack=1, image_size=8, in_channels=1)
TRAINING = Training(epochs=2, lr=0.1, crop_padding=1, flip=False, cutout=0)
RECIPE = StandAlone(data_set="digits", m=1, num_repeats=2, skeleton=SKELETON, training=TRAINING)
SPACE = Branches(4)


def build(out: Path) -> None:
    truth.build_table(out, RECIPE, device="cpu", jobs=1)


def test_table_holds_every_cell_and_repeat(tmp_path: Path) -> None:
    build(tmp_path / "own.h5")
    data = load_digits()
    with Table(tmp_path / "own.h5") as table:
        assert len(table) == 3
        assert table.num_repeats == 2
        assert table.budgets == (2,)
        assert table.skeleton == SKELETON
        cell = SPACE.cell(SPACE.decode("3---"))
        seed = trainings.seed_of(cell, 1)
        again = train_cell(cell, data, SKELETON, TRAINING, seed, tmp_path / "kept.pt")
        assert table.accuracy(cell)[1] == again["test_accuracy"]
        assert table.accuracy(cell, "valid")[1] == again["valid_accuracy"]
        assert not table.is_mean_only(cell)
    assert not (tmp_path / "own.h5.parts").exists()


def test_a_dry_run_says_what_is_missing_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "own.h5"), "--jobs", "1", "--set", "m=1", "num_repeats=2"]
    tiny = ["stem_channels=4", "num_stacks=2", "epochs=2"]
    assert command_line.main(["--dry-run", *out, *tiny]) == 0
    told = capsys.readouterr().out
    assert "own.h5: 6 of 6 trainings are missing; 1 at once: about 0:00:" in told
    assert not [*tmp_path.iterdir()]
    monkeypatch.setattr(trainings, "finish", lambda _: None)
    assert command_line.main([*out, *tiny]) == 0
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    capsys.readouterr()
    assert command_line.main(["--dry-run", *out, *tiny]) == 0
    assert "own.h5: 0 of 6 trainings are missing; nothing was written" in capsys.readouterr().out
    assert command_line.main(["--dry-run", *out, *tiny, "lr=0.7"]) == 2
    assert "holds trainings of another recipe" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_quick_look_trains_some_cells_and_writes_no_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--out", str(tmp_path / "own.h5"), "--jobs", "1", "--limit", "2"]
    tiny = ["--set", "m=1", "num_repeats=2", "stem_channels=4", "num_stacks=2", "epochs=1"]
    assert command_line.main([*asked, "--dry-run", *tiny]) == 0
    assert "own.h5: 4 of 4 trainings are missing" in capsys.readouterr().out
    assert command_line.main([*asked, *tiny]) == 0
    told = capsys.readouterr().out
    assert told.startswith("a quick look at 2 of 3 cells: no table is written; the same command")
    assert "2 trainings each of 1 epochs, test accuracies 0." in told
    assert [path.name for path in tmp_path.iterdir()] == ["own.h5.parts"]
    looked_at = {path.name: path.read_bytes() for path in (tmp_path / "own.h5.parts").glob("*-*")}
    assert len(looked_at) == 4
    without = [*asked[:-2], *tiny]
    assert command_line.main([*asked[:-2], "--dry-run", *tiny]) == 0
    assert "own.h5: 2 of 6 trainings are missing" in capsys.readouterr().out
    assert command_line.main(without) == 0
    with Table(tmp_path / "own.h5") as table:
        assert len(table) == 3


def test_interrupted_table_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "own.h5"
    done: list[Path] = []
    train_part = truth.train_part

    def stop_after_four(path: Path, *args: object) -> object:
        if len(done) == 4:
            raise KeyboardInterrupt
        done.append(path)
        return train_part(path, *args)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(truth, "train_part", stop_after_four)
    with pytest.raises(KeyboardInterrupt):
        build(out)
    assert not out.exists()
    before = {path: path.stat().st_mtime_ns for path in done}
    monkeypatch.setattr(truth, "train_part", train_part)
    monkeypatch.setattr(trainings, "finish", lambda _: None)
    build(out)
    assert {path: path.stat().st_mtime_ns for path in done} == before
    with Table(out) as table:
        assert np.isfinite(table.accuracies(table.hashes())).all()


def test_a_training_that_is_stopped_goes_on(tmp_path: Path) -> None:
    part = trainings.part_path(tmp_path / "own.h5.parts", SPACE.cell(SPACE.decode("3---")), 0)
    cell, kept = SPACE.cell(SPACE.decode("3---")), trainings.begun_folder(part)
    arguments = (cell, 0, RECIPE, None, "cpu")
    _, whole = truth.train_part(tmp_path / "never" / part.name, *arguments)
    with heeding(StopAfter(7)), pytest.raises(Stopped):
        truth.train_part(part, *arguments)
    assert {path.name for path in kept.iterdir()} == {CHECKPOINT, SUMS}
    _, result = truth.train_part(part, *arguments)
    assert result | {"time_s": 0.0} == whole | {"time_s": 0.0}
    build(tmp_path / "own.h5")
    assert not kept.parent.exists()


def test_parts_of_another_recipe_are_refused(tmp_path: Path) -> None:
    parts = tmp_path / "own.h5.parts"
    parts.mkdir()
    other = to_dict(RECIPE) | {"epochs": 7}
    (parts / "recipe.json").write_text(json.dumps(other))
    with pytest.raises(ValueError, match="another recipe"):
        build(tmp_path / "own.h5")


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "own.h5"
    changes = ["m=1", "num_repeats=1", "epochs=1", "stem_channels=4", "num_stacks=1"]
    flags = [part for change in changes for part in ("--set", change)]
    assert command_line.main(["--out", str(out), "--jobs", "1", *flags]) == 0
    assert "mixpath-table describe" in capsys.readouterr().out
    with Table(out) as table:
        assert len(table) == 3
        assert table.provenance["details"]["images"] == digest_of(load_digits())


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--set", "epoch=1"], "did you mean 'epochs'"),
        (["--set", "epochs=few"], "not of type int"),
        (["--preset", "digts"], "did you mean 'digits'"),
        (["--jobs", "0"], "at least 1"),
    ],
)
def test_mistakes_are_one_line(
    flags: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main(["--out", str(tmp_path / "own.h5"), *flags]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_in_three_lines(tmp_path: Path) -> None:
    changes = {"m": 1, "num_repeats": 1, "epochs": 1, "stem_channels": 4, "num_stacks": 1}
    table = truth.train_truth(tmp_path / "own.h5", changes=changes, jobs=1)
    with Table(table) as opened:
        assert len(opened) == 3
    with pytest.raises(ValueError, match="unknown data set"):
        truth.train_truth(tmp_path / "other.h5", data_set="digts", changes=changes, jobs=1)
