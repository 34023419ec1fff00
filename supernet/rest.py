"""The rest of paths, after what all share, in eval mode: as it is, or captured as CUDA graphs.

A path's rest is run for every batch of images, raw and then calibrated, with the same weights at
the same places: calibration changes batch norms in place. So what is captured for a path holds for
both. A path runs as it is the first time, is captured the second and replayed from then on. Whether
that pays depends on the machine: where batches are large, kernels outlast their launches. So it is
measured on the second path that is captured, and left alone unless what its replays save is more
than its capture took.
"""

from __future__ import annotations

import time
import warnings
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from typing import Protocol as Interface

import torch
from torch.utils._pytree import tree_flatten, tree_unflatten

from bench.base.names import is_plugin
from supernet.graphs import CAPACITY, CudaRecorder, can_remember, reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from bench.config.recipe import Recipe
    from bench.space.space import Space
    from supernet.graphs import Recorder
    from supernet.nets.supernet import Supernet


class Rest(Interface):
    """Runs the rest of paths on what they share.

    Attributes:
        is_captured: whether any of it may be: autocast must not keep what it has cast, since a
            graph that did not make it would read it again.
    """

    is_captured: bool

    def hold(self, shared: Any) -> None:
        """Take what a batch's paths share."""
        ...

    def __call__(self, path: Any) -> torch.Tensor:
        """Return a path's logits (B, num_classes), to be used before the next call."""
        ...

    def running(self) -> AbstractContextManager[None]:
        """Return the context that all batches run in."""
        ...


class Eager:
    """Runs the rest of paths as it is: the reference."""

    is_captured = False

    def __init__(self, model: Supernet) -> None:
        self.model = model
        self.shared: Any = None

    def hold(self, shared: Any) -> None:
        """Take what a batch's paths share."""
        self.shared = shared

    def __call__(self, path: Any) -> torch.Tensor:
        """Return a path's logits (B, num_classes)."""
        return self.model.rest(self.shared, path)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run here, and keep nothing of the last batch."""
        yield
        self.shared = None


class Captured:
    """Runs the rest of paths, captured where a path comes again.

    Args:
        model: the supernet, in eval mode, whose tensors stay where they are.
        recorder: captures and replays.
        num_replays: how often a path comes again once it is captured.
        capacity: paths that are remembered.
    """

    is_captured = True

    def __init__(
        self, model: Supernet, recorder: Recorder, num_replays: int, capacity: int = CAPACITY
    ) -> None:
        self.eager = Eager(model)
        self.recorder = recorder
        self.num_replays = num_replays
        self.capacity = capacity
        self.is_on = True
        self.num_captured = 0
        self.paths: OrderedDict[Any, Callable[[], object] | None] = OrderedDict()  # None: seen once
        self.held: list[torch.Tensor] = []
        self.logits: torch.Tensor | None = None  # outside of the graphs' memory
        self.fits = False

    def hold(self, shared: Any) -> None:
        """Take what a batch's paths share, and put it where captured rests read it."""
        self.eager.hold(shared)
        if not self.is_on:
            return
        leaves, structure = tree_flatten(shared)
        if not self.held:
            self.held = [torch.empty_like(leaf) for leaf in leaves]
        self.fits = [leaf.shape for leaf in leaves] == [held.shape for held in self.held]
        if self.fits:
            torch._foreach_copy_(self.held, leaves)
            self.eager.hold(tree_unflatten(self.held, structure))

    def __call__(self, path: Any) -> torch.Tensor:
        """Return a path's logits (B, num_classes), overwritten by the next call."""
        if not (self.is_on and self.fits and can_remember(path)):
            return self.eager(path)
        if path not in self.paths:
            logits = self.eager(path)
            self.logits = torch.empty_like(logits) if self.logits is None else self.logits
            self._remember(path, None)
            return logits
        replay = self.paths[path] or self._capture(path)
        if replay is None or self.logits is None:
            return self.eager(path)
        self._remember(path, replay)
        replay()
        return self.logits

    def running(self) -> AbstractContextManager[None]:
        """Return the context that all batches run in."""
        return self.recorder.running()

    def _capture(self, path: Any) -> Callable[[], object] | None:
        """Record a path's rest; None: it can't be or does not pay, and nothing more is captured."""
        logits, shared = self.logits, self.eager.shared
        assert logits is not None

        def function() -> None:
            logits.copy_(self.eager.model.rest(shared, path))

        started = time.perf_counter()
        try:
            replay = self.recorder(function)
        except RuntimeError as error:
            reason = reason_of(error)
            warnings.warn(f"scoring is not captured as CUDA graphs: {reason}", stacklevel=2)
            self._give_up()
            return None
        took_s = time.perf_counter() - started
        self.num_captured += 1
        if self.num_captured == 2 and not self._pays(function, replay, took_s):
            self._give_up()
            return None
        return replay

    def _pays(
        self, function: Callable[[], object], replay: Callable[[], object], took_s: float
    ) -> bool:
        """Whether what replays save is more than the capture took; the first sets things up."""
        eager_s, replay_s = self.recorder.seconds(function), self.recorder.seconds(replay)
        return (eager_s - replay_s) * self.num_replays > took_s

    def _give_up(self) -> None:
        """Leave the rest as it is: no graph that writes to the shared memory may run again."""
        self.is_on = False
        self.paths.clear()
        self.held, self.logits = [], None

    def _remember(self, path: Any, replay: Callable[[], object] | None) -> None:
        """Put a path last in line to be forgotten."""
        self.paths[path] = replay
        self.paths.move_to_end(path)
        if len(self.paths) > self.capacity:
            self.paths.popitem(last=False)


def rest_of(
    model: Supernet, space: Space, recipe: Recipe, device: torch.device, num_images: int
) -> Rest:
    """Return what runs the rest of a recipe's paths.

    Captured on CUDA alone, where a path comes more often than twice; own nets and batch norms,
    which may count or draw in Python, never are.

    Args:
        model: the supernet.
        space: its own; one that is enumerated is scored raw and calibrated.
        recipe: its recipe.
        device: of the model.
        num_images: that are scored.
    """
    is_ours = not any(is_plugin(name) for name in (recipe.net, recipe.batch_norm))
    num_replays = (num_images // recipe.score_batch) * (2 if space.is_enumerated else 1) - 2
    if device.type == "cuda" and recipe.training.cuda_graphs and is_ours and num_replays > 0:
        return Captured(model, CudaRecorder(device), num_replays)
    return Eager(model)
