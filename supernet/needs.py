"""What a run will need of memory and disk, from its recipe alone, before anything is made.

The net is built without storage (on torch's meta device) and some of its paths are run there,
forward and backward, while every tensor that is alive is counted: the peak is that of a step of
training or of a batch of calibration or scoring, whichever is higher. Weights, optimiser and images
are counted besides, and what Python and torch take; for what convolutions take to work in, a
factor. On a CPU the peaks of digits, cifar10-small, s1-small and s1 came within 10% of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from bench.base.names import is_plugin
from bench.base.streams import child_rng
from supernet.nets.peaks import forward_pass, peak, training_step
from supernet.training.captures import can_capture, may_repeat

if TYPE_CHECKING:
    from bench.config.recipe import Final, ProxyScoring, StandAlone
    from bench.config.training import Training
    from supernet.parts import Parts

PROCESS = 900_000_000
"""Bytes that Python, torch and the other libraries take, on a CPU: measured 870 to 900 million."""

SHARED = 380_000_000
"""Bytes of these that processes at once have together, libraries as files: measured 383 million."""

WORKSPACE = 1.3
"""By how much more than its tensors a step takes: measured 1.0 to 1.7 on a CPU, and at most 1.3
where that is 100 MB or more."""

PROXIES = 2.4
"""By how much more than a step the most costly proxy, grasp, takes, which differentiates twice."""

EVALUATED = 1000
"""Images of a batch that a trained cell is tested on, and of the largest that measuring takes."""

NUM_PATHS = 4
"""Paths that are run, as training draws them; the most costly counts."""

COPIES = {"sgd": 3, "rmsprop-tf": 4}
"""Weights, gradients and what the optimiser keeps of each."""


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Bytes that a run needs.

    Attributes:
        weights: with gradients and what the optimiser keeps.
        training: what is alive at the peak of a step, besides.
        scoring: what is alive at the peak of a batch that calibrates or scores.
        images: those of all splits, as the data set keeps them; 0: unknown.
        disk: checkpoint and snapshots, the checkpoint twice while it is replaced.
        captured: what graphs keep on a GPU besides: gradients, and once more the largest peak,
            since what runs as it is shares no memory with them.
    """

    weights: int
    training: int
    scoring: int
    images: int
    disk: int
    captured: int = 0

    @property
    def memory(self) -> int:
        """Bytes of memory at the peak, on a CPU."""
        return self.memory_at_once(1)

    def memory_on(self, device: str) -> int:
        """Bytes of memory at the peak on a device: on a GPU with what is captured."""
        return self.memory + (self.captured if torch.device(device).type == "cuda" else 0)

    def memory_at_once(self, num: int) -> int:
        """Bytes that so many such processes at once, and the one that began them, take of it."""
        step = int(WORKSPACE * max(self.training, self.scoring))
        own = PROCESS - SHARED
        beside = own if num > 1 else 0
        return SHARED + beside + num * (own + self.weights + step + self.images)


def needs(
    parts: Parts,
    num_images: int = 0,
    seed: int = 0,
    num_processes: int = 1,
    *,
    is_measured: bool = False,
) -> Needs:
    """Estimate what a run of a recipe needs.

    Args:
        parts: the recipe's.
        num_images: how many images all splits have together; 0: unknown.
        seed: whose paths are drawn.
        num_processes: how many share each batch of training.
        is_measured: whether it is measured too, with larger batches than it is scored with.
    """
    recipe, calibration = parts.recipe, parts.recipe.calibration
    with torch.device("meta"):
        net: Any = parts.build()
    rng = child_rng(seed, "needs")
    widest = max(
        _batch(recipe.score_batch, recipe.num_score_images),
        _batch(calibration.calibration_batch, calibration.calibration_images),
        _batch(EVALUATED, calibration.calibration_images) if is_measured else 0,
    )
    return _needs(
        net,
        recipe,
        [parts.sampler(parts.space, rng, 0.0) for _ in range(NUM_PATHS)],
        batch=_share(recipe.training, recipe.num_train_images, num_processes),
        widest=widest,
        num_images=num_images,
        num_snapshots=len(recipe.snapshot_epochs),
        is_captured=parts.space.is_enumerated
        and may_repeat(recipe)
        and can_capture(net, recipe.training, num_processes),
    )


