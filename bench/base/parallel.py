"""Many tasks at once, through joblib: local processes, or an existing Dask cluster."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from bench.base.names import load
from bench.base.stopping import (
    POLL_S,
    SIGNALS,
    Stop,
    Stopped,
    current,
    hearing_signals,
    heeding,
    stop_now,
    telling,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


class Task(NamedTuple):
    """A call to be made by some process."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]


def task(function: Callable[..., Any], *arguments: Any) -> Task:
    """Delay a call for `in_parallel`; in a worker it leaves Ctrl-C to the parent."""
    return Task(function, arguments)


def in_parallel(
    tasks: Iterator[Task],
    jobs: int,
    backend: str = "loky",
    scheduler: str | None = None,
    *,
    shared: Path,
) -> Iterator[Any]:
    """Yield the results of tasks (see `task`) as they come.

    Args:
        tasks: the calls to make.
        jobs: how many at once.
        backend: of BACKENDS.
        scheduler: address of a cluster.
        shared: a folder that all processes see, through which they are told to stop.

    Raises:
        ValueError: an unknown backend, or one whose package is not installed.
        Stopped: it was asked for: what ran has saved and stopped, the rest was not begun.
    """
    stop = current()
    if backend == "loky" and jobs > 1:
        _start_tracker()
    with load(backend, BACKENDS, "backend")(scheduler), telling(stop, shared) as told:
        parallel = joblib.Parallel(
            n_jobs=jobs, return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs"
        )
        has_stopped = False
        try:
            for result in parallel(_calls(tasks, stop, told, is_local=backend == "loky")):
                has_stopped |= result is None
                if result is not None:
                    yield result.value
        except KeyboardInterrupt:
            if backend == "loky":
                _kill_workers()
            raise
        except TerminatedWorkerError:
            stop.check()  # a worker that had not begun heeds no signal and dies of it
            raise
        if has_stopped or next(tasks, None) is not None:
            stop_now()


def default_jobs(num_gpus: int, num_threads: int) -> int:
    """Return how many runs fill this machine: one a GPU, else one per `num_threads` cores."""
    return num_gpus or max(joblib.cpu_count() // num_threads, 1)


class _Result(NamedTuple):
    """What a call has returned; in place of one that has stopped there is None."""

    value: Any


def _calls(tasks: Iterator[Task], stop: Stop, told: Stop, *, is_local: bool) -> Iterator[Any]:
    """Yield calls for joblib until there are none, or until it is to stop."""
    while not stop.is_asked and (one := next(tasks, None)) is not None:
        yield joblib.delayed(_call)(os.getpid(), is_local, told, *one)


def _call(
    parent: int,
    is_local: bool,
    stop: Stop,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
) -> _Result | None:
    with ExitStack() as stack:
        if os.getpid() != parent:
            _leave_to_parent(signal.SIGINT)
            if is_local:
                _end_with(parent)
        if os.getppid() == parent:  # a process of ours, not a cluster's
            _leave_to_parent(*SIGNALS)
            stack.enter_context(hearing_signals(stop))
        stack.enter_context(heeding(stop))
        try:
            stop.check()  # joblib has taken some calls before they can be made
            return _Result(function(*arguments))
        except Stopped:
            return None


def _leave_to_parent(*signals: signal.Signals) -> None:
    """Leave signals that a worker hears to its parent, which ends the worker."""
    for number in signals:
        with suppress(ValueError):  # a thread of a cluster's worker has no signals of its own
            signal.signal(number, signal.SIG_IGN)


@cache
def _end_with(parent: int) -> None:
    """Let this worker end soon after its parent, which may be killed and then ends no worker.

    Linux' PR_SET_PDEATHSIG won't do: it is sent when the thread ends that started the worker.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(POLL_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _start_tracker() -> None:
    """Start the process with which joblib keeps track of its files so that no signal ends it.

    It inherits what is blocked here, and unblocks SIGINT and SIGTERM alone, which it ignores.
    """
    from joblib.externals.loky.backend import resource_tracker

    if not hasattr(signal, "pthread_sigmask"):  # Windows, which has no SIGUSR1 either
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        resource_tracker.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _kill_workers() -> None:
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True, kill_workers=True)


@contextmanager
def _loky(scheduler: str | None) -> Iterator[None]:
    """Processes of this machine."""
    if scheduler is not None:
        raise ValueError(f"--scheduler {scheduler} needs --backend dask")
    with joblib.parallel_config("loky"):
        yield


@contextmanager
def _dask(scheduler: str | None) -> Iterator[None]:
    """An existing Dask cluster."""
    try:
        from distributed import Client
    except ImportError:
        raise ValueError("--backend dask needs: pip install 'mixpath-bench[dask]'") from None
    if scheduler is None:
        raise ValueError("--backend dask needs --scheduler ADDRESS, such as tcp://10.0.0.1:8786")
    client = Client(scheduler)  # type: ignore[no-untyped-call]  # distributed has no types
    with client, joblib.parallel_config("dask"):
        yield


BACKENDS: dict[str, Callable[[str | None], AbstractContextManager[None]]] = {
    "loky": _loky,
    "dask": _dask,
}
