"""Stopping: when it is asked for, by whom, and who is told."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from bench.base import stopping
from bench.base.parallel import in_parallel, task
from bench.base.stopping import (
    Stop,
    Stopped,
    check,
    current,
    is_asked,
    read_duration,
    stoppable,
    telling,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("25m", 1500),
        ("1h30m", 5400),
        ("1:30:00", 5400),
        ("0:00:01", 1),
        ("2d", 172800),
        ("1d2h3m4s", 93784),
        ("100:00:00", 360000),
        ("365d", 31_536_000),
    ],
)
def test_durations_are_read(text: str, seconds: int) -> None:
    assert read_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "366d",
        f"{'9' * 400}s",
        f"{'9' * 400}:00:00",
        "9" * 9 + "d",
        "1\u0663m",
        "",
        "90",
        "25 m",
        "m",
        "0s",
        "1:30",
        "0:00:00",
        "1:60:00",
        "-5m",
        "30m1h",
        "1.5h",
        "x",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"is no time such as 90s, 25m, 1h30m .*365 days"
    ) as caught:
        read_duration(text)
    assert len(str(caught.value)) < 150


def test_nothing_stops_what_is_not_stoppable() -> None:
    assert not is_asked()
    check()


def test_the_time_limit_stops() -> None:
    with stoppable(0.05):
        check()
        time.sleep(0.06)
        with pytest.raises(Stopped, match="the time limit"):
            check()
    assert not is_asked()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGUSR1"])
def test_signals_stop_and_are_as_before_afterwards(name: str) -> None:
    number = signal.Signals[name]
    before = signal.getsignal(number)
    with stoppable():
        assert not is_asked()
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)  # torchrun's agent sends what the group has had already
        with pytest.raises(Stopped, match=name):
            check()
    assert signal.getsignal(number) is before


def test_a_thread_hears_no_signals_but_keeps_the_limit() -> None:
    found: list[bool] = []

    def work() -> None:
        with stoppable(0.0):
            found.append(is_asked())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [True]


def test_others_are_told_through_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "POLL_S", 0.0)
    mine = Stop()
    with telling(mine, tmp_path) as told:
        assert not told.is_asked
        mine.ask("SIGTERM")
        with pytest.raises(Stopped, match="another process"):
            told.check()
    assert not list(tmp_path.iterdir())


def test_one_that_was_told_tells_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "POLL_S", 0.0)
    mine = Stop()
    with telling(mine, tmp_path) as told:
        told.ask("SIGUSR1")
        assert mine.is_asked


def test_the_file_is_looked_for_now_and_then(tmp_path: Path) -> None:
    with telling(Stop(), tmp_path) as told:
        assert not told.is_asked
        assert told.file is not None
        told.file.touch()
        assert not told.is_asked
        told.looked_at -= stopping.POLL_S
        assert told.is_asked


def test_a_folder_that_is_gone_does_not_stop_the_signal(tmp_path: Path) -> None:
    stop = Stop(file=tmp_path / "gone" / ".stop")
    stop.ask("SIGTERM")
    assert stop.is_asked


def _work(folder: Path, number: int, seconds: float) -> int:
    """Work in steps until done, or stop between two."""
    (folder / f"begun-{number}").touch()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.01)
        check()
    return number


@pytest.mark.parametrize("jobs", [1, 2])
def test_work_in_parallel_ends_within_its_limit(jobs: int, tmp_path: Path) -> None:
    tasks = [task(_work, tmp_path, n, seconds) for n, seconds in enumerate([0.0, 60.0, 60.0, 60.0])]
    done: list[int] = []
    with stoppable(4.0), pytest.raises(Stopped, match="the time limit"):
        done.extend(in_parallel(iter(tasks), jobs, shared=tmp_path))
    assert done == [0]
    assert {path.name for path in tmp_path.iterdir()} == {f"begun-{n}" for n in range(jobs + 1)}


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_ends_in_time_is_all_there(jobs: int, tmp_path: Path) -> None:
    tasks = [task(_work, tmp_path, number, 0.0) for number in range(5)]
    with stoppable(60.0):
        assert sorted(in_parallel(iter(tasks), jobs, shared=tmp_path)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_signal_to_the_parent_stops_its_workers(jobs: int, tmp_path: Path) -> None:
    tasks = [task(_work, tmp_path, number, 60.0) for number in range(4)]

    def send() -> None:
        while len([*tmp_path.glob("begun-*")]) < jobs:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGUSR1)

    thread = threading.Thread(target=send)
    thread.start()
    with stoppable(), pytest.raises(Stopped, match="SIGUSR1"):
        list(in_parallel(iter(tasks), jobs, shared=tmp_path))
    thread.join()
    assert {path.name for path in tmp_path.iterdir()} == {f"begun-{n}" for n in range(jobs)}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the cluster's own, at its end
def test_a_signal_to_the_command_stops_the_workers_of_a_cluster(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    tasks = [task(_work, tmp_path, number, 600.0) for number in range(4)]

    def send() -> None:
        while len([*tmp_path.glob("begun-*")]) < 2:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=send)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        thread.start()
        address = cluster.scheduler_address
        with stoppable(), pytest.raises(Stopped, match="SIGTERM"):
            list(in_parallel(iter(tasks), 2, "dask", address, shared=tmp_path))
    thread.join()
    assert len(list(tmp_path.iterdir())) < len(tasks)


def test_tasks_see_what_may_stop_them(tmp_path: Path) -> None:
    with stoppable(1000.0):
        (deadline,) = in_parallel(iter([task(_deadline)]), 1, shared=tmp_path)
        assert deadline == current().deadline


def _deadline() -> float:
    return current().deadline