def final_needs(
    recipe: Final, network: torch.nn.Module, num_processes: int = 1, num_images: int = 0
) -> Needs:
    """Estimate what a network trained to the end needs; its best weights are kept as well.

    Args:
        recipe: how it is trained.
        network: on the meta device.
        num_images: as `needs`.
        num_processes: how many share each batch of training.
    """
    return _needs(
        network,
        recipe,
        [None],
        batch=_share(recipe.training, recipe.num_train_images, num_processes),
        widest=_batch(recipe.test_batch, recipe.num_test_images),
        num_images=num_images,
        num_snapshots=2,
        is_captured=can_capture(network, recipe.training, num_processes),
    )


def truth_needs(recipe: StandAlone, network: torch.nn.Module, num_images: int = 0) -> Needs:
    """Estimate what one training of a truth needs, given its network on the meta device."""
    return _needs(
        network,
        recipe,
        [None],
        batch=_share(recipe.training, 0, 1),
        widest=EVALUATED,
        num_images=num_images,
        is_captured=can_capture(network, recipe.training, 1),
    )


def proxy_needs(scoring: ProxyScoring, network: torch.nn.Module) -> Needs:
    """Estimate what scoring one cell takes, given its network on the meta device; no disk."""
    weights = sum(value.nbytes for value in network.state_dict().values())
    step = peak(lambda: training_step(network, [None], _images(scoring, scoring.batch_size)))
    return Needs(weights=4 * weights, training=int(PROXIES * step), scoring=0, images=0, disk=0)


def _needs(
    net: Any,
    recipe: Any,
    paths: list[Any],
    *,
    batch: int,
    widest: int,
    num_images: int = 0,
    num_snapshots: int = 0,
    is_captured: bool,
) -> Needs:
    weights = sum(value.nbytes for value in net.state_dict().values())
    training = recipe.training
    copies = COPIES.get(training.optimizer, 4) + (training.ema_decay > 0)
    step = peak(lambda: training_step(net, paths, _images(recipe, batch)))
    scoring = peak(lambda: forward_pass(net, paths, _images(recipe, widest)))
    return Needs(
        weights=copies * weights,
        training=step,
        scoring=scoring,
        captured=weights + int(WORKSPACE * max(step, scoring)) if is_captured else 0,
        images=num_images * recipe.skeleton.in_channels * recipe.skeleton.image_size**2,
        disk=weights * (2 * (copies - 1) + num_snapshots),
    )


def _share(training: Training, num_images: int, num_processes: int) -> int:
    """Images that one process has of a step's batch at once; batch norms ask for two."""
    whole = min(training.batch_size, num_images or training.batch_size)
    return max(2, -(-whole // (training.accumulate * num_processes)))


def can_estimate(parts: Parts) -> bool:
    """Tell whether all parts are ours: others may do what the meta device can't."""
    recipe = parts.recipe
    return not any(map(is_plugin, (recipe.net, recipe.batch_norm, recipe.sampler, recipe.space)))


def describe_needs(needed: Needs) -> str:
    """Say what a run needs, in words."""
    return f"about {gigabytes(needed.memory)} of memory, {gigabytes(needed.disk)} of the disk"


def _images(recipe: Any, count: int) -> torch.Tensor:
    skeleton = recipe.skeleton
    shape = (count, skeleton.in_channels, skeleton.image_size, skeleton.image_size)
    return torch.empty(shape, device="meta").to(memory_format=torch.channels_last)


def _batch(batch: int, count: int) -> int:
    """Images of one batch, where 0 is all."""
    return min(batch, count) if batch and count else batch or count or 1000


def gigabytes(nbytes: int) -> str:
    """Write a number of bytes for a reader."""
    return f"{nbytes / 1e9:,.1f} GB"
