"""The training loop, shared by every supernet and by stand-alone networks.

One step: draw a batch, draw a path, forward, backward, clip, step. Gradients are set to None
before each backward, so that parameters the path does not use have none and SGD leaves them, and
their momentum, untouched. A `Trainer` writes its whole state (weights, optimiser, every
generator, history) into one dictionary: a run resumed from it ends with the same bytes as one
never stopped, on one machine with one number of threads.

Under several processes (`supernet.distributed`) gradients are averaged by
DistributedDataParallel; all draw the same path, and parameters that it does not use stay without
gradients. Batch norms then see each process's share of the batch alone, and rank 0's running
statistics are the ones kept: the batch that counts for them is batch_size / processes. With
`sync_batch_norm` (CUDA only) they see the whole batch.
"""

from __future__ import annotations

import json
import math
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from bench.base.stopping import is_asked, stop_now
from bench.base.streams import child_rng
from supernet.distributed import ALONE, Ranks, in_parallel
from supernet.training.begun import Begun, dropout_stream, states_of_generators
from supernet.training.captures import Captures, captured
from supernet.training.ema import Ema
from supernet.training.fused import Fused
from supernet.training.optimizers import build_optimizer
from supernet.training.schedule import learning_rate
from supernet.training.step import Step

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    import numpy as np

    from bench.config.training import Training
    from supernet.data.source import Source


