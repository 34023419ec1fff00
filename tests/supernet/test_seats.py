"""Devices: each mistake is one clear line; a run a GPU, whoever has started it."""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby, pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from bench.base.parallel import in_parallel, task
from bench.config.cell_presets import digits
from bench.config.recipe import Recipe, StandAlone
from bench.config.training import Training
from bench.runs import schemas
from bench.verbs import search
from bench.verbs.complete import open_runs, plan_runs, train_together
from bench.verbs.measure import measured_at_once
from supernet import seats
from supernet.devices import check_precision, choose_device, gpus, jobs_at_once, name_of
from supernet.distributed import Ranks
from supernet.seats import MAX_SEATS, on_device, order_of_seats, seated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Pretend that there are so many GPUs, of this compute capability."""

    def make(count: int, major: int = 9, *, is_built: bool = True) -> None:
        monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: is_built)
        properties = SimpleNamespace(total_memory=16 * 2**30)
        fakes: dict[str, Any] = {
            "is_available": lambda: count > 0,
            "device_count": lambda: count,
            "get_device_capability": lambda _: (major, 5),
            "get_device_name": lambda _: "Tesla T4",
            "get_device_properties": lambda gpu: SimpleNamespace(
                **vars(properties), uuid=f"test-{gpu[-1]}"
            ),
            "set_device": lambda _: None,
        }
        for name, fake in fakes.items():
            monkeypatch.setattr(torch.cuda, name, fake)
        monkeypatch.setattr(torch, "empty", lambda *_, **__: None)

    return make


@pytest.fixture(autouse=True)
def own_seats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.parametrize(
    ("name", "count", "visible", "message"),
    [
        ("cuda:7", 1, None, r"'cuda:7' can't be used: there is 1 GPU, cuda:0: name one of them"),
        ("cuda:2", 2, None, r"there are 2 GPUs, cuda:0 to cuda:1: name one of them, or --device"),
        ("cuda", 0, "", r"CUDA_VISIBLE_DEVICES='' leaves no GPU to be seen: unset it, or --device"),
        ("cuda", 0, "-1", r"CUDA_VISIBLE_DEVICES='-1' leaves no GPU to be seen"),
        ("cuda", 0, None, r"finds no GPU or no driver for it: see whether nvidia-smi lists it"),
        ("gpu", 1, None, r"device 'gpu' can't be used: Expected one of cpu, cuda"),
    ],
)
def test_a_gpu_that_is_not_there_is_refused(
    pretend: Any,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    count: int,
    visible: str | None,
    message: str,
) -> None:
    pretend(count)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with pytest.raises(ValueError, match=message) as raised:
        choose_device(name)
    assert "\n" not in str(raised.value)


def test_a_pytorch_without_cuda_is_named(pretend: Any) -> None:
    pretend(0, is_built=False)
    with pytest.raises(ValueError, match=r"is built without CUDA: install a build with it"):
        choose_device("cuda")


@pytest.mark.parametrize(
    ("count", "name", "chosen", "choice"),
    [
        (0, "auto", "cpu", []),
        (4, "cpu", "cpu", []),
        (1, "auto", "cuda", ["cuda:0"]),
        (3, "cuda", "cuda", ["cuda:0", "cuda:1", "cuda:2"]),
        (3, "cuda:1", "cuda:1", ["cuda:1"]),
    ],
)
def test_cuda_is_every_visible_gpu(
    pretend: Any, count: int, name: str, chosen: str, choice: list[str]
) -> None:
    pretend(count)
    assert choose_device(name) == chosen
    assert gpus(chosen) == choice


def test_run_json_names_the_gpus(pretend: Any, tmp_path: Path) -> None:
    pretend(2)
    assert [name_of("cuda"), name_of("cpu")] == ["Tesla T4", ""]
    for device in ("cuda", "cpu"):
        results = tmp_path / device
        planned = plan_runs(results, [digits().recipe], [0])
        (run,) = open_runs(results, planned, "", device, 1)
        told = schemas.read_json(run.folder / "run.json", schemas.RUN)
        assert told["device_name"] == name_of(device)


def test_a_process_of_torchrun_sits_on_its_own_gpu(
    pretend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the line on too little memory would name another's."""
    pretend(2)

    @contextmanager
    def join(_: str) -> Iterator[Any]:
        yield Ranks(1, 2), "cuda:1"

    def no_images(_: Any, device: str) -> Any:
        raise torch.cuda.OutOfMemoryError(device)

    nothing: Any = None
    monkeypatch.setattr("supernet.distributed.join", join)
    with pytest.raises(ValueError, match=r"^cuda:1 ran out of memory"):
        train_together(Recipe(), no_images, nothing, nothing, data=None, device="cuda", threads=1)


