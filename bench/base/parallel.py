"""Many tasks at once, through joblib: local processes, or an existing Dask or Ray cluster."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import joblib

from bench.base.names import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


def task(function: Callable[..., Any], *arguments: Any) -> Any:
    """Delay a call for `in_parallel`; in a worker it leaves Ctrl-C to the parent."""
    return joblib.delayed(_call)(os.getpid(), function, *arguments)


def in_parallel(
    tasks: Iterator[Any], jobs: int, backend: str = "loky", scheduler: str | None = None
) -> Iterator[Any]:
    """Yield the results of tasks (see `task`) as they come.

    Raises:
        ValueError: an unknown backend, or one whose package is not installed.
    """
    with load(backend, BACKENDS, "backend")(scheduler):
        try:
            yield from joblib.Parallel(
                n_jobs=jobs, return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs"
            )(tasks)
        except KeyboardInterrupt:
            if backend == "loky":
                _kill_workers()
            raise


def default_jobs(device: str, num_threads: int) -> int:
    """Return how many runs fill this machine: one on a GPU, else one per `num_threads` cores."""
    return 1 if device.startswith("cuda") else max(joblib.cpu_count() // num_threads, 1)


def _call(parent: int, function: Callable[..., Any], *arguments: Any) -> Any:
    if os.getpid() != parent:
        _ignore_interrupts()
    return function(*arguments)


def _ignore_interrupts() -> None:
    """Leave Ctrl-C in a worker to its parent, which ends the worker."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # a thread of a cluster's worker has no signals of its own
        return


def _kill_workers() -> None:
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True, kill_workers=True)


@contextmanager
def _loky(scheduler: str | None) -> Iterator[None]:
    """Processes of this machine."""
    if scheduler is not None:
        raise ValueError(f"--scheduler {scheduler} needs --backend dask or ray")
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


@contextmanager
def _ray(scheduler: str | None) -> Iterator[None]:
    """An existing Ray cluster, or one of this machine."""
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError:
        raise ValueError("--backend ray needs: pip install 'mixpath-bench[ray]'") from None
    ray.init(address=scheduler)
    register_ray()
    with joblib.parallel_config("ray"):
        yield


BACKENDS: dict[str, Callable[[str | None], AbstractContextManager[None]]] = {
    "loky": _loky,
    "dask": _dask,
    "ray": _ray,
}
