"""An exponential moving average of a network's weights and statistics, kept by torch.

As in TensorFlow's MnasNet code the decay is min(decay, (1 + n) / (10 + n)) at step n, so that the
average of a short run does not stick to the first weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.optim.swa_utils import AveragedModel

if TYPE_CHECKING:
    from torch import Tensor, nn


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
        self._averaged = AveragedModel(model, multi_avg_fn=self._move, use_buffers=True)
        self._averaged.n_averaged.fill_(1)  # at 0 the first update would copy the model instead
        self._averaged.requires_grad_(requires_grad=False).eval()

    @property
    def model(self) -> nn.Module:
        """The network of the averages, in evaluation mode."""
        return self._averaged.module

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move the averages towards the model's weights and running statistics."""
        self.num_updates += 1
        self._averaged.update_parameters(model)

    def state_dict(self) -> dict[str, Any]:
        """Return averages and number of updates."""
        return {"model": self.model.state_dict(), "num_updates": self.num_updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to where `state_dict` was called."""
        self.model.load_state_dict(state["model"])
        self.num_updates = int(state["num_updates"])

    def _move(self, averages: Any, values: Any, _: Tensor | int) -> None:
        """Move tensors of one type, as torch hands them over.

        The updates are counted here: reading torch's count on a GPU would wait for it.
        """
        if averages[0].is_floating_point():
            decay = min(self.decay, (1 + self.num_updates) / (10 + self.num_updates))
            torch._foreach_lerp_(averages, values, 1.0 - decay)
        else:  # a count of batches is no average
            torch._foreach_copy_(averages, values)
