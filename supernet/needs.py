"""What a run will need of memory and disk, from its recipe alone, before anything is made.

The net is built without storage (on torch's meta device) and some of its paths are run there,
forward and backward, while every tensor that is alive is counted: the peak is that of a step of
training or of a batch of calibration or scoring, whichever is higher. Weights, optimiser and images
are counted besides, and what Python and torch take; for what convolutions take to work in, a
factor. On a CPU the peaks of digits, cifar10-small, s1-small and s1 came within 10% of it.
"""

from __future__ import annotations

import os
import shutil
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from bench.base.names import is_plugin
from bench.base.streams import child_rng

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.runs.run import Run
    from supernet.parts import Parts

PROCESS = 900_000_000
"""Bytes that Python, torch and the other libraries take, on a CPU."""

WORKSPACE = 1.3
"""By how much more than its tensors a step takes: measured 1.0 to 1.4 on a CPU."""

NUM_PATHS = 4
"""Paths that are run, as training draws them; the most costly counts."""

COPIES = {"sgd": 3, "rmsprop": 4}
"""Weights, gradients and what the optimiser keeps of each."""

_CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Bytes that a run needs.

    Attributes:
        weights: with gradients and what the optimiser keeps.
        training: what is alive at the peak of a step, besides.
        scoring: what is alive at the peak of a batch that calibrates or scores.
        images: those of all splits, as the data set keeps them; 0: unknown.
        disk: checkpoint and snapshots, the checkpoint twice while it is replaced.
    """

    weights: int
    training: int
    scoring: int
    images: int
    disk: int

    @property
    def memory(self) -> int:
        """Bytes of memory at the peak, on a CPU."""
        step = int(WORKSPACE * max(self.training, self.scoring))
        return PROCESS + self.weights + step + self.images


def needs(parts: Parts, num_images: int = 0, seed: int = 0) -> Needs:
    """Estimate what a run of a recipe needs.

    Args:
        parts: the recipe's.
        num_images: how many images all splits have together; 0: unknown.
        seed: whose paths are drawn.
    """
    recipe, training = parts.recipe, parts.recipe.training
    with torch.device("meta"):
        net: Any = parts.build()
    weights = sum(value.nbytes for value in net.state_dict().values())
    rng = child_rng(seed, "needs")
    paths = [parts.sampler(parts.space, rng, 0.0) for _ in range(NUM_PATHS)]
    size = recipe.skeleton.in_channels * recipe.skeleton.image_size**2
    whole = min(training.batch_size, recipe.num_train_images or training.batch_size)
    batch = -(-whole // training.accumulate)
    calibration = recipe.calibration
    widest = max(
        _batch(recipe.score_batch, recipe.num_score_images),
        _batch(calibration.calibration_batch, calibration.calibration_images),
    )
    copies = COPIES.get(training.optimizer, 4) + (training.ema_decay > 0)
    return Needs(
        weights=copies * weights,
        training=_peak(lambda: _step(net, paths, _images(recipe, batch))),
        scoring=_peak(lambda: _forward(net, paths, _images(recipe, widest))),
        images=num_images * size,
        disk=weights * (2 * (copies - 1) + len(recipe.snapshot_epochs)),
    )


def can_estimate(parts: Parts) -> bool:
    """Tell whether all parts are ours: others may do what the meta device can't."""
    recipe = parts.recipe
    return not any(map(is_plugin, (recipe.net, recipe.batch_norm, recipe.sampler, recipe.space)))


def describe_needs(needed: Needs) -> str:
    """Say what a run needs, in words."""
    return f"about {_text(needed.memory)} of memory, {_text(needed.disk)} of the disk"


def check_needs(run: Run, parts: Parts, device: str, num_images: int = 0) -> None:
    """Refuse a run that the machine can't hold. Own nets are not estimated.

    Raises:
        ValueError: saying what it needs, what there is, and what to set.
    """
    if not can_estimate(parts):
        return
    needed = needs(parts, num_images, run.seed)
    there = memory_of(device)
    if needed.memory > there:
        batch = "batch_size" if needed.training >= needed.scoring else "score_batch"
        large = batch if max(needed.training, needed.scoring) > needed.weights else "stem_channels"
        raise ValueError(
            f"{run.folder} needs about {_text(needed.memory)} of memory, there are {_text(there)}: "
            f"set a smaller {large}, or a smaller network (stem_channels, width)"
        )
    free = shutil.disk_usage(_existing(run.folder)).free
    if needed.disk > free:
        raise ValueError(
            f"{run.folder} needs about {_text(needed.disk)} on the disk, {_text(free)} are free: "
            "make room, or set fewer snapshot_epochs or a smaller network"
        )


def memory_of(device: str) -> int:
    """Return the bytes of memory of a device; of the CPU, what this process may use of them."""
    if torch.device(device).type == "cuda":
        return int(torch.cuda.mem_get_info(device)[1])
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    texts = [Path(name).read_text().strip() for name in _CGROUPS if Path(name).is_file()]
    return min(limits + [int(text) for text in texts if text.isdecimal()])


class _Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's own
    """Counts the bytes of all tensors that are made in it and are alive."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's own
        self.now = self.peak = 0
        self.seen: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for one in out if isinstance(out, (tuple, list)) else (out,):
            if isinstance(one, torch.Tensor):
                self._count(one.untyped_storage())
        return out

    def _count(self, storage: Any) -> None:
        key = storage._cdata
        if key not in self.seen:
            self.seen.add(key)
            self.now += storage.nbytes()
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._forget, key, storage.nbytes())

    def _forget(self, key: int, nbytes: int) -> None:
        self.seen.discard(key)
        self.now -= nbytes


def _peak(run: Callable[[], object]) -> int:
    with _Alive() as alive:
        run()
    return int(alive.peak)


def _step(net: Any, paths: list[Any], x: torch.Tensor) -> None:
    """Take steps on the meta device; gradients count with the weights."""
    for path in paths:
        labels = torch.zeros(len(x), dtype=torch.long, device="meta")
        loss: Any = functional.cross_entropy(net(x, path), labels)
        loss.backward()
        net.zero_grad()


def _forward(net: Any, paths: list[Any], x: torch.Tensor) -> None:
    with torch.no_grad():
        for path in paths:
            net(x, path)


def _images(recipe: Any, count: int) -> torch.Tensor:
    skeleton = recipe.skeleton
    shape = (count, skeleton.in_channels, skeleton.image_size, skeleton.image_size)
    return torch.empty(shape, device="meta").to(memory_format=torch.channels_last)


def _batch(batch: int, count: int) -> int:
    """Images of one batch, where 0 is all."""
    return min(batch, count) if batch and count else batch or count or 1000


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.resolve().parents) if path.is_dir())


def _text(nbytes: int) -> str:
    return f"{nbytes / 1e9:,.1f} GB"
