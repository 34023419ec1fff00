"""Where a training loop's batches come from: here images that lie as one tensor on the device.

A source yields, step by step, the micro-batches of one process. Their order and augmentation
come from the seed alone, never from the number of processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from typing import Protocol as Interface

import torch

from bench.base.streams import child_rng
from supernet.data.augment import augment
from supernet.data.data_set import Images, to_input
from supernet.distributed import ALONE, Ranks, check_batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.config.training import Training

    Batch = tuple[torch.Tensor, torch.Tensor]


class Source(Interface):
    """What a training loop asks of its images."""

    device: torch.device

    @property
    def num_steps(self) -> int:
        """How many steps an epoch has."""
        ...

    def epoch(self, number: int, first: int = 0) -> Iterator[list[Batch]]:
        """Yield the micro-batches of each step from `first` on: inputs (B, C, H, W), labels (B,).

        A state taken before the epoch's end is that of an epoch begun anew from its next step.
        """
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return where the source's generators stand."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to where `state_dict` was called."""
        ...


class TensorSource:
    """Batches of images that lie on the device.

    Args:
        images: the split to train on.
        statistics: mean and standard deviation for normalisation, each (1, C, 1, 1).
        training: batch size, micro-batches and augmentation.
        seed: root of the streams for data order and augmentation.
        ranks: which share of every batch is this process's.

    Raises:
        ValueError: a batch that the processes don't divide, or more than the images.
    """

    def __init__(
        self,
        images: Images,
        statistics: tuple[torch.Tensor, torch.Tensor],
        training: Training,
        seed: int,
        *,
        ranks: Ranks = ALONE,
    ) -> None:
        if ranks.size * training.accumulate > 1:
            check_batch(training.batch_size, ranks, training.accumulate)
        if training.drop_last and training.batch_size > len(images):
            raise ValueError(
                f"batch_size={training.batch_size} is more than the {len(images)} training images"
            )
        self.images = images
        self.device = images.pixels.device
        mean, std = statistics
        self.statistics = (mean.to(self.device), std.to(self.device))
        self.training, self.ranks = training, ranks
        self.order = torch_generator(seed, "order")
        self.augment = torch_generator(seed, "augment")

    @property
    def num_steps(self) -> int:
        """How many steps an epoch has."""
        full, rest = divmod(len(self.images), self.training.batch_size)
        return full + (rest > 0 and not self.training.drop_last)

    def epoch(self, number: int, first: int = 0) -> Iterator[list[Batch]]:  # noqa: ARG002 (a Source's)
        """Yield the micro-batches of each step from `first` on."""
        drawn = torch.Generator()
        drawn.set_state(self.order.get_state())
        order = torch.randperm(len(self.images), generator=drawn)
        for index in torch.split(order, self.training.batch_size)[first : self.num_steps]:
            x, labels = self._batch(index.to(self.device, non_blocking=True))
            if self.ranks.size * self.training.accumulate == 1:
                yield [(x, labels)]
                continue
            parts = (self.ranks.share(part).chunk(self.training.accumulate) for part in (x, labels))
            yield list(zip(*parts, strict=True))
        self.order = drawn  # an epoch that was stopped has the same order when it goes on

    def state_dict(self) -> dict[str, Any]:
        """Return where the generators stand."""
        return {"order": self.order.get_state(), "augment": self.augment.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to where `state_dict` was called."""
        self.order.set_state(state["order"])
        self.augment.set_state(state["augment"])

    def _batch(self, index: torch.Tensor) -> Batch:
        pixels, mask = augment(self.images.pixels[index], self.training, self.augment)
        x = to_input(pixels, self.statistics)
        return x if mask is None else x.mul_(mask), self.images.labels[index]


def torch_generator(seed: int, name: str) -> torch.Generator:
    """Return the CPU generator of a named child stream of the root seed."""
    return torch.Generator().manual_seed(int(child_rng(seed, name).integers(2**63)))
