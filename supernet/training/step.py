"""What a training step does between its batch and its optimiser: forward, backward, clip.

It is the same code whether it runs as it stands or is captured into a CUDA graph
(`supernet.training.captures`): nothing in it waits for the device, draws random numbers or leaves
a tensor behind, but for gradients and the sums below.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.config.training import Training
    from supernet.data.source import Batch


class Step:
    """Leaves the clipped gradients of one step's batch; sums up what it measures.

    Args:
        network: called with images (B, C, H, W) and a path; may average gradients over processes.
        training: the loop's settings.
        device: of the network.

    Attributes:
        sums: over the images since `reset`, each of shape (): loss, and how many were correct.
    """

    def __init__(self, network: nn.Module, training: Training, device: torch.device) -> None:
        self.network = network
        self.training = training
        self.device = device
        self.sums = torch.zeros((), device=device), torch.zeros((), device=device)

    def reset(self, loss: float = 0.0, num_correct: float = 0.0) -> None:
        """Begin new sums, in place: captured steps add to these very tensors.

        Args:
            loss: what an epoch that goes on had summed up.
            num_correct: the same.
        """
        for total, begun in zip(self.sums, (loss, num_correct), strict=True):
            total.fill_(begun)

    def __call__(self, parts: Sequence[Batch], path: Any) -> None:
        """Run a step's micro-batches."""
        size = sum(len(labels) for _, labels in parts)
        for number, (x, labels) in enumerate(parts, start=1):
            with ExitStack() as stack:
                if self._waits(is_last=number == len(parts)):
                    stack.enter_context(self.network.no_sync())  # type: ignore[operator]  # DDP's
                self._backward(x, labels, path, len(labels) / size)
        nn.utils.clip_grad_norm_(self.network.parameters(), self.training.grad_clip)

    def _backward(self, x: torch.Tensor, labels: torch.Tensor, path: Any, share: float) -> None:
        # without a cache a weight is cast where it is used: what one path's graph had cast and kept
        # would be read by graphs that did not make it, from memory that is no longer theirs
        with torch.autocast(
            self.device.type,
            torch.bfloat16,
            self.training.precision == "bf16",
            cache_enabled=False,
        ):
            logits = self.network(x, path)
            objective = F.cross_entropy(
                logits, labels, label_smoothing=self.training.label_smoothing
            )
        (objective * share).backward()  # type: ignore[no-untyped-call]  # torch's
        loss, correct = self.sums
        loss += objective.detach() * len(labels)
        correct += (logits.detach().argmax(1) == labels).sum()

    def _waits(self, *, is_last: bool) -> bool:
        """Whether gradients are averaged over the processes later, with the last micro-batch."""
        return isinstance(self.network, nn.parallel.DistributedDataParallel) and not is_last
