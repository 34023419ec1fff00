"""The speed script: runs whole at a tiny size, and its baseline is the supernet's equal."""

from pathlib import Path

import pytest

from bench import speed as command_line
from bench.base.files import read_csv
from bench.base.timing import in_turns
from bench.network.skeleton import Skeleton
from bench.table import speed as speed_table
from supernet.speed import cells as speed
from tests.synthetic import write_truth

TINY = Skeleton(stem_channels=4, num_stacks=1, cells_per_stack=1)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SKELETON": TINY, "BATCH": 4, "REPEATS": 1, "NUM_SCORED": 3}.items():
        monkeypatch.setattr(speed, name, value)
    monkeypatch.setattr(speed_table, "REPEATS", 1)


@pytest.mark.usefixtures("tiny")
def test_it_runs_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = write_truth(tmp_path / "truth.h5")
    assert command_line.main(["--table", str(table), "--out", str(tmp_path / "speed")]) == 0
    rows = read_csv(tmp_path / "speed" / "speed.csv")
    assert list(rows["name"]) == [
        *("training_step", "scoring_pass", "table_open_first_answer", "table_open_memory"),
        *("table_by_hash", "table_by_unseen_graph"),
    ]
    assert (rows["value"][rows["name"] != "table_open_memory"] > 0).all()
    assert "scoring_pass" in capsys.readouterr().out


def test_functions_are_run_in_turns_after_a_warm_up() -> None:
    calls: list[tuple[str, int]] = []
    times = in_turns(
        [1, 2], lambda i: calls.append(("ours", i)), lambda i: calls.append(("theirs", i))
    )
    warm, first, second = calls[:2], calls[2:4], calls[4:]
    assert warm == first == [("ours", 1), ("theirs", 1)]
    assert second == [("ours", 2), ("theirs", 2)]
    assert len(times) == 2
    assert min(times) >= 0
