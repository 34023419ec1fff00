"""An epoch that was stopped between steps: what going on with it needs beside the weights."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from bench.base.streams import child_rng

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        if self.generators:
            torch.set_rng_state(self.generators[0])
        if device.type == "cuda" and len(self.generators) > 1:
            torch.cuda.set_rng_state(self.generators[1], device)

    def share(self, ranks: Ranks) -> Begun:
        """Return what this process goes on from: the first has the sums, which are added later."""
        return self if ranks.is_first else Begun(step=self.step, time_s=self.time_s)


@contextmanager
def dropout_stream(
    seed: int, epoch: int, begun: Begun, ranks: Ranks, device: torch.device
) -> Iterator[None]:
    """Give dropout, which draws from torch's own generators, a stream for an epoch.

    One process goes on in its stream where it stopped. Several do so in new ones, since the
    states of all of them are not kept.
    """
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        name = f"dropout-epoch{epoch}-rank{ranks.rank}"
        name += f"-step{begun.step}" if begun.step and ranks.size > 1 else ""
        torch.manual_seed(int(child_rng(seed, name).integers(2**63)))
        if ranks.size == 1:
            begun.restore_generators(device)
        yield


def states_of_generators(device: torch.device) -> tuple[torch.Tensor, ...]:
    """Return the states of torch's own generators, as CPU tensors."""
    on_device = (torch.cuda.get_rng_state(device),) if device.type == "cuda" else ()
    return (torch.get_rng_state(), *on_device)