SHOW_EVERY_S = 0.5
AGREE_EVERY = 8
"""Steps after which several processes ask each other whether to stop: asking makes them wait."""


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
    """Trains `model(x, path)` on a source of batches, an epoch at a time.

    Args:
        model: a module called with images (B, C, H, W) and a path.
        source: yields the batches, on the model's device.
        training: the loop's settings.
        sample_path: called with (rng, progress in [0, 1)) once a step; None: a model without paths.
        seed: root of the streams for paths and dropout.
        ranks: this process among all.
        may_capture: whether steps of one path launch the same kernels each time, so that on a GPU
            they may become CUDA graphs.
    """

    def __init__(
        self,
        model: nn.Module,
        source: Source,
        training: Training,
        sample_path: Callable[[np.random.Generator, float], Any] | None,
        seed: int,
        *,
        ranks: Ranks = ALONE,
        may_capture: bool = False,
    ) -> None:
        self.model = model.to(memory_format=torch.channels_last)
        self.source = source
        self.training = training
        self.sample_path = sample_path
        self.seed = seed
        self.ranks = ranks
        self.parallel = in_parallel(
            self.model,
            ranks,
            has_paths=sample_path is not None,
            sync_batch_norm=training.sync_batch_norm,
        )
        self.step = Step(self.parallel, training, source.device)
        self.gradients = captured(self.step, ranks) if may_capture else self.step
        self.fused = Fused(self.model) if training.fused else None
        self.optimizer = build_optimizer(model, training)
        self.ema = Ema(self.model, training.ema_decay) if training.ema_decay else None
        self.paths = child_rng(seed, "paths")
        self.history: list[Epoch] = []
        self.begun: Begun | None = None

    @property
    def is_finished(self) -> bool:
        """Whether every epoch has been trained."""
        return len(self.history) >= self.training.epochs

    def run_epoch(self, on_step: Callable[[Progress], None] | None = None) -> Epoch:
        """Train one epoch and append it to the history.

        Raises:
            ValueError: the loss is no longer finite.
            Stopped: it was asked for; the state is that between two steps, and the next call goes
                on from there.
        """
        epoch, begun, device = len(self.history), self.begun or Begun(), self.source.device
        with (
            dropout_stream(self.seed, epoch, begun, self.ranks, device),
            self._device_stream(),
            self.fused.running() if self.fused else nullcontext(),
        ):
            result = self._run_epoch(on_step)
        if not math.isfinite(result.loss):
            raise ValueError(
                f"training diverged in epoch {result.epoch}: loss {result.loss}; "
                f"lower lr={self.training.lr}"
            )
        self.history.append(result)
        return result

    def _run_epoch(self, on_step: Callable[[Progress], None] | None) -> Epoch:
        begun = (self.begun or Begun()).share(self.ranks)
        shown_at = time.perf_counter()
        started = shown_at - begun.time_s
        training = self.training
        epoch, num_steps = len(self.history), self.source.num_steps
        self._set_mode()
        num_seen, lr = begun.num_seen, learning_rate(training, epoch, 0.0)
        self.step.reset(begun.loss_sum, begun.num_correct)
        for number, parts in enumerate(self.source.epoch(epoch, begun.step), start=begun.step):
            progress = (epoch + number / num_steps) / training.epochs
            lr = learning_rate(training, epoch, number / num_steps)
            for group in self.optimizer.param_groups:
                group["lr"] = lr
            path = self.sample_path(self.paths, progress) if self.sample_path else None
            self.optimizer.zero_grad(set_to_none=True)
            self.gradients(parts, path)
            self.optimizer.step()
            if self.ema is not None:
                self.ema.update(self.model)
            num_seen += sum(len(labels) for _, labels in parts)
            if on_step is not None and time.perf_counter() - shown_at > SHOW_EVERY_S:
                shown_at = time.perf_counter()
                fraction = (epoch + (number + 1) / num_steps) / training.epochs
                speed = self.ranks.size * num_seen / (shown_at - started)
                loss, accuracy = (value.item() / num_seen for value in self.step.sums)
                on_step(Progress(epoch + 1, training.epochs, fraction, loss, accuracy, speed))
            if number + 1 < num_steps and self.is_to_stop(number):
                self._stop(number + 1, num_seen, time.perf_counter() - started)
        seen, loss, correct = self._totals(num_seen)
        self.begun = None
        return Epoch(epoch + 1, lr, loss / seen, correct / seen, time.perf_counter() - started)

    def is_to_stop(self, step: int = -1) -> bool:
        """Whether it is to stop after this step; several processes ask each other now and then."""
        if (step + 1) % (AGREE_EVERY if self.ranks.size > 1 else 1):
            return False
        return self.ranks.any(is_asked(), self.source.device)

    def _totals(self, num_seen: int) -> list[float]:
        """Return images seen, summed loss and how many were correct, of all processes."""
        sums = [num_seen, *(value.item() for value in self.step.sums)]
        totals = torch.tensor(sums, dtype=torch.float64)
        every: list[float] = self.ranks.sum(totals.to(self.source.device)).tolist()
        return every

    def _stop(self, step: int, num_seen: int, time_s: float) -> NoReturn:
        seen, loss, correct = self._totals(num_seen)
        self.begun = Begun(
            step=step,
            num_seen=int(seen),
            loss_sum=loss,
            num_correct=correct,
            time_s=time_s,
            generators=states_of_generators(self.source.device),
        )
        stop_now()

    def state_dict(self) -> dict[str, Any]:
        """Return everything that resuming needs, in types that `weights_only` loading allows."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "paths": json.dumps(self.paths.bit_generator.state),
            "history": [asdict(epoch) for epoch in self.history],
        }
        if self.ema is not None:
            state["ema"] = self.ema.state_dict()
        if self.begun is not None:
            state["begun"] = vars(self.begun)
        return state | self.source.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to where `state_dict` was called."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.source.load_state_dict(state)
        if self.ema is not None:
            self.ema.load_state_dict(state["ema"])
        self.paths.bit_generator.state = json.loads(state["paths"])
        self.history = [Epoch(**epoch) for epoch in state["history"]]
        self.begun = Begun(**state["begun"]) if "begun" in state else None

    def _set_mode(self) -> None:
        self.parallel.train()
        if self.training.freeze_batch_norm:
            for module in self.model.modules():
                if isinstance(module, _BatchNorm):  # SyncBatchNorm is no BatchNorm2d
                    module.eval()

    def _device_stream(self) -> AbstractContextManager[None]:
        """Return the context that steps run in."""
        if isinstance(self.gradients, Captures):
            return self.gradients.recorder.running()
        return nullcontext()


def initialise(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Build a model from the seed's `initialisation` stream, leaving torch's own as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(child_rng(seed, "initialisation").integers(2**63)))
        return build()
