"""Many runs at once: the same bytes from one job, two jobs and a Dask cluster."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.base.parallel import BACKENDS, default_jobs, in_parallel, task
from bench.runs.find import find_runs
from bench.runs.run import open_run
from bench.verbs.complete import run_all
from tests.paths import ROOT
from tests.supernet.test_runs import RECIPE, SAME_BYTES


def run_two(results: Path, jobs: int, backend: str = "loky", scheduler: str | None = None) -> None:
    runs = [open_run(results, RECIPE, seed, "cpu", 1) for seed in (0, 1)]
    run_all(
        runs,
        data=None,
        device="cpu",
        num_threads=1,
        jobs=jobs,
        backend=backend,
        scheduler=scheduler,
    )


def contents(results: Path) -> dict[tuple[str, str], bytes]:
    return {
        (run.folder.name, name): (run.folder / name).read_bytes()
        for run in find_runs(results)
        for name in SAME_BYTES
    }


@pytest.fixture(scope="module")
def one_by_one(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], bytes]:
    folder = tmp_path_factory.mktemp("one")
    run_two(folder, jobs=1)
    return contents(folder)


def test_two_jobs_give_the_same_bytes(
    one_by_one: dict[tuple[str, str], bytes], tmp_path: Path
) -> None:
    run_two(tmp_path, jobs=2)
    assert contents(tmp_path) == one_by_one
    assert len(one_by_one) == 2 * len(SAME_BYTES)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the cluster's own, at its end
def test_dask_cluster_gives_the_same_bytes(
    one_by_one: dict[tuple[str, str], bytes], tmp_path: Path
) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        run_two(tmp_path, jobs=2, backend="dask", scheduler=cluster.scheduler_address)
    assert contents(tmp_path) == one_by_one


def test_default_fills_the_cores_or_gives_each_gpu_a_run() -> None:
    assert default_jobs(1, 1) == 1
    assert default_jobs(8, 4) == 8
    assert default_jobs(0, 10_000) == 1
    assert default_jobs(0, 1) >= 1


def test_error_in_a_worker_arrives_as_it_is(tmp_path: Path) -> None:
    run = open_run(tmp_path, RECIPE, 0, "cpu", 1)
    (run.folder / "checkpoint.pt").write_bytes(b"nothing")
    runs = [run, open_run(tmp_path, RECIPE, 1, "cpu", 1)]
    with pytest.raises(ValueError, match=r"checkpoint\.pt is damaged"):
        run_all(runs, data=None, device="cpu", num_threads=1, jobs=2)


def test_backend_without_its_package_or_address_says_what_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match=r"pip install 'mixpath-bench\[dask\]'"):
        list(in_parallel(iter([]), 1, "dask", shared=tmp_path))


@pytest.mark.parametrize(("jobs", "is_heard"), [(1, True), (2, False)])
def test_ctrl_c_is_heard_here_and_left_alone_in_workers(
    jobs: int, is_heard: bool, tmp_path: Path
) -> None:
    tasks = iter([task(_hears_interrupts) for _ in range(2)])
    assert list(in_parallel(tasks, jobs, shared=tmp_path)) == [is_heard, is_heard]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def _hears_interrupts() -> bool:
    return signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


def test_workers_of_a_command_that_was_killed_end(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from bench.base.parallel import in_parallel, task\n"
        "def rest(begun):\n"
        "    begun.touch()\n"
        "    time.sleep(90)\n"
        "shared = Path(sys.argv[1])\n"
        "list(in_parallel(iter([task(rest, shared / name) for name in 'ab']), 2, shared=shared))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    until = time.monotonic() + 60
    while not (tmp_path / "a").exists() or not (tmp_path / "b").exists():
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    process.kill()
    process.communicate(timeout=45)  # ends when nobody holds the pipe that workers inherit


def test_loky_takes_no_scheduler() -> None:
    with pytest.raises(ValueError, match="needs --backend dask"), BACKENDS["loky"]("x"):
        pass
