"""One run a GPU: a run takes a seat on one, first the first seats of all GPUs, then the second.

A seat is a lock on a file that all processes of a user on this machine see, whichever command has
started them. A killed process leaves its seat.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from filelock import FileLock, Timeout

from supernet.devices import gpus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_SEATS = 64
"""Runs on one GPU; more are not counted."""


@contextmanager
def on_device(device: str) -> Iterator[str]:
    """Yield the device for a run: the GPU, of those it may be, with the fewest runs at work.

    Raises:
        ValueError: its memory did not suffice.
    """
    choice = gpus(device)
    if not choice:
        yield device
        return
    with ExitStack() as stack:
        own, seat = stack.enter_context(seated({gpu: _identity(gpu) for gpu in choice}))
        if seat:
            print(
                f"{own} has {seat} of your runs at work: they and this one share its memory and "
                "slow each other down (--device and CUDA_VISIBLE_DEVICES name another)",
                file=sys.stderr,
            )
        torch.cuda.set_device(own)
        try:
            yield own
        except torch.cuda.OutOfMemoryError as error:
            total = torch.cuda.get_device_properties(own).total_memory / 2**30
            raise ValueError(
                f"{own} ran out of memory ({total:.0f} GiB in all): --set a smaller batch_size, "
                "score_batch or calibration_batch, a larger accumulate or precision=bf16, or run "
                "fewer --jobs; what was done is kept"
            ) from error


@contextmanager
def seated(identities: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Take the first free seat until the end of the block; yields its GPU and its number.

    Args:
        identities: by name, what identifies each on this machine.
    """
    with ExitStack() as stack:
        for gpu, seat in order_of_seats(list(identities)):
            lock = FileLock(_lock_file(identities[gpu], seat))
            try:
                stack.enter_context(lock.acquire(timeout=0))
            except Timeout:
                continue
            yield gpu, seat
            return
        yield next(iter(identities)), MAX_SEATS


def order_of_seats(names: Sequence[str]) -> list[tuple[str, int]]:
    """List seats as they are taken: the first of every GPU, the second of every GPU, and so on."""
    return [(gpu, seat) for seat in range(MAX_SEATS) for gpu in names]


def _lock_file(identity: str, seat: int) -> Path:
    user = getattr(os, "getuid", int)()
    return Path(tempfile.gettempdir()) / f"mixpath-bench-{user}-{identity}-{seat}.lock"


def _identity(gpu: str) -> str:
    """Return what tells a GPU from the others whatever CUDA_VISIBLE_DEVICES numbers them."""
    properties = torch.cuda.get_device_properties(gpu)
    name = f"{os.environ.get('CUDA_VISIBLE_DEVICES', '')}-{gpu}".replace(os.sep, "_")
    return str(getattr(properties, "uuid", name))
