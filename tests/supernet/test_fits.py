"""What does not fit into the machine is refused before anything is made, and says what would."""

from __future__ import annotations

import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from bench import measure, mixpath, proxies, truth
from bench import run as ranking
from supernet import devices, fits
from supernet.distributed import ALONE, Ranks
from supernet.fits import check_run, jobs_that_fit, memory_of, most_needs
from supernet.needs import needs
from tests.damage import cells, networks, scores, truths
from tests.supernet.test_needs import TINY, parts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def run(tmp_path: Path) -> Any:
    return SimpleNamespace(folder=tmp_path / "later" / "shadow-seed0", seed=0)


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Give the machine so many bytes of memory."""
    return lambda nbytes: monkeypatch.setattr(fits, "memory_of", lambda _: nbytes)


def test_too_much_memory_is_refused(tmp_path: Path, there: Callable[[float], None]) -> None:
    there(5e8)
    message = r"needs about 0\.9 GB of memory, there are 0\.5 GB: set a smaller \w+, or"
    with pytest.raises(ValueError, match=message):
        check_run(run(tmp_path), parts(), "cpu", ALONE)
    for own in ("net", "batch_norm", "sampler", "space"):
        names = {**dict.fromkeys(("net", "batch_norm", "sampler", "space"), ""), own: "own:part"}
        unknown: Any = SimpleNamespace(recipe=SimpleNamespace(**names))
        check_run(run(tmp_path), unknown, "cpu", ALONE)


def test_processes_of_one_run_are_counted(
    tmp_path: Path, there: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    there(needs(parts()).memory_at_once(3))
    check_run(run(tmp_path), parts(), "cpu", Ranks(0, 3))
    message = r"4 at once need about 3\.1 GB .* torchrun --nproc-per-node 3 would do"
    with pytest.raises(ValueError, match=message):
        check_run(run(tmp_path), parts(), "cpu", Ranks(0, 4))
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    check_run(run(tmp_path), parts(), "cpu", Ranks(0, 4))
    assert ALONE.num_here == 1


def test_jobs_at_once_are_those_asked_for_or_those_that_fit(
    there: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_once(asked: int | None, num: int = 4, device: str = "cpu") -> int:
        return jobs_that_fit("a run", asked, device, 1, num, needed)

    runs: Any = [SimpleNamespace(recipe=parts(m=m).recipe) for m in ("1", "2")]
    needed = most_needs(runs, 1000)
    assert needed == needs(parts(m="2"), 1000)
    monkeypatch.setattr(devices, "default_jobs", lambda *_: 3)
    there(needed.memory_at_once(2))
    assert [at_once(2), at_once(3, num=2), at_once(None)] == [2, 2, 2]
    with pytest.raises(ValueError, match=r"3 at once need about .* each, .*: --jobs 2 would do"):
        at_once(3)
    there(needed.memory_at_once(9))
    assert at_once(None) == 3
    there(needed.memory - 1)
    with pytest.raises(ValueError, match=r"a run needs about 0\.9 GB of memory, there are 0\.9 GB"):
        at_once(None)
    assert at_once(3, num=0) == 1
    assert jobs_that_fit("a run", 3, "cpu", 1, 4, None) == 3
    there(needed.memory)
    assert at_once(None) == 1
    there(needed.memory_on("cuda"))
    assert at_once(3, device="cuda") == 3


def test_what_is_measured_takes_larger_batches() -> None:
    runs: Any = [SimpleNamespace(recipe=parts(score_batch="10", calibration_batch="10").recipe)]
    scored, measured = most_needs(runs), most_needs(runs, is_measured=True)
    assert scored is not None
    assert measured is not None
    assert measured.scoring > 5 * scored.scoring


def test_a_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=100))
    with pytest.raises(ValueError, match=r"on the disk, 0\.0 GB are free: make room, or set fewer"):
        check_run(run(tmp_path), parts(), "cpu", ALONE)


def test_what_fits_passes(tmp_path: Path) -> None:
    check_run(run(tmp_path), parts(), "cpu", ALONE)


def rank(folder: Path) -> Sequence[object]:
    changes = [f"{name}={value}" for name, value in TINY.items() if name != "m"]
    return (
        "--m",
        1,
        "--out",
        folder,
        "--jobs",
        2,
        "--protocol",
        "sound",
        "--other-truth",
        "--set",
        *changes,
    )


def test_a_cluster_s_memory_is_not_ours(tmp_path: Path, there: Callable[[float], None]) -> None:
    there(1e9)
    cluster = ["--backend", "dask", "--scheduler", "tcp://nowhere:1", "--dry-run"]
    first, *rest = map(str, rank(tmp_path))
    assert ranking.main([first, rest[0], *cluster, *rest[1:]]) == 0


@pytest.mark.parametrize(
    ("main", "arguments", "nbytes", "message"),
    [
        (ranking.main, rank, 1e9, "2 at once need about 2.0 GB"),
        (mixpath.main, networks.train, 5e8, "seed0 needs about"),
        (mixpath.main, networks.retrain, 5e8, "seed0 needs about"),
        (truth.main, truths.train, 5e8, "a training of the truth needs about 0.9 GB"),
        (truth.main, lambda to: (*truths.train(to), "--jobs", "2"), 1e9, "--jobs 1 would do"),
        (proxies.main, lambda to: (*scores.proxies(to), "--jobs", "2"), 1e9, "--jobs 1 would do"),
    ],
)
def test_every_command_asks_before_it_starts(
    main: Callable[[Sequence[str]], int],
    arguments: Callable[[Path], Sequence[object]],
    nbytes: float,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    there: Callable[[float], None],
) -> None:
    there(nbytes)
    first, second, *rest = map(str, arguments(tmp_path))
    for dry in [[], ["--dry-run"]][: 1 if main is mixpath.main else 2]:
        assert main([first, second, *dry, *rest]) == 2
        assert message in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.rglob("*.pt"))
    assert not list(tmp_path.rglob("*.csv*"))


def test_measuring_asks_before_it_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], there: Callable[[float], None]
) -> None:
    cells.make_unmeasured(tmp_path)
    there(1e9)
    arguments = [*map(str, cells.measured(tmp_path)), "--jobs", "2"]
    for dry in ([], ["--dry-run"]):
        assert measure.main([*arguments, *dry]) == 2
        assert "2 at once need about" in capsys.readouterr().err.splitlines()[-1]
    assert measure.main([*map(str, cells.measured(tmp_path)), "--dry-run"]) == 0
    assert "2 runs, 1 at once; nothing was written" in capsys.readouterr().out


def test_memory_is_the_machine_s_or_the_group_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    monkeypatch.setattr(fits, "_CGROUPS", (str(tmp_path / "memory.max"), "/nowhere"))
    whole = memory_of("cpu")
    assert whole > 100_000_000
    (tmp_path / "memory.max").write_text("12345\n")
    assert memory_of("cpu") == 12345


def test_memory_of_gpus_is_what_is_free_on_the_emptiest(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch before 2.6 knows the memory of numbered GPUs alone."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(
        torch.cuda, "mem_get_info", lambda gpu: ({"cuda:0": 5, "cuda:1": 7}[gpu], 99)
    )
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 30)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 10)
    assert memory_of("cuda:0") == 5 + 30 - 10
    assert memory_of("cuda") == 7 + 30 - 10


def test_what_is_captured_counts_on_a_gpu(tmp_path: Path, there: Callable[[float], None]) -> None:
    needed = needs(parts())
    there(needed.memory)
    check_run(run(tmp_path), parts(), "cpu", ALONE)
    check_run(run(tmp_path), parts(cuda_graphs="false"), "cuda:0", ALONE)
    with pytest.raises(ValueError, match=r"of memory, there are 0\.9 GB free on cuda:0: set a"):
        check_run(run(tmp_path), parts(), "cuda:0", ALONE)
    there(needed.memory_on("cuda:0"))
    check_run(run(tmp_path), parts(), "cuda:0", ALONE)
