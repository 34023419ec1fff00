"""The measuring command line: complete, resumable, the same bytes, and its mistakes in one line."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from bench.base.command import STOPPED
from bench.base.files import read_csv
from bench.measure import main
from bench.runs.digests import write_kept
from bench.runs.find import find_runs
from supernet.measure.measurements import MEASUREMENTS, missing
from tests.rewritten import rewrite_recipe
from tests.synthetic import write_truth

if TYPE_CHECKING:
    from pathlib import Path


MEASURED = [name for name in MEASUREMENTS if name != "accuracies"]
"""What is measured of cells, all of which are scored, so that no sample is."""


@pytest.fixture
def measured(measured_results: Path) -> Path:
    return measured_results


def test_every_run_has_every_measurement(measured: Path) -> None:
    names = [run.folder.name for run in find_runs(measured)]
    assert names == [
        *("shadow-seed0", "single-seed0"),
        *("combination-seed0", "one-shot-single-seed0", "shadow-seed0", "single-seed0"),
    ]
    for run in find_runs(measured):
        assert missing(run, list(MEASUREMENTS)) == []
        for name in MEASURED:
            assert len(read_csv(run.folder / f"{name}.csv")), name
    assert {"variations.csv", "calibration_tau.csv"} <= {p.name for p in measured.iterdir()}


def test_what_is_measured_is_not_measured_again_and_what_is_gone_comes_back_the_same(
    measured: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(measured, tmp_path / "digits")
    folder = copy / "branches-m2" / "shadow-seed0"
    kept = {name: (folder / f"{name}.csv").stat().st_mtime_ns for name in MEASURED}
    for name in ("jacobian", "calibration_sweep", "bn_statistics"):
        (folder / f"{name}.csv").unlink()
        kept.pop(name)
    asked = ["--table", str(copy / "truth.h5"), "--other-truth", "--jobs", "1"]
    assert main([str(copy), *asked]) == 0
    for name in MEASURED:
        path = folder / f"{name}.csv"
        before = measured / path.relative_to(copy)
        assert path.read_bytes() == before.read_bytes(), name
        assert kept.get(name, path.stat().st_mtime_ns) == path.stat().st_mtime_ns


def test_measuring_at_its_time_limit_goes_on_until_it_is_done(
    measured: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    ticking: None,  # noqa: ARG001 (changes the clock)
) -> None:
    """A limit that leaves time for a piece of a measurement is enough, again and again."""
    copy = shutil.copytree(measured, tmp_path / "digits")
    names = ("calibration_sweep", "curve", "similarity", "bn_statistics")
    kept = [copy / "branches-m2" / "shadow-seed0" / f"{name}.csv" for name in names]
    for path in kept:
        path.unlink()
    asked = ["--only", ",".join(names), "--table", str(copy / "truth.h5"), "--other-truth"]
    codes: list[int] = []
    while not codes or codes[-1] == STOPPED:
        codes.append(main([str(copy), *asked, "--jobs", "1", "--time-limit", "110s"]))
        assert len(codes) < 40
    assert codes[-1] == 0
    assert len(codes) > 4  # more often than there are measurements
    assert capsys.readouterr().err.count("stopped by the time limit: ") == len(codes) - 1
    for path in kept:
        assert path.read_bytes() == (measured / path.relative_to(copy)).read_bytes(), path


def test_a_dry_run_says_what_is_missing_and_writes_nothing(
    measured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(measured, tmp_path / "digits")
    for name in ("jacobian", "curve"):
        (copy / "branches-m1" / "shadow-seed0" / f"{name}.csv").unlink()
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    assert main([str(copy), "--dry-run", "--only", "curve,similarity"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "branches-m1 shadow-seed0: curve"
    assert lines[1] == "branches-m1 single-seed0: complete"
    assert lines[-1] == f"{len(lines) - 1} runs, 1 at once; nothing was written"
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before
    assert main([str(copy), "--dry-run", "--only", "curves"]) == 2
    assert "unknown measurement 'curves'" in capsys.readouterr().err


def test_only_what_is_asked_for_is_measured(measured: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(measured, tmp_path / "digits")
    folder = copy / "branches-m1" / "shadow-seed0"
    for name in ("curve", "bn_statistics"):
        (folder / f"{name}.csv").unlink()
    table = ["--table", str(copy / "truth.h5"), "--other-truth"]
    assert main([str(copy), "--only", "curve", "--jobs", "1", *table]) == 0
    assert (folder / "curve.csv").is_file()
    assert not (folder / "bn_statistics.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "curves"], "unknown measurement 'curves': did you mean 'curve'?"),
        (["--jobs", "0"], "'0' must be a whole number of at least 1"),
        (["--table", "nowhere.h5"], "nowhere.h5"),
    ],
)
def test_mistakes_are_one_line(
    measured: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(measured), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_another_truth_is_refused(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(measured), "--table", str(measured / "truth.h5")]) == 2
    error = capsys.readouterr().err
    assert "data_set=digits (the table's: cifar10)" in error
    assert "--other-truth" in error
    assert error.count("\n") == 1


def test_the_truth_of_the_ranking_is_that_of_the_measurements(
    measured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_truth(tmp_path / "other.h5", noise=0.01)
    assert main([str(measured), "--table", str(other), "--other-truth"]) == 2
    error = capsys.readouterr().err
    assert "was ranked against the table truth.h5" in error
    assert error.count("\n") == 1


def test_runs_of_other_images_are_not_measured_together(
    measured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(measured, tmp_path / "digits")
    file = copy / "branches-m1" / "shadow-seed0" / "run.json"
    about = json.loads(file.read_text())
    write_kept(json.dumps(about | {"images": "0" * 64}), file)
    assert main([str(copy), "--table", str(copy / "truth.h5"), "--other-truth"]) == 2
    assert "differ in images: 00000000 (branches-m1/shadow-seed0)" in capsys.readouterr().err


def test_a_folder_without_runs_says_how_to_make_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 2
    assert "holds no complete run: python bench/run.py" in capsys.readouterr().err


def test_a_data_set_of_no_preset_needs_a_table(
    measured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(measured, tmp_path / "own")
    for path in copy.glob("*/*/run.json"):
        rewrite_recipe(path.parent, data_set="mine:data")
    assert main([str(copy)]) == 2
    assert "name its truth with --table" in capsys.readouterr().err


def test_a_quick_look_at_some_runs_says_so_and_makes_nothing_of_all(
    measured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(measured, tmp_path / "digits")
    curves = sorted(copy.glob("*/*/curve.csv"))
    for path in (*curves, copy / "variations.csv", copy / "calibration_tau.csv"):
        path.unlink()
    truth = ["--table", str(copy / "truth.h5"), "--other-truth", "--jobs", "1"]
    asked = [str(copy), "--only", "curve", "--limit", "1"]
    assert main([*asked, "--dry-run"]) == 0
    assert "1 runs, 1 at once; nothing was written" in capsys.readouterr().out
    assert main([*asked, *truth]) == 0
    told = f"a quick look at 1 of {len(curves)} runs: variations.csv and calibration_tau.csv are"
    assert f"{told} not written; the same command without --limit" in capsys.readouterr().out
    assert [path for path in curves if path.is_file()] == curves[:1]
    assert not (copy / "variations.csv").exists()
    assert main([*asked[:-2], *truth]) == 0
    assert all(path.is_file() for path in (*curves, copy / "variations.csv"))
