"""An exponential moving average of a network's weights and statistics.

torch's `AveragedModel` counts updates in a tensor, which it reads or moves at every step: on a GPU
each step would wait. Here a number counts them.

As in TensorFlow's MnasNet code the decay is min(decay, (1 + n) / (10 + n)) at step n, so that the
average of a short run does not stick to the first weights.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import nn


class Ema:
    """Follows a model.

    Attributes:
        model: the network of the averages, in evaluation mode.

    Raises:
        ValueError: a decay outside (0, 1).
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        if not 0.0 < decay < 1.0:
            raise ValueError(f"ema_decay={decay} must lie between 0 and 1; 0 keeps no average")
        self.decay = decay
        self.num_updates = 0
        self.model = copy.deepcopy(model).requires_grad_(requires_grad=False).eval()

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move the averages towards the model's weights and running statistics."""
        self.num_updates += 1
        decay = min(self.decay, (1 + self.num_updates) / (10 + self.num_updates))
        averages, counts = _split(self.model)
        values, new_counts = _split(model)
        torch._foreach_lerp_(averages, values, 1.0 - decay)
        if counts:
            torch._foreach_copy_(counts, new_counts)

    def state_dict(self) -> dict[str, Any]:
        """Return averages and number of updates."""
        return {"model": self.model.state_dict(), "num_updates": self.num_updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to where `state_dict` was called."""
        self.model.load_state_dict(state["model"])
        self.num_updates = int(state["num_updates"])


def _split(model: nn.Module) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Return weights and statistics, and counts of batches, which are no averages."""
    every = [*model.parameters(), *model.buffers()]
    return (
        [value for value in every if value.is_floating_point()],
        [value for value in every if not value.is_floating_point()],
    )
