"""CUDA graphs: what a function launches, recorded once and run again in one launch."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from typing import Protocol as Interface

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

CAPACITY = 512
"""Paths that are remembered; m = 4 has 255. Beyond, the one not seen for longest is forgotten."""


def can_remember(path: Any) -> bool:
    """Whether a path can be told from others by a dictionary: an own space's may be lists."""
    try:
        hash(path)
    except TypeError:
        return False
    return True


def reason_of(error: RuntimeError) -> str:
    """Return why something can't be recorded, in a line.

    Where what is recorded fails, ending the recording fails too, and that is what is raised.
    """
    return str(error.__context__ or error).partition("\n")[0]


class Recorder(Interface):
    """Records what a function launches, without running it."""

    def __call__(self, function: Callable[[], None]) -> Callable[[], object]:
        """Return what runs it again; a RuntimeError: it can't be recorded."""
        ...

    def running(self) -> AbstractContextManager[None]:
        """Return the context that all that is recorded, and all beside it, runs in."""
        ...

    def seconds(self, function: Callable[[], object]) -> float:
        """Run a function, wait for the device, and return how long it took."""
        ...


class CudaRecorder:
    """Records CUDA graphs that share one pool of memory.

    Capturing needs a stream other than the default one, and autograd runs each backward pass where
    its forward pass ran: so that nothing ever crosses streams, all steps run on this stream.
    """

    def __init__(self, device: torch.device) -> None:
        self.stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch's
        with torch.cuda.stream(self.stream):
            self.pool = torch.cuda.graph_pool_handle()

    def __call__(self, function: Callable[[], None]) -> Callable[[], object]:
        """Return the replay of what a function launches."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(
            graph, pool=self.pool, stream=self.stream, capture_error_mode="thread_local"
        ):
            function()
        return graph.replay

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run on this stream, after what came before and before what comes after."""
        before = torch.cuda.current_stream(self.stream.device)
        self.stream.wait_stream(before)
        try:
            with torch.cuda.stream(self.stream):
                yield
        finally:
            before.wait_stream(self.stream)

    def seconds(self, function: Callable[[], object]) -> float:
        """Time a function and the kernels that it launched."""
        self.stream.synchronize()
        started = time.perf_counter()
        function()
        self.stream.synchronize()
        return time.perf_counter() - started
