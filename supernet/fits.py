"""Whether what is to be trained fits into this machine: asked before anything is made.

Refused in one line with what it needs, what there is, and what to set. Own nets are not estimated.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from supernet.devices import gpus, jobs_at_once
from supernet.needs import can_estimate, final_needs, gigabytes, needs
from supernet.parts import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.runs.run import FinalRun, Run
    from supernet.distributed import Ranks
    from supernet.needs import Needs
    from supernet.parts import Parts

_CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
JOBS, PROCESSES = "--jobs", "torchrun --nproc-per-node"


def check_run(run: Run, parts: Parts, device: str, ranks: Ranks, num_images: int = 0) -> None:
    """Refuse a supernet that the machine can't hold.

    Raises:
        ValueError: saying what it needs, what there is, and what to set.
    """
    if can_estimate(parts):
        needed = needs(parts, num_images, run.seed, ranks.size)
        _check(run.folder, needed, device, ranks.num_here, "score_batch")


def check_final(
    run: FinalRun, network: torch.nn.Module, device: str, ranks: Ranks, num_images: int = 0
) -> None:
    """Refuse a network, given on the meta device, whose training the machine can't hold.

    Raises:
        ValueError: as `check_run`.
    """
    needed = final_needs(run.recipe, network, ranks.size, num_images)
    _check(run.folder, needed, device, ranks.num_here, "test_batch")


def most_needs(
    runs: Iterable[Run], num_images: int = 0, *, is_measured: bool = False
) -> Needs | None:
    """Return what that run needs which needs most memory; None where no run can be estimated."""
    parts = [resolve(recipe) for recipe in dict.fromkeys(run.recipe for run in runs)]
    estimated = [
        needs(one, num_images, is_measured=is_measured) for one in parts if can_estimate(one)
    ]
    return max(estimated, key=lambda one: one.memory, default=None)


def jobs_that_fit(
    what: str,
    asked: int | None,
    device: str,
    num_threads: int,
    num: int,
    needed: Needs | None,
    other_batch: str = "score_batch",
) -> int:
    """Return how many of `num` jobs run at once: as many as asked, or as fill this machine.

    Args:
        what: one of them, for the error.
        asked: how many at once; None: as many as cores and memory allow, or GPUs.
        device: a chosen one.
        num_threads: of each.
        num: of jobs that are still to be done.
        needed: by the largest of them; None: unknown.
        other_batch: what to set smaller where scoring takes more than training.

    Raises:
        ValueError: so many, or even one alone, need more memory than there is: with what would do.
    """
    at_once = jobs_at_once(asked, device, num_threads, num)
    if needed is None or not num:
        return at_once
    _check_alone(what, needed, device, other_batch)
    if asked is None and _share_memory(device):
        return _fitting(needed, device, at_once)
    _check_memory(needed, device, at_once, JOBS)
    return at_once


def memory_of(device: str) -> int:
    """Return the bytes that this process may use of a device's memory.

    Of GPUs, what is free on the one with most: others may use it, and PyTorch keeps what it has
    freed.
    """
    if torch.device(device).type == "cuda":
        return max(_free(gpu) for gpu in gpus(device))
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    texts = [Path(name).read_text().strip() for name in _CGROUPS if Path(name).is_file()]
    return min(limits + [int(text) for text in texts if text.isdecimal()])


def _free(gpu: str) -> int:
    kept = torch.cuda.memory_reserved(gpu) - torch.cuda.memory_allocated(gpu)
    return int(torch.cuda.mem_get_info(gpu)[0]) + kept


def _check(folder: Path, needed: Needs, device: str, num_here: int, other_batch: str) -> None:
    _check_alone(folder, needed, device, other_batch)
    _check_memory(needed, device, num_here, PROCESSES)
    free = shutil.disk_usage(_existing(folder)).free
    if needed.disk > free:
        raise ValueError(
            f"{folder} needs about {gigabytes(needed.disk)} on the disk, {gigabytes(free)} are "
            "free: make room, or set fewer snapshot_epochs or a smaller network"
        )


def _check_alone(what: Any, needed: Needs, device: str, other_batch: str) -> None:
    """Refuse what does not even fit alone."""
    there, whole = memory_of(device), needed.memory_on(device)
    if whole > there:
        batch = "batch_size" if needed.training >= needed.scoring else other_batch
        large = batch if max(needed.training, needed.scoring) > needed.weights else "stem_channels"
        free = "" if _share_memory(device) else f" free on {device}"
        raise ValueError(
            f"{what} needs about {gigabytes(whole)} of memory, there are "
            f"{gigabytes(there)}{free}: set a smaller {large}, or a smaller network "
            "(stem_channels, width)"
        )


def _check_memory(needed: Needs, device: str, num: int, option: str) -> None:
    """Refuse more at once than a CPU's memory holds."""
    whole, there = needed.memory_at_once(num), memory_of(device)
    if num > 1 and _share_memory(device) and whole > there:
        fitting = _fitting(needed, device, num)
        raise ValueError(
            f"{num} at once need about {gigabytes(whole)} of memory, {gigabytes(needed.memory)} "
            f"each, there are {gigabytes(there)}: {option} {fitting} would do"
        )


def _fitting(needed: Needs, device: str, num: int) -> int:
    """Return how many at once a CPU's memory holds, of no more than `num`."""
    there = memory_of(device)
    return next((n for n in range(num, 1, -1) if needed.memory_at_once(n) <= there), 1)


def _share_memory(device: str) -> bool:
    """Whether those at once share a memory: on GPUs each has one of its own."""
    return torch.device(device).type == "cpu"


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.resolve().parents) if path.is_dir())
