"""The ranking command line: from nothing to a table, again for nothing, and a user's mistakes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bench import run as command_line
from bench.runs.digests import write_kept
from bench.runs.find import find_runs
from bench.space.branches import Branches
from bench.table.table import Table
from tests.paths import ROOT
from tests.synthetic import write_truth

TINY = [
    *("--set", "stem_channels=4", "--set", "num_stacks=1", "--set", "epochs=2"),
    *("--set", "num_train_images=100", "--set", "calibration_images=50"),
    *("--set", "snapshot_epochs=", "--m", "2", "--seeds", "1", "--jobs", "1"),
]


@pytest.fixture
def images(tmp_path: Path) -> Callable[[str, int], Path]:
    """Write a folder of images, 8x8 noise in ten classes."""

    def write(name: str, seed: int) -> Path:
        rng = np.random.default_rng(seed)
        for split, count in (("train", 320), ("test", 20)):
            for i in range(count):
                file = tmp_path / name / split / f"class{i % 10}" / f"{i}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(file)
        return tmp_path / name

    return write


@dataclass
class Place:
    """A results folder, its table, and the command that fills it."""

    out: Path
    table: Path

    def run(self, *flags: str) -> int:
        """Run the command line here."""
        places = ["--table", str(self.table), "--out", str(self.out), "--other-truth"]
        return command_line.main([*TINY, *places, *flags])


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("run")
    place = Place(folder / "results", write_truth(folder / "truth.h5"))
    assert place.run() == 0
    return place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "results", write_truth(tmp_path / "truth.h5"))


def modified(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_it_writes_tables_figures_and_page(done: Place) -> None:
    names = {path.name for path in done.out.iterdir() if path.is_file()}
    assert {"kendall_tau.csv", "kendall_tau_by_seed.csv", "kendall_tau.md"} <= names
    assert {"kendall_tau.png", "kendall_tau.svg", "report.html"} <= names
    frame = pd.read_csv(done.out / "kendall_tau.csv")
    assert set(frame["protocol"]) == {"sound", "paper"}
    assert set(frame["bn"]) == {"shadow", "single", "-"}
    assert set(frame["scorer"]) >= {"negative_loss", "accuracy", "num_parameters", "random"}
    sound = frame[(frame["protocol"] == "sound") & (frame["bn"] == "shadow")]
    assert set(sound["num_cells"]) == {9}
    assert "bench/run.py" in (done.out / "report.html").read_text()


def test_again_it_trains_nothing_and_writes_the_same(
    done: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = {run.folder: modified(run.folder) for run in find_runs(done.out)}
    csv = (done.out / "kendall_tau.csv").read_bytes()
    assert done.run() == 0
    assert {run.folder: modified(run.folder) for run in find_runs(done.out)} == runs
    assert (done.out / "kendall_tau.csv").read_bytes() == csv
    assert "tau" in capsys.readouterr().out


def test_folder_takes_in_another_protocol_and_keeps_the_first(done: Place) -> None:
    assert done.run("--m", "3", "--protocol", "authors", "--set", "calibration_images=0") == 0
    frame = pd.read_csv(done.out / "kendall_tau.csv")
    assert {"sound", "paper", "authors"} <= set(frame["protocol"])
    assert set(frame[frame["protocol"] == "authors"]["bn"]) == {"none", "shadow", "-"}


def test_own_parts_plug_in(place: Place) -> None:
    flags = ["--sampler", "tests.plugins:only_first_node", "--space", "tests.plugins:FirstTwo"]
    flags += [
        "--scorer",
        "tests.supernet.test_score:margin",
        "--baseline",
        "tests.plugins:num_edges",
    ]
    flags += ["--batch-norm", "tests.plugins:halving", "--data-set", "tests.plugins:inverted"]
    flags += ["--net", "tests.plugins:OneCell"]
    assert place.run(*flags, "--protocol", "sound") == 0
    frame = pd.read_csv(place.out / "kendall_tau.csv")
    assert {"tests.supernet.test_score:margin", "tests.plugins:num_edges"} <= set(frame["scorer"])
    assert "tests.plugins:only_first_node-tests.plugins:halving" in set(frame["bn"])
    assert set(frame["num_cells"]) == {9}
    assert set(frame["num_architectures"]) == {9}


def test_missing_cells_are_counted_and_left_out_only_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = Branches(2)
    hashes = {space.cell(a).hash for a in space.architectures()}
    place = Place(tmp_path / "results", write_truth(tmp_path / "truth.h5", num_cells=6))
    with Table(place.table) as table:
        num_missing = len(table.missing(hashes))
    assert place.run("--protocol", "sound") == 2
    assert f"lacks {num_missing} of the 9 cells" in capsys.readouterr().err
    assert not place.out.exists()
    assert place.run("--protocol", "sound", "--allow-missing") == 0
    frame = pd.read_csv(place.out / "kendall_tau.csv")
    assert set(frame["num_cells"]) == {9 - num_missing}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--preset", "digtis"], "unknown preset"),
        (["--preset", "digtis"], "did you mean 'digits'"),
        (["--set", "epoch=3"], "did you mean 'epochs'"),
        (["--set", "name=sond"], "did you mean 'sound'"),
        (["--set", "epochs"], "is not FIELD=VALUE"),
        (["--m", "5"], "m=5 is outside 1..4"),
        (["--m", "0"], "--m '0' must be a whole number of at least 1"),
        (["--m", "four"], "--m 'four' must be a whole number of at least 1"),
        (["--seeds", "0"], "--seeds '0' must be a whole number of at least 1"),
        (["--protocol", ","], "--protocol ',' has no name: give one, or a list"),
        (["--batch-norm", ","], "--batch-norm ',' has no name"),
        (["--protocol", "sond"], "did you mean 'sound'"),
        (["--protocol", "authors"], "authors"),
        (["--batch-norm", "shadwo"], "did you mean 'shadow'"),
        (["--backend", "desk"], "did you mean 'dask'"),
        (["--backend", "dask"], "--scheduler"),
        (["--scheduler", "tcp://x:1"], "needs --backend dask"),
        (["--device", "cuda:99"], "device 'cuda:99' can't be used"),
        (["--data", "nowhere"], "takes no --data"),
        (["--data-set", "folder"], "--data PATH"),
        (["--table", "nowhere.h5"], "nowhere.h5"),
        (["--jobs", "0"], "at least 1"),
        (["--time-limit", "25"], "--time-limit '25' is no time such as 90s, 25m"),
        (["--colour", "red"], "unrecognized arguments"),
    ],
)
def test_mistakes_are_one_line_and_code_2(
    place: Place, flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place.run(*flags) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("error: ")
    assert error.count("\n") == 1


def test_another_truth_is_refused_before_anything_is_trained(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main([*TINY, "--table", str(place.table), "--out", str(place.out)]) == 2
    error = capsys.readouterr().err
    assert "data_set=digits (the table's: cifar10), stem_channels=4 (the table's: 128)" in error
    assert "--other-truth" in error
    assert error.count("\n") == 1
    assert not place.out.exists()


def test_another_truth_is_said_wherever_its_figures_stand(
    done: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert done.run() == 0
    said = "The truth is of other images or another network than the runs: data_set=digits"
    assert said in capsys.readouterr().out
    assert (done.out / "kendall_tau.md").read_text().startswith(said)
    page = (done.out / "report.html").read_text()
    assert said in page[: page.index("<nav>")]


def test_own_baselines_stay(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = place.table.parent
    monkeypatch.syspath_prepend(str(folder))
    (folder / "own_kept.py").write_text("def edges(cell, skeleton):\n    return cell.num_edges\n")
    flags = ["--protocol", "sound", "--batch-norm", "single"]
    assert place.run(*flags, "--baseline", "own_kept:edges") == 0
    before = (place.out / "kendall_tau.csv").read_bytes()
    assert b"own_kept:edges" in before
    assert place.run(*flags) == 0
    assert (place.out / "kendall_tau.csv").read_bytes() == before
    (folder / "own_kept.py").unlink()
    monkeypatch.delitem(sys.modules, "own_kept")
    capsys.readouterr()
    assert place.run(*flags) == 2
    error = capsys.readouterr().err
    assert "has rows of own_kept:edges, to be ranked again" in error
    assert "PYTHONPATH" in error
    assert "Put it back, or copy the runs into another folder" in error
    assert error.count("\n") == 1
    assert (place.out / "kendall_tau.csv").read_bytes() == before


def test_seeds_of_two_folders_of_images_are_not_averaged(
    place: Place, images: Callable[[str, int], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = images("one", 1), images("other", 2)
    flags = ["--protocol", "sound", "--batch-norm", "single", "--data-set", "folder"]
    flags += ["--set", "in_channels=3"]
    assert place.run(*flags, "--data", str(one)) == 0
    figures = (place.out / "kendall_tau.csv").read_bytes()
    capsys.readouterr()
    assert place.run(*flags, "--data", str(other), "--seeds", "1,") == 2
    assert "ranked together differ in images: " in capsys.readouterr().err
    assert [run.seed for run in find_runs(place.out)] == [0]
    assert place.run(*flags, "--data", str(other)) == 2
    assert "single-seed0 was trained from has changed: images " in capsys.readouterr().err
    assert place.run(*flags) == 0  # nothing to train, so nothing to open
    assert place.run(*flags, "--data", str(one)) == 0
    assert (place.out / "kendall_tau.csv").read_bytes() == figures


def test_a_mistaken_value_does_not_block_the_right_one(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--protocol", "sound", "--batch-norm", "single"]
    assert place.run(*flags, "--set", "num_score_images=9999") == 2
    assert "--set num_score_images=297" in capsys.readouterr().err
    assert place.run(*flags, "--set", "num_score_images=29") == 0


def test_a_folder_begun_on_a_gpu_is_gone_on_with_and_said(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--protocol", "sound", "--batch-norm", "single"]
    assert place.run(*flags) == 0
    (run,) = find_runs(place.out)
    about = run.folder / "run.json"
    write_kept(about.read_text().replace('"device": "cpu"', '"device": "cuda"'), about)
    capsys.readouterr()
    assert place.run(*flags) == 0
    assert "begun on another kind" not in capsys.readouterr().err
    (run.folder / "scores.csv").unlink()
    assert place.run(*flags) == 0
    line = f"begun on another kind of device and gone on with on cpu: {run.folder} (cuda); figures"
    assert capsys.readouterr().err.count(line) == 1


def test_changed_recipe_needs_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["--set", "epochs=2"]) == 2
    assert "name a folder with --out" in capsys.readouterr().err


def test_folder_of_another_recipe_is_refused(
    done: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert done.run("--set", "lr=0.7") == 2
    assert "holds another recipe: lr=0.05 (asked: 0.7)" in capsys.readouterr().err


def test_truncated_table_is_refused(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.table.write_bytes(place.table.read_bytes()[:3000])
    assert place.run() == 2
    error = capsys.readouterr().err
    assert "truth.h5" in error
    assert error.count("\n") == 1


def test_full_disk_is_one_line(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(path: Path, _: bytes) -> int:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    assert place.run("--batch-norm", "shadow") == 2
    assert "error: No space left on device" in capsys.readouterr().err
    monkeypatch.undo()
    assert place.run("--batch-norm", "shadow") == 0


@pytest.mark.slow
def test_interrupt_ends_with_130_and_keeps_what_is_done(place: Place) -> None:
    flags = [*TINY, "--table", str(place.table), "--out", str(place.out), "--other-truth"]
    flags += ["--seeds", "200", "--jobs", "2", "--set", "epochs=1", "--batch-norm", "shadow"]
    command = [sys.executable, "bench/run.py", *flags]
    process = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    until = time.monotonic() + 120
    while not (place.out.is_dir() and find_runs(place.out)) and time.monotonic() < until:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process of the group
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in error
    assert error.rstrip().endswith("interrupted")
    finished = find_runs(place.out)
    assert 0 < len(finished) < 200
    assert all(len(run.scores()) == 2 * 66 for run in finished)