def test_jobs_fill_the_gpus_and_no_more_than_there_are(pretend: Any) -> None:
    pretend(3)
    assert [jobs_at_once(None, "cuda", 1, num) for num in (0, 2, 9)] == [1, 2, 3]
    assert jobs_at_once(5, "cuda", 1, 9) == 5
    assert jobs_at_once(None, "cuda:1", 1, 9) == 1


def test_bf16_needs_a_gpu_that_has_it(pretend: Any) -> None:
    both = Recipe(training=Training(precision="bf16"), score_precision="bf16")
    trains, scores = replace(both, score_precision="fp32"), replace(both, training=Training())
    pretend(1, major=7)
    told = (
        r"^precision=bf16, but cuda:0 \(Tesla T4, compute capability 7\.5\).* --set precision=fp32$"
    )
    for recipe in (trains, StandAlone(training=trains.training)):
        with pytest.raises(ValueError, match=told):
            check_precision(recipe, "cuda")
    with pytest.raises(ValueError, match=r"^score_precision=bf16, .* --set score_precision=fp32$"):
        check_precision(scores, "cuda")
    with pytest.raises(ValueError, match=r"--set precision=fp32 score_precision=fp32$"):
        check_precision(both, "cuda")
    with pytest.raises(ValueError, match=r"arithmetic: another --device, such as cpu$"):
        check_precision(both, "cuda", is_trained=True)
    check_precision(trains, "cuda", is_trained=True)
    check_precision(both, "cpu")
    check_precision(Recipe(), "cuda")
    pretend(1, major=8)
    check_precision(both, "cuda")


def test_what_scores_trained_weights_needs_it_too(pretend: Any) -> None:
    pretend(1, major=7)
    run: Any = SimpleNamespace(recipe=Recipe(score_precision="bf16"))
    with pytest.raises(ValueError, match="no bfloat16 arithmetic"):
        measured_at_once([run], None, 1, "cuda", 1)
    with pytest.raises(ValueError, match="no bfloat16 arithmetic"):
        search._score(run, None, "cuda:0", 1, is_raw=True)


def test_seats_are_taken_gpu_by_gpu() -> None:
    order = order_of_seats(["a", "b", "c"])
    assert order[:5] == [("a", 0), ("b", 0), ("c", 0), ("a", 1), ("b", 1)]
    assert len(order) == len(set(order)) == 3 * MAX_SEATS


def test_a_run_gets_the_gpu_with_the_fewest(
    pretend: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend(2)
    with on_device("cuda") as first, on_device("cuda") as second:
        assert (first, second) == ("cuda:0", "cuda:1")
        assert not capsys.readouterr().err
        with on_device("cuda") as third, on_device("cuda:0") as fourth:
            assert (third, fourth) == ("cuda:0", "cuda:0")
            error = capsys.readouterr().err
            assert "cuda:0 has 1 of your runs at work" in error
            assert "cuda:0 has 2 of your runs at work" in error
            assert error.count("\n") == 2
    with on_device("cuda") as again:
        assert again == "cuda:0"


def test_more_runs_than_seats_are_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seats, "MAX_SEATS", 1)
    with seated({"cuda:0": "a"}) as first, seated({"cuda:0": "a"}) as second:
        assert (first, second) == (("cuda:0", 0), ("cuda:0", 1))


def test_the_cpu_has_no_seats(tmp_path: Path) -> None:
    with on_device("cpu") as device:
        assert device == "cpu"
    assert not list(tmp_path.iterdir())


def test_too_little_memory_says_what_to_set(pretend: Any) -> None:
    pretend(1)
    with pytest.raises(ValueError, match=r"cuda:0 ran out of memory \(16 GiB in all\).*batch_size"):  # noqa: SIM117 (the device is what raises)
        with on_device("cuda"):
            raise torch.cuda.OutOfMemoryError


def test_workers_never_share_a_gpu_while_one_is_free(tmp_path: Path) -> None:
    """Twelve tasks of uneven length, three at once, on three GPUs that aren't there."""
    tasks = (task(_hold, str(tmp_path), 0.02 * (number % 4)) for number in range(12))
    held = sorted(in_parallel(tasks, 3, shared=tmp_path))
    assert len(held) == 12
    assert {gpu for gpu, *_ in held} <= {"cuda:0", "cuda:1", "cuda:2"}
    for _, rows in groupby(held, key=lambda row: row[0]):
        spans = list(rows)
        assert all(a[2] <= b[1] for a, b in pairwise(spans))
    assert {seat for *_, seat in held} == {0}


def _hold(folder: str, seconds: float) -> tuple[str, float, float, int]:
    tempfile.tempdir = folder  # in this worker: locks of this test alone
    with seated({f"cuda:{index}": f"test-{index}" for index in range(3)}) as (gpu, seat):
        begun = time.monotonic()
        time.sleep(seconds)
        return gpu, begun, time.monotonic(), seat
