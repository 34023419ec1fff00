"""One process, or several under torchrun: who am I, and sums over all.

Every rank draws the same path from the same stream, takes its share of each batch, and holds the
same weights; rank 0 alone writes.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.distributed as dist
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Ranks:
    """This process's rank among `size` processes."""

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes."""
        return self.rank == 0

    @property
    def num_here(self) -> int:
        """How many of the processes are on this machine."""
        return int(os.environ.get("LOCAL_WORLD_SIZE", self.size)) if self.size > 1 else 1

    def share(self, batch: torch.Tensor) -> torch.Tensor:
        """Return this rank's part of a batch, every size-th from its rank on."""
        return batch[self.rank :: self.size]

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """Add a tensor over all ranks."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def any(self, value: bool, device: torch.device) -> bool:
        """Whether this holds on any rank."""
        if self.size == 1:
            return value
        return bool(self.sum(torch.tensor(float(value), device=device)).item())

    def wait(self) -> None:
        """Wait until every rank is here."""
        if self.size > 1:
            dist.barrier()


ALONE = Ranks()


def check_batch(batch_size: int, ranks: Ranks, accumulate: int = 1) -> None:
    """Refuse a global batch that does not split evenly.

    Raises:
        ValueError: processes times accumulated parts don't divide the batch.
    """
    parts = ranks.size * accumulate
    if batch_size % parts:
        raise ValueError(
            f"batch_size={batch_size} is the batch of all processes together and must be a "
            f"multiple of {ranks.size} processes x {accumulate} accumulated parts: "
            f"{batch_size // parts * parts or parts} would do"
        )


def in_parallel(
    model: nn.Module, ranks: Ranks, *, has_paths: bool, sync_batch_norm: bool = False
) -> nn.Module:
    """Wrap a model so that its gradients are averaged over several processes.

    Args:
        model: the model; its batch norms are replaced in place where they are to synchronise, and
            keep their parameters and names.
        ranks: this process among all; alone it gets the model as it is.
        has_paths: whether parameters may stay without gradients.
        sync_batch_norm: whether batch norms see the batches of all processes.

    Raises:
        ValueError: batch norms are to synchronise on a CPU.
    """
    if ranks.size == 1:
        return model
    if sync_batch_norm:
        device = next(model.parameters()).device
        if device.type != "cuda":
            raise ValueError(
                f"sync_batch_norm=True on {device.type!r}: PyTorch synchronises batch norms on "
                "CUDA alone: leave it out, or train on GPUs"
            )
        model = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]  # PyTorch's own
    return nn.parallel.DistributedDataParallel(model, find_unused_parameters=has_paths)


@contextmanager
def in_turn(ranks: Ranks) -> Iterator[None]:
    """Let rank 0 do something, such as making a folder, before the others do."""
    if not ranks.is_first:
        ranks.wait()
    yield
    if ranks.is_first:
        ranks.wait()


@contextmanager
def join(device: str) -> Iterator[tuple[Ranks, str]]:
    """Join the processes that torchrun started; yields this rank and its device.

    Without torchrun there is one process.

    Raises:
        ValueError: more processes than GPUs.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE, device
        return
    if device.startswith("cuda"):
        local, count = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
        if local >= count:
            raise ValueError(
                f"process {local} of this machine has no GPU of its own, since {count} can be "
                f"seen: torchrun --nproc-per-node {count}"
            )
        device = f"cuda:{local}"
        torch.cuda.set_device(local)
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield Ranks(dist.get_rank(), dist.get_world_size()), device
    finally:
        dist.destroy_process_group()
