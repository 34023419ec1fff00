"""Batches of image files, decoded and augmented by worker processes.

Images are cropped and flipped with torchvision's transforms v2. An epoch's order depends on
(seed, epoch), an image's augmentation on (seed, epoch, image): neither on the number of processes
or workers, and resuming needs no generator's state.
"""

from __future__ import annotations

import signal
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler
from torchvision.transforms import v2

from bench.base.stopping import SIGNALS
from bench.base.streams import child_rng
from supernet.data.data_set import to_input
from supernet.data.decode import BrokenImageError, decode
from supernet.distributed import Ranks, check_batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.config.training import Training
    from supernet.data.source import Batch

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MAX_TRIES = 10


@dataclass(frozen=True)
class Files:
    """Image files and their labels."""

    paths: tuple[str, ...]
    labels: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, index: Sequence[int]) -> Files:
        """Return some of them."""
        return Files(tuple(self.paths[i] for i in index), tuple(self.labels[i] for i in index))


class FileSource:
    """Batches decoded and augmented by worker processes.

    With a set `broken`, images that don't decode are replaced by the next and their names added.

    Raises:
        ValueError: a batch that the processes don't divide, or more than the images.
    """

    def __init__(
        self,
        files: Files,
        size: int,
        training: Training,
        seed: int,
        ranks: Ranks,
        device: torch.device,
        broken: set[str] | None = None,
    ) -> None:
        check_batch(training.batch_size, ranks, training.accumulate)
        if training.batch_size > len(files):
            raise ValueError(
                f"batch_size={training.batch_size} is more than the {len(files)} training images"
            )
        self.files, self.training, self.seed = files, training, seed
        self.ranks, self.device = ranks, device
        self.broken = broken
        self.sampler = EpochBatches(len(files), training, seed, ranks)
        workers = min(training.workers, joblib.cpu_count())
        self.loader: DataLoader[Any] = DataLoader(
            Augmented(files, size, seed, training.flip, broken is not None),
            batch_sampler=self.sampler,
            num_workers=workers,
            collate_fn=collate,
            pin_memory=device.type == "cuda",
            persistent_workers=workers > 0,
            worker_init_fn=leave_first_signal_to_parent,
        )

    @property
    def num_steps(self) -> int:
        """How many steps an epoch has."""
        return len(self.files) // self.training.batch_size

    def epoch(self, number: int, first: int = 0) -> Iterator[list[Batch]]:
        """Yield the micro-batches of each step from `first` on.

        Raises:
            BrokenImageError: an image does not decode, and broken ones are not skipped.
        """
        self.sampler.epoch, self.sampler.first = number, first
        parts: list[Batch] = []
        for pixels, labels, broken, error in self.loader:
            if error:
                raise BrokenImageError(error)
            if self.broken is not None:
                self.broken.update(broken)
            x = to_input(pixels.to(self.device, non_blocking=True), statistics())
            parts.append((x, labels.to(self.device, non_blocking=True)))
            if len(parts) == self.training.accumulate:
                yield parts
                parts = []

    def state_dict(self) -> dict[str, Any]:
        """Return nothing: an epoch's batches depend on its number alone."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take nothing over."""


class EpochBatches(Sampler[list[tuple[int, int]]]):
    """This rank's micro-batches of (epoch, image), in the epoch and from the step that are set."""

    def __init__(self, num_images: int, training: Training, seed: int, ranks: Ranks) -> None:
        self.num_images, self.training, self.seed, self.ranks = num_images, training, seed, ranks
        self.epoch = self.first = 0

    def __len__(self) -> int:
        return self.num_images // self.training.batch_size * self.training.accumulate

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        order = child_rng(self.seed, f"order-epoch{self.epoch}").permutation(self.num_images)
        size, parts = self.training.batch_size, self.training.accumulate
        for start in range(self.first * size, self.num_images - size + 1, size):
            mine = order[start : start + size][self.ranks.rank :: self.ranks.size]
            for part in np.split(mine, parts):
                yield [(self.epoch, int(index)) for index in part]


class Augmented(Dataset[Any]):
    """Images cropped and flipped at random, each by its own stream."""

    def __init__(
        self,
        files: Files,
        size: int,
        seed: int,
        flip: bool,
        skip_broken: bool,
    ) -> None:
        self.files, self.seed, self.skip_broken = files, seed, skip_broken
        self.transform = v2.Compose(
            [
                v2.RandomResizedCrop(size, antialias=True),
                v2.RandomHorizontalFlip(0.5 if flip else 0.0),
            ]
        )

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, key: tuple[int, int]) -> tuple[Any, int, list[str], str]:
        """Return pixels (3, size, size), label, files replaced, and an error's text or ''."""
        epoch, index = key
        broken: list[str] = []
        for attempt in range(MAX_TRIES):
            place = (index + attempt) % len(self.files)
            try:
                image = decode(self.files.paths[place])
            except BrokenImageError as error:
                if not self.skip_broken:
                    return None, -1, [], str(error)
                broken.append(self.files.paths[place])
                continue
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(_image_seed(self.seed, epoch, index))
                return self.transform(image), self.files.labels[place], broken, ""
        return None, -1, [], f"{MAX_TRIES} images in a row don't decode, from {broken[0]} on"


def leave_first_signal_to_parent(_: int) -> None:
    """Let a worker live on when a job's processes are asked to stop, as its parent does.

    The parent ends it when it has saved. A second SIGTERM is obeyed: that is how PyTorch ends a
    worker that is still there.
    """
    for number in SIGNALS:
        signal.signal(number, lambda number, _: signal.signal(number, signal.SIG_DFL))


def collate(items: list[Any]) -> tuple[Any, Any, list[str], str]:
    """Stack images and labels; gather what was replaced, and the first error."""
    error = next((item[3] for item in items if item[3]), "")
    if error:
        return None, None, [], error
    pixels, labels = torch.stack([item[0] for item in items]), torch.tensor([i[1] for i in items])
    return pixels, labels, [path for item in items for path in item[2]], ""


def statistics() -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and standard deviation of pixels in [0, 255], each of shape (1, 3, 1, 1)."""
    mean, std = (255.0 * torch.tensor(part).view(1, 3, 1, 1) for part in (MEAN, STD))
    return mean, std


def _image_seed(seed: int, epoch: int, index: int) -> int:
    key = (zlib.crc32(b"augment"), epoch, index)
    state = np.random.SeedSequence(entropy=seed, spawn_key=key).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))
