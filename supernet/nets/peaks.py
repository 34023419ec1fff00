"""Bytes alive at the peak of a step or a pass, counted on the meta device: nothing is computed."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

if TYPE_CHECKING:
    from collections.abc import Callable


def peak(run: Callable[[], object]) -> int:
    """Return the bytes of the tensors that a function makes, at their most."""
    with _Alive() as alive:
        run()
    return int(alive.peak)


def training_step(net: Any, paths: list[Any], x: torch.Tensor) -> None:
    """Take steps on the meta device; gradients count with the weights."""
    for path in paths:
        labels = torch.zeros(len(x), dtype=torch.long, device="meta")
        loss: Any = functional.cross_entropy(net(x, path), labels)
        loss.backward()
        net.zero_grad()


def forward_pass(net: Any, paths: list[Any], x: torch.Tensor) -> None:
    """Make a pass without gradients; a supernet's keeps what paths share, as scoring does."""
    with torch.no_grad():
        h = net.shared(x) if paths != [None] else None
        for path in paths:
            net(x, path) if h is None else net.rest(h, path)


class _Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's own
    """Counts the bytes of all tensors that are made in it and are alive."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's own
        self.now = self.peak = 0
        self.seen: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for one in out if isinstance(out, (tuple, list)) else (out,):
            if isinstance(one, torch.Tensor):
                self._count(one.untyped_storage())
        return out

    def _count(self, storage: Any) -> None:
        key = storage._cdata
        if key not in self.seen:
            self.seen.add(key)
            self.now += storage.nbytes()
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._forget, key, storage.nbytes())

    def _forget(self, key: int, nbytes: int) -> None:
        self.seen.discard(key)
        self.now -= nbytes
