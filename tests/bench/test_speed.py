"""The speed script: runs whole at a tiny size, and its baseline is the supernet's equal."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench import speed as command_line
from bench.base.files import read_csv
from bench.base.timing import in_turns
from bench.config.training import Calibration
from bench.network.skeleton import Skeleton
from bench.table import speed as speed_table
from supernet.speed import cells as speed
from supernet.speed import gpu
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
    bf16 = ["training_step_bf16", "scoring_pass_bf16"] if "bf16" in speed.precisions() else []
    assert list(rows["name"]) == [
        *("training_step", "scoring_pass", *bf16, "table_open_first_answer", "table_open_memory"),
        *("table_by_hash", "table_by_unseen_graph"),
    ]
    assert (rows["value"][rows["name"] != "table_open_memory"] > 0).all()
    assert "scoring_pass" in capsys.readouterr().out


def test_a_gpus_rows_at_a_tiny_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the CPU, where neither graphs nor a GPU's share can be seen."""
    recipe = replace(
        gpu.RECIPE,
        skeleton=replace(TINY, image_size=8),
        training=replace(gpu.RECIPE.training, batch_size=4, cutout=0),
        num_score_images=10,
        calibration=Calibration(),
    )
    tiny_values = {"RECIPE": recipe, "NUM_PATHS": 2, "REPEATS": 1, "WARM_UP": 1, "NUM_SCORED": 2}
    for name, value in tiny_values.items():
        monkeypatch.setattr(gpu, name, value)
    rows = {row["name"]: row["value"] for row in gpu.measure_gpu("cpu")}
    assert {name for name, value in rows.items() if value > 0} == {
        *("gpu_step", "gpu_step_captured", "gpu_training", "gpu_scoring_fp32", "gpu_scoring_bf16"),
        *("gpu_scoring_fp32_captured", "gpu_scoring_bf16_captured"),
    }


def test_a_gpu_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["--device", "cuda:99"]) == 2
    assert "device 'cuda:99' can't be used" in capsys.readouterr().err


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
