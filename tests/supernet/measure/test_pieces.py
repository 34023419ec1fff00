"""A measurement that is stopped goes on from its pieces, and ends with the same bytes."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bench import measure as command
from bench.base.command import STOPPED
from bench.base.stopping import Stopped
from bench.runs import schemas
from bench.runs.find import find_runs
from supernet.measure import pieces as module
from supernet.measure.measurements import MEASUREMENTS, measure_run
from supernet.measure.pieces import Pieces
from tests.measured_run import train_run
from tests.synthetic import write_truth

if TYPE_CHECKING:
    from pathlib import Path

    from bench.runs.run import Run

MOST_STOPS = 200


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("results")
    train_run(results, 2)
    return results


def stop_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Ask to stop before the piece of this number, of those made from now on."""
    num_made = 0

    def check() -> None:
        nonlocal num_made
        num_made += 1
        if num_made == number:
            raise Stopped("the time limit")

    monkeypatch.setattr(module, "check", check)


def files(run: Run) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.folder.glob("*.csv")}


def test_stopped_again_and_again_it_ends_with_the_same_bytes(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (
        find_runs(shutil.copytree(trained, tmp_path / name))[0] for name in ("one", "other")
    )
    measure_run(one, [*MEASUREMENTS], None, "cpu", 1)
    left, num_stops, num_left = other.folder / schemas.MEASURING.name, 0, 0
    while num_stops < MOST_STOPS:
        stop_at(monkeypatch, 3)  # an epoch and a place of it are begun before
        try:
            measure_run(other, [*MEASUREMENTS], None, "cpu", 1)
            break
        except Stopped:
            num_stops += 1
            num_left += left.is_file()
    assert 10 < num_left <= num_stops < MOST_STOPS
    assert not left.exists()
    assert files(other) == files(one)


def test_no_piece_is_measured_twice(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = find_runs(shutil.copytree(trained, tmp_path / "results"))[0]
    stop_at(monkeypatch, 2)
    with pytest.raises(Stopped):
        measure_run(run, ["curve"], None, "cpu", 1)
    kept = json.loads((run.folder / schemas.MEASURING.name).read_text())["pieces"]["curve"]
    assert list(kept) == ["epoch 0"]
    made: list[str] = []
    monkeypatch.setattr(module, "check", lambda: made.append("piece"))
    measure_run(run, ["curve"], None, "cpu", 1)
    assert len(made) == 2  # epochs 1 and 2


def test_the_command_stops_with_its_pieces_saved_and_goes_on(
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    results = shutil.copytree(trained, tmp_path / "results")
    truth = ["--table", str(write_truth(tmp_path / "truth.h5")), "--other-truth"]
    asked = [str(results), *truth, "--jobs", "1", "--only", "similarity"]
    stop_at(monkeypatch, 4)
    assert command.main(asked) == STOPPED
    assert "the same command goes on from there" in capsys.readouterr().err
    assert find_runs(results)[0].folder.joinpath(schemas.MEASURING.name).is_file()
    monkeypatch.undo()
    assert command.main(asked) == 0
    assert find_runs(results)[0].folder.joinpath("similarity.csv").is_file()


def test_pieces_are_read_back_to_the_last_bit(tmp_path: Path) -> None:
    rows = [{"a": 0.1 + 0.2, "b": float("nan"), "c": np.int64(3), "d": np.array([[1e-300, 2.0]])}]
    pieces = Pieces(tmp_path)
    with pieces.of("curve"):
        pieces("one", lambda: rows)
    pieces.save()
    again = Pieces(tmp_path, ["curve"])
    with again.of("curve"):
        (found,) = again("one", lambda: pytest.fail("it is known"))
    assert np.isnan(found.pop("b"))
    assert found == {"a": 0.1 + 0.2, "c": 3, "d": [[1e-300, 2.0]]}
    again.forget("curve")
    assert not (tmp_path / schemas.MEASURING.name).exists()


def test_a_damaged_file_of_pieces_is_named(tmp_path: Path) -> None:
    (tmp_path / schemas.MEASURING.name).write_text('{"pieces": [')
    with pytest.raises(schemas.DamagedFileError, match=r"measuring\.json.*delete it"):
        Pieces(tmp_path, ["curve"])
