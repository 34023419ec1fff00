"""An epoch that was stopped between steps: what going on with it needs beside the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from supernet.distributed import Ranks


@dataclass(frozen=True, kw_only=True)
class Begun:
    """What an epoch had done.

    Attributes:
        step: steps taken.
        num_seen: images seen, by all processes.
        loss_sum: of the losses of these images.
        num_correct: how many of them were classified correctly.
        time_s: seconds taken.
        generators: states of torch's own generators, which dropout draws from: the CPU's, and
            where training ran on a GPU that GPU's.
    """

    step: int = 0
    num_seen: int = 0
    loss_sum: float = 0.0
    num_correct: float = 0.0
    time_s: float = 0.0
    generators: tuple[torch.Tensor, ...] = ()

    def restore_generators(self, device: torch.device) -> None:
        """Go back to where torch's generators stood; another kind of device has its own stream."""
        states = [state.cpu() for state in self.generators]
        if states:
            torch.set_rng_state(states[0])
        if device.type == "cuda" and len(states) > 1:
            torch.cuda.set_rng_state(states[1], device)

    def share(self, ranks: Ranks) -> Begun:
        """Return what this process goes on from: the first has the sums, which are added later."""
        return self if ranks.is_first else Begun(step=self.step, time_s=self.time_s)


def states_of_generators(device: torch.device) -> tuple[torch.Tensor, ...]:
    """Return the states of torch's own generators, as CPU tensors."""
    on_device = (torch.cuda.get_rng_state(device),) if device.type == "cuda" else ()
    return (torch.get_rng_state(), *on_device)
