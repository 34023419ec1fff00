"""Architectures scored with one supernet's weights: raw, and with calibrated batch norms.

An architecture costs one calibration pass and one scoring pass (and one more for its raw score).
What paths share (in a cell supernet the stem and the branches of the first cell) is run once per
batch for all architectures of a chunk: in training mode its statistics, in eval mode its outputs
do not depend on the rest of the path, so this is exact. Nothing waits for the device until a
chunk's last batch.
"""

from __future__ import annotations

from itertools import zip_longest
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F

from bench.base.names import call_plugin
from bench.base.stopping import check
from supernet.calibrate import Estimate, applied, kept, observing
from supernet.data.data_set import DataSet, Images, batches, take
from supernet.rest import rest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from torch import nn

    from bench.config.recipe import Recipe
    from bench.space.space import Space
    from supernet.nets.supernet import Supernet

    Architecture = Any
    Batch = tuple[torch.Tensor, torch.Tensor]
    Scorer = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

NOTHING: Mapping[str, Scorer] = MappingProxyType({})
PROBE = 8  # images that a scorer is tried on
CHUNK = 64  # architectures scored together: more share more, fewer lose less when stopped

SCORERS: dict[str, Scorer] = {}
"""Own scorers by name: (logits (B, num_classes), labels (B,)) -> value per image (B,), higher is
better. The score is the mean over the images; accuracy and loss are always measured."""


class SupernetScorer:
    """Scores architectures with one trained supernet.

    Args:
        model: the supernet, on the data's device.
        space: maps architectures to paths.
        data: on the model's device.
        recipe: which images calibrate and score, and how.
        scorers: beside accuracy and loss, by name.
    """

    def __init__(
        self,
        model: Supernet,
        space: Space,
        data: DataSet,
        recipe: Recipe,
        scorers: Mapping[str, Scorer] = NOTHING,
    ) -> None:
        self.model: Any = model
        self.space = space
        self.recipe = recipe
        mean, std = data.statistics
        device = data.train.labels.device
        self.statistics = mean.to(device), std.to(device)
        self.scorers = {"accuracy": is_correct, "loss": loss_per_image, **scorers}
        calibration = recipe.calibration
        self.scoring = take(data.split(recipe.score_split), recipe.num_score_images)
        self.calibrating = take(
            data.split(calibration.calibration_split), calibration.calibration_images
        )
        self.rest = rest_of(model, space, recipe, torch.device(device), len(self.scoring))

    def raw(self, architectures: Iterable[Architecture]) -> Iterator[dict[str, Any]]:
        """Yield a row of `scores.csv` per architecture, with the statistics of training."""
        for chunk in _chunks(architectures):
            yield from self._rows(chunk, None)

    def calibrated(self, architectures: Iterable[Architecture]) -> Iterator[dict[str, Any]]:
        """Yield a row of `scores.csv` per architecture, each calibrated for itself."""
        for chunk in _chunks(architectures):
            shared, estimates = self.estimate(chunk)
            with applied(shared):
                yield from self._rows(chunk, estimates)

    def estimate(self, architectures: Sequence[Architecture]) -> tuple[Estimate, list[Estimate]]:
        """Estimate batch-norm statistics: of what is shared, and of the rest of each path."""
        calibration = self.recipe.calibration
        shared, estimates = Estimate(calibration), [Estimate(calibration) for _ in architectures]
        paths = [self.space.path(architecture) for architecture in architectures]
        with observing(self.model) as observer, self._precision():
            for x, _ in batches(
                self.calibrating,
                calibration.calibration_batch,
                self.statistics,
                calibration.calibration_batches,
            ):
                observer.into(shared)
                h = self.model.shared(x)
                for path, estimate in zip(paths, estimates, strict=True):
                    check()
                    observer.into(estimate)
                    self.model.rest(h, path)
                del h  # or it would be there still while the next is made
        return shared, estimates

    @torch.no_grad()
    def _rows(
        self, architectures: Sequence[Architecture], estimates: Sequence[Estimate] | None
    ) -> list[dict[str, Any]]:
        """Score architectures, each at its estimate if there are any."""
        self.model.eval()
        means = [Means(self.scorers) for _ in architectures]
        paths = [self.space.path(architecture) for architecture in architectures]
        estimates = estimates or []
        norms = {norm: None for estimate in estimates for norm in estimate.norms}
        keeps_casts = not self.rest.is_captured
        with kept(norms), self.rest.running(), self._precision(keeps_casts=keeps_casts):
            for x, labels in batches(self.scoring, self.recipe.score_batch, self.statistics):
                self.rest.hold(self.model.shared(x))
                for path, mean, estimate in zip_longest(paths, means, estimates):
                    check()
                    if estimate is not None:
                        estimate.apply()
                    mean.add(self.rest(path), labels)
        rows = []
        for architecture, mean in zip(architectures, means, strict=True):
            identity = self.space.identity(architecture)
            rows.append(identity | {"calibrated": bool(estimates)} | mean.values())
        return rows

    def _precision(self, *, keeps_casts: bool = True) -> torch.autocast:
        """Return the context that the network runs in."""
        is_bf16 = self.recipe.score_precision == "bf16"
        kind = self.scoring.labels.device.type
        return torch.autocast(kind, torch.bfloat16, is_bf16, cache_enabled=keeps_casts)


