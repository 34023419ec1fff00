"""An exponential moving average of a network's weights and statistics.

As in TensorFlow's MnasNet code the decay is min(decay, (1 + n) / (10 + n)) at step n, so that the
average of a short run does not stick to the first weights.
"""

from __future__ import annotations

import copy

import torch
from torch import nn


class Ema:
    """Follows a model; `model` holds the averages.

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
        pairs = zip(self.model.state_dict().values(), model.state_dict().values(), strict=True)
        averages, values = [], []
        for average, value in pairs:
            if average.is_floating_point():
                averages.append(average)
                values.append(value)
            else:
                average.copy_(value)  # a count of batches is no average
        torch._foreach_lerp_(averages, values, 1.0 - decay)

    def state_dict(self) -> dict[str, object]:
        """Return averages and number of updates."""
        return {"model": self.model.state_dict(), "num_updates": self.num_updates}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Go back to where `state_dict` was called."""
        self.model.load_state_dict(state["model"])  # type: ignore[arg-type]
        self.num_updates = int(state["num_updates"])  # type: ignore[call-overload]
