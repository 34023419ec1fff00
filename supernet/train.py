"""The training loop, shared by every supernet and by stand-alone networks.

One step: draw a batch, draw a path, forward, backward, clip, step. Gradients are set to None
before each backward, so that parameters the path does not use have none and SGD leaves them, and
their momentum, untouched. A `Trainer` writes its whole state (weights, optimiser, every
generator, history) into one dictionary: a run resumed from it ends with the same bytes as one
never stopped, on one machine with one number of threads.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import nn

from bench.plugin import load
from bench.streams import child_rng
from supernet.data import Images, augment, to_input

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from bench.recipe import Training


SHOW_EVERY_S = 0.5


@dataclass(frozen=True)
class Epoch:
    """What one epoch measured on its (augmented) training images."""

    epoch: int
    lr: float
    loss: float
    accuracy: float
    time_s: float


@dataclass(frozen=True)
class Progress:
    """Where training stands, for whoever shows it."""

    epoch: int
    num_epochs: int
    fraction: float
    loss: float
    accuracy: float
    images_per_s: float


class Trainer:
    """Trains `model(x, path)` on one split, an epoch at a time.

    Args:
        model: a module called with images (B, C, H, W) and a path.
        images: training split, on the model's device.
        statistics: mean and standard deviation for normalisation, each (1, C, 1, 1).
        training: the loop's settings.
        draw_path: called with (rng, progress in [0, 1)) once a step.
        seed: root of the streams for data order, augmentation and paths.
    """

    def __init__(
        self,
        model: nn.Module,
        images: Images,
        statistics: tuple[torch.Tensor, torch.Tensor],
        training: Training,
        draw_path: Callable[[np.random.Generator, float], Any],
        seed: int,
    ) -> None:
        self.model = model.to(memory_format=torch.channels_last)
        self.images = images
        self.statistics = tuple(part.to(images.pixels.device) for part in statistics)
        self.training = training
        self.draw_path = draw_path
        self.optimizer = build_optimizer(model, training)
        self.order = torch_generator(seed, "order")
        self.augment = torch_generator(seed, "augment")
        self.paths = child_rng(seed, "paths")
        self.history: list[Epoch] = []

    @property
    def is_finished(self) -> bool:
        """Whether every epoch has been trained."""
        return len(self.history) >= self.training.epochs

    def run_epoch(self, on_step: Callable[[Progress], None] | None = None) -> Epoch:
        """Train one epoch and append it to the history."""
        started = shown_at = time.perf_counter()
        training, device = self.training, self.images.pixels.device
        epoch = len(self.history)
        self.model.train()
        order = torch.randperm(len(self.images), generator=self.order)
        batches = torch.split(order, training.batch_size)
        loss_sum, num_correct = torch.zeros((), device=device), torch.zeros((), device=device)
        num_seen, lr = 0, learning_rate(training, epoch, 0.0)
        for step, index in enumerate(batches):
            progress = (epoch + step / len(batches)) / training.epochs
            lr = learning_rate(training, epoch, step / len(batches))
            for group in self.optimizer.param_groups:
                group["lr"] = lr
            x, labels = self._batch(index.to(device))
            path = self.draw_path(self.paths, progress)
            with torch.autocast(device.type, torch.bfloat16, training.precision == "bf16"):
                logits = self.model(x, path)
                objective = F.cross_entropy(logits, labels)
            self.optimizer.zero_grad(set_to_none=True)
            objective.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.model.parameters(), training.grad_clip)
            self.optimizer.step()
            num_seen += len(labels)
            loss_sum += objective.detach() * len(labels)
            num_correct += (logits.detach().argmax(1) == labels).sum()
            if on_step is not None and time.perf_counter() - shown_at > SHOW_EVERY_S:
                shown_at = time.perf_counter()
                fraction = (epoch + (step + 1) / len(batches)) / training.epochs
                speed = num_seen / (shown_at - started)
                loss, accuracy = loss_sum.item() / num_seen, num_correct.item() / num_seen
                on_step(Progress(epoch + 1, training.epochs, fraction, loss, accuracy, speed))
        result = Epoch(
            epoch + 1,
            lr,
            loss_sum.item() / num_seen,
            num_correct.item() / num_seen,
            time.perf_counter() - started,
        )
        if not math.isfinite(result.loss):
            raise ValueError(
                f"training diverged in epoch {epoch + 1}: loss {result.loss}; "
                f"lower lr={training.lr}"
            )
        self.history.append(result)
        return result

    def state_dict(self) -> dict[str, Any]:
        """Return everything that resuming needs, in types that `weights_only` loading allows."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "order": self.order.get_state(),
            "augment": self.augment.get_state(),
            "paths": json.dumps(self.paths.bit_generator.state),
            "history": [asdict(epoch) for epoch in self.history],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to where `state_dict` was called."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.order.set_state(state["order"])
        self.augment.set_state(state["augment"])
        self.paths.bit_generator.state = json.loads(state["paths"])
        self.history = [Epoch(**epoch) for epoch in state["history"]]

    def _batch(self, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        pixels, mask = augment(self.images.pixels[index], self.training, self.augment)
        x = to_input(pixels, self.statistics)  # type: ignore[arg-type]
        return x if mask is None else x.mul_(mask), self.images.labels[index]


def learning_rate(training: Training, epoch: int, fraction: float) -> float:
    """Return the cosine-decayed rate in epoch `epoch` (from 0), `fraction` of it done."""
    done = epoch + (fraction if training.lr_steps == "batch" else 0.0)
    cosine = 0.5 * (1 + math.cos(math.pi * done / training.epochs))
    return training.min_lr + (training.lr - training.min_lr) * cosine


def build_optimizer(model: nn.Module, training: Training) -> torch.optim.Optimizer:
    """Build the optimiser, with no weight decay on batch norms.

    Raises:
        ValueError: an optimiser that is not known.
    """
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    norm_parameters = [p for m in norms for p in m.parameters(recurse=False)]
    are_norms = {id(p) for p in norm_parameters}
    others = [p for p in model.parameters() if id(p) not in are_norms]
    groups = [
        {"params": others, "weight_decay": training.weight_decay},
        {"params": norm_parameters, "weight_decay": 0.0},
    ]
    return load(training.optimizer, OPTIMIZERS, "optimizer")(groups, training)


def _sgd(groups: list[dict[str, Any]], training: Training) -> torch.optim.Optimizer:
    return torch.optim.SGD(groups, lr=training.lr, momentum=training.momentum, foreach=True)


OPTIMIZERS: dict[str, Callable[[list[dict[str, Any]], Training], torch.optim.Optimizer]] = {
    "sgd": _sgd
}


def torch_generator(seed: int, name: str) -> torch.Generator:
    """Return the CPU generator of a named child stream of the root seed."""
    return torch.Generator().manual_seed(int(child_rng(seed, name).integers(2**63)))


def initialise(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Build a model from the seed's `initialisation` stream, leaving torch's own as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(child_rng(seed, "initialisation").integers(2**63)))
        return build()