class Means:
    """Each scorer's mean over images, gathered batch by batch in float64 where the logits lie."""

    def __init__(self, scorers: Mapping[str, Scorer]) -> None:
        self.scorers = scorers
        self.sums: dict[str, torch.Tensor] = {}
        self.count = 0

    def add(self, logits: torch.Tensor, labels: torch.Tensor) -> None:
        """Add a batch: logits (B, num_classes) and labels (B,)."""
        self.count += len(labels)
        for name, scorer in self.scorers.items():
            added = per_image(name, scorer, logits.float(), labels).sum()
            self.sums[name] = self.sums[name] + added if name in self.sums else added

    def values(self) -> dict[str, float]:
        """Return the means by name; only here the device is waited for."""
        totals = torch.stack(list(self.sums.values())).tolist()
        return {name: total / self.count for name, total in zip(self.sums, totals, strict=True)}


def per_image(
    name: str, scorer: Scorer, logits: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """Call a scorer on a batch; return its values in float64, of shape (B,).

    Raises:
        ValueError: it fails, or returns anything but a value per image: of a single number, as of
            a batch's mean, the mean over images would be wrong without a sign.
    """
    values: Any = call_plugin(name, "scorer", scorer, logits, labels)
    shape = tuple(values.shape) if isinstance(values, torch.Tensor) else type(values).__name__
    if shape != (len(labels),):
        raise ValueError(
            f"scorer {name!r} returned {shape} for a batch of {len(labels)} images: it must return "
            f"a tensor with a value per image, of shape ({len(labels)},)"
        )
    each: torch.Tensor = values.double()
    return each


def check_scorer(name: str, scorer: Scorer, num_classes: int) -> None:
    """Try a scorer on made-up logits, before anything is trained.

    Raises:
        ValueError: as `per_image`.
    """
    logits = torch.linspace(-1.0, 1.0, PROBE * num_classes).view(PROBE, num_classes)
    per_image(name, scorer, logits, torch.arange(PROBE) % num_classes)


def _chunks(architectures: Iterable[Architecture]) -> Iterator[list[Architecture]]:
    every = list(architectures)
    return (every[start : start + CHUNK] for start in range(0, len(every), CHUNK))


@torch.no_grad()
def evaluate(
    model: nn.Module,
    images: Images,
    statistics: tuple[torch.Tensor, torch.Tensor],
    batch: int = 500,
) -> float:
    """Return the accuracy, in [0, 1], of a network without paths, in eval mode."""
    model.eval()
    mean = Means({"accuracy": is_correct})
    for x, labels in batches(images, batch, statistics):
        mean.add(model(x), labels)
    return mean.values()["accuracy"]


def is_correct(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return 1 where the largest logit is the label's, else 0, of shape (B,)."""
    return logits.argmax(1) == labels


def loss_per_image(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy of shape (B,), in nats."""
    return F.cross_entropy(logits, labels, reduction="none")
