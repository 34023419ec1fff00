"""The speed script: runs whole at a tiny size, and its baseline is the supernet's equal."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bench import speed as command_line
from bench.base.files import read_csv
from bench.base.timing import in_turns, row
from bench.config.training import Calibration
from bench.network.skeleton import Skeleton
from bench.space.branches import Branches
from bench.table import speed as speed_table
from supernet.forecast import few_paths
from supernet.parts import resolve
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


def test_what_was_measured_is_kept_where_something_later_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(device: str) -> Iterator[dict[str, Any]]:
        yield row("gpu_step", 2.5, "ratio", 2.4)
        raise ValueError(f"{device} ran out of memory")

    monkeypatch.setattr("supernet.devices.choose_device", lambda name: name)
    monkeypatch.setattr(gpu, "measure_gpu", fails)
    assert command_line.main(["--device", "cuda", "--out", str(tmp_path)]) == 2
    assert list(read_csv(tmp_path / "speed.csv")["name"]) == ["gpu_step"]


def test_the_steps_that_are_timed_cost_what_training_draws() -> None:
    """Equal steps through the list of all paths would cost 1.6 times as much."""
    space, rng = Branches(gpu.RECIPE.m), np.random.default_rng(1)
    parts = resolve(gpu.RECIPE)
    draw = few_paths(parts, 0, gpu.NUM_PATHS)
    few = [multiply_adds(draw(rng, 0.0)) for _ in range(gpu.NUM_PATHS)]
    many = [multiply_adds(space.path(space.sample(rng))) for _ in range(2000)]
    assert np.mean(few) == pytest.approx(np.mean(many), rel=0.15)


def multiply_adds(path: Any) -> int:
    """Count a path's convolutions, a 3x3 as nine."""
    return sum((9, 1, 0)[operation] for operations in path for operation in operations)


def test_layers_that_do_not_compile_have_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failed:
        is_failed = False

    one = SimpleNamespace(fused=Failed())
    eager: Any = None
    monkeypatch.setattr(gpu, "_trainer", lambda *_, **__: one)
    monkeypatch.setattr(gpu, "_steps_s", lambda *_: [2.0, 1.0])
    assert [found["value"] for found in gpu._fused("cuda", eager)] == [2.0]
    one.fused.is_failed = True
    assert not list(gpu._fused("cuda", eager))


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
