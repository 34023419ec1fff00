"""Training steps captured as CUDA graphs, one a path: a step without the gaps between kernels.

What is captured is `Step`, the very code that runs without: forward, backward, clip. The optimiser
stays outside. It costs no time there, since its kernels are launched while the graph still runs,
and so every optimiser works, own ones too, with a learning rate that is a number; parameters that
a path does not use have no gradients and are left alone, their momentum too, as without graphs.

A path's first step runs as it is, and is all the warm-up that a capture needs (libraries loaded,
gradients known); its second is captured, which runs nothing, and replayed from then on. So
capturing changes no weights, statistics or generators. All graphs share one pool of memory, of
which nothing may live on between replays: gradients are copied out of it, into one tensor for each
parameter.

Captures are not part of a run's state: a resumed run makes its own.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from bench.base.names import is_plugin
from supernet.graphs import CAPACITY, CudaRecorder, can_remember, reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.config.recipe import Recipe
    from bench.config.training import Training
    from supernet.data.source import Batch
    from supernet.distributed import Ranks
    from supernet.graphs import Recorder
    from supernet.training.step import Step


@dataclass(frozen=True)
class Captured:
    """One path's step.

    Attributes:
        replay: runs it on what lies in the captures' input.
        gradients: what it leaves, by parameter.
    """

    replay: Callable[[], object]
    gradients: list[tuple[nn.Parameter, torch.Tensor]]


class Captures:
    """Runs steps: captured where a path comes again, else as they are.

    Args:
        step: what is captured.
        batch_size: of the steps that are captured; an epoch's smaller last batch never is.
        recorder: captures and replays.
        capacity: paths that are remembered.
    """

    def __init__(
        self, step: Step, batch_size: int, recorder: Recorder, capacity: int = CAPACITY
    ) -> None:
        self.step = step
        self.batch_size = batch_size
        self.recorder = recorder
        self.capacity = capacity
        self.is_failed = False
        self.paths: OrderedDict[Any, Captured | None] = OrderedDict()  # None: seen once
        self.gradients: dict[nn.Parameter, torch.Tensor] = {}
        self.input: Batch | None = None

    def __call__(self, parts: Sequence[Batch], path: Any) -> None:
        """Run a step: leave the path's gradients, as `Step` does."""
        x, labels = parts[0]
        is_whole = len(parts) == 1 and len(labels) == self.batch_size
        if self.is_failed or not is_whole or not can_remember(path):
            self.step(parts, path)
        elif path not in self.paths:
            self.step(parts, path)
            self._remember(path, None)
        else:
            held = self._held(x, labels)
            captured = self.paths[path] or self._capture(held, path)
            if captured is None:
                self.step(parts, path)
                return
            self._remember(path, captured)
            captured.replay()
            for parameter, gradient in captured.gradients:
                parameter.grad = gradient

    def _capture(self, batch: Batch, path: Any) -> Captured | None:
        """Record a path's step; None: it can't be, and nothing more is captured."""
        gradients: list[tuple[nn.Parameter, torch.Tensor]] = []
        if not self.gradients:  # made here, outside of the graphs' memory
            every = self.step.network.parameters()
            self.gradients = {p: torch.zeros_like(p, requires_grad=False) for p in every}

        def function() -> None:
            self.step([batch], path)
            gradients[:] = self._taken()

        self._drop_gradients()  # backward would add to those there are, and graphs read them again
        try:
            return Captured(self.recorder(function), gradients)
        except RuntimeError as error:
            # Memory may still be taken from the pool: no graph that writes there may run again.
            self.is_failed = True
            self.paths.clear()
            self._drop_gradients()
            reason = reason_of(error)
            warnings.warn(f"steps are not captured as CUDA graphs: {reason}", stacklevel=2)
            return None

    def _drop_gradients(self) -> None:
        for parameter in self.step.network.parameters():
            parameter.grad = None

    def _taken(self) -> list[tuple[nn.Parameter, torch.Tensor]]:
        """Copy the gradients that there are to where they stay, and leave none."""
        made = [(p, p.grad) for p in self.step.network.parameters() if p.grad is not None]
        held = [(p, self.gradients[p]) for p, _ in made]
        torch._foreach_copy_([into for _, into in held], [gradient for _, gradient in made])
        for parameter, _ in made:
            parameter.grad = None
        return held

    def _held(self, x: torch.Tensor, labels: torch.Tensor) -> Batch:
        """Put a batch where captured steps read theirs."""
        if self.input is None:
            self.input = torch.empty_like(x), torch.empty_like(labels)
        for held, new in zip(self.input, (x, labels), strict=True):
            held.copy_(new)
        return self.input

    def _remember(self, path: Any, captured: Captured | None) -> None:
        """Put a path last in line to be forgotten."""
        self.paths[path] = captured
        self.paths.move_to_end(path)
        if len(self.paths) > self.capacity:
            self.paths.popitem(last=False)


def may_repeat(recipe: Recipe) -> bool:
    """Whether a supernet's steps can be captured and come again, by path.

    An own net or batch norm may count its steps in Python or draw random numbers: a graph would
    repeat what it saw. One-Shot draws more paths than are worth capturing (4,095 at m = 4).
    """
    is_ours = not any(is_plugin(name) for name in (recipe.net, recipe.batch_norm))
    return is_ours and recipe.sampler != "one-shot"


def captured(step: Step, ranks: Ranks) -> Captures | Step:
    """Return what captures a step, or the step itself where graphs don't serve it.

    They serve CUDA, where `can_capture` says so.
    """
    if step.device.type != "cuda" or not can_capture(step.network, step.training, ranks.size):
        return step
    return Captures(step, step.training.batch_size, CudaRecorder(step.device))


def can_capture(network: nn.Module, training: Training, num_processes: int) -> bool:
    """Whether steps may become graphs: one process, each batch in one part, no dropout."""
    drops = nn.modules.dropout._DropoutNd
    is_random = any(isinstance(m, drops) and m.p > 0 for m in network.modules())
    return training.cuda_graphs and num_processes == training.accumulate == 1 and not is_random
