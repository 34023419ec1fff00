"""Architectures scored with one supernet's weights: raw, and with calibrated batch norms.

An architecture costs one calibration pass and one scoring pass (and one more for its raw score).
What all paths share, the stem, is run once per batch for all architectures: its statistics do
not depend on the path, so this is exact. Where its outputs don't fit in `STEM_BYTES` they are
computed anew for every architecture instead, with equal results.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import torch
import torch.nn.functional as F

from bench.plugin import load
from supernet.calibrate import calibrated
from supernet.data import DataSet, Images, take, to_input

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from torch import nn

    from bench.recipe import Calibration
    from bench.space import Space

    Architecture = Any
    Batch = tuple[torch.Tensor, torch.Tensor]
    Scorer = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

STEM_BYTES = 2 * 1024**3

SCORERS: dict[str, Scorer] = {}
"""Own scorers by name: (logits (B, num_classes), labels (B,)) -> value per image (B,), higher is
better. The score is the mean over the images; accuracy and loss are always measured."""


class Paths(Protocol):
    """What scoring asks of a space."""

    def path(self, architecture: Any) -> Any:
        """Map an architecture to the path of a forward pass."""
        ...


class Scoring(Protocol):
    """What scoring asks of a recipe."""

    @property
    def score_split(self) -> str: ...  # noqa: D102
    @property
    def num_score_images(self) -> int: ...  # noqa: D102
    @property
    def score_batch(self) -> int: ...  # noqa: D102
    @property
    def scorers(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def calibration(self) -> Calibration: ...  # noqa: D102


def cell_identity(space: Space, architecture: Architecture) -> dict[str, Any]:
    """Name an architecture of NAS-Bench-101 in a row: its text and its cell's hash."""
    return {
        "architecture": space.encode(architecture),
        "cell_hash": space.cell(architecture).hash,
    }


class SupernetScorer:
    """Scores architectures with one trained supernet.

    Args:
        model: a supernet with `stem(x)` and `body(h, path)`.
        space: maps architectures to paths.
        data: on the model's device.
        recipe: which images calibrate and score, and how.
        identify: (space, architecture) -> the columns that name it in a row.
    """

    def __init__(
        self,
        model: nn.Module,
        space: Paths,
        data: DataSet,
        recipe: Scoring,
        identify: Callable[[Any, Architecture], dict[str, Any]] = cell_identity,
    ) -> None:
        self.model: Any = model.eval()  # sizing the stem up must not move its statistics
        self.space = space
        self.recipe = recipe
        self.identify = identify
        self.scorers = {"accuracy": is_correct, "loss": loss_per_image} | {
            name: load(name, SCORERS, "scorer") for name in recipe.scorers
        }
        calibration = recipe.calibration
        scoring = take(data.split(recipe.score_split), recipe.num_score_images)
        calibrating = take(
            data.split(calibration.calibration_split), calibration.calibration_images
        )
        self.scoring = Stems(model, scoring, data.statistics, recipe.score_batch)
        self.calibrating = Stems(model, calibrating, data.statistics, calibration.calibration_batch)

    @torch.no_grad()
    def raw(self, architectures: Iterable[Architecture]) -> Iterator[dict[str, Any]]:
        """Yield a row of `scores.csv` per architecture, with the statistics of training."""
        self.model.eval()
        self.scoring.forget()
        for architecture in architectures:
            yield self._row(architecture, is_calibrated=False)

    @torch.no_grad()
    def calibrated(self, architectures: Iterable[Architecture]) -> Iterator[dict[str, Any]]:
        """Yield a row of `scores.csv` per architecture, each calibrated for itself."""
        calibration = self.recipe.calibration
        self.scoring.forget()
        self.calibrating.forget()
        with ExitStack() as stack:
            if self.scoring.fits and self.calibrating.fits:
                stack.enter_context(calibrated(self.model, self.calibrating.run, calibration))
            for architecture in architectures:
                path = self.space.path(architecture)
                with calibrated(self.model, lambda: self._body(path), calibration):  # noqa: B023
                    row = self._row(architecture, is_calibrated=True)
                yield row

    def _body(self, path: Any) -> None:
        for x, _ in self.calibrating:
            self.model.body(x, path)

    def _row(self, architecture: Architecture, *, is_calibrated: bool) -> dict[str, Any]:
        path = self.space.path(architecture)
        row = self.identify(self.space, architecture) | {"calibrated": is_calibrated}
        return row | measure(
            ((self.model.body(x, path), labels) for x, labels in self.scoring), self.scorers
        )


class Stems:
    """The stem's outputs on the batches of one split: kept from the first pass on if they fit.

    Attributes:
        fits: whether the outputs on all images take less than STEM_BYTES.
    """

    def __init__(
        self,
        model: nn.Module,
        images: Images,
        statistics: tuple[torch.Tensor, torch.Tensor],
        batch: int,
    ) -> None:
        self.model: Any = model
        self.images = images
        self.statistics = statistics
        self.batch = batch or len(images)
        self.kept: list[Batch] = []
        one = self._stem(images[:1])
        self.fits = one.numel() * one.element_size() * len(images) < STEM_BYTES

    def forget(self) -> None:
        """Drop what was kept: the stem's state has changed."""
        self.kept = []

    def run(self) -> None:
        """Make one pass."""
        for _ in self:
            pass

    def __iter__(self) -> Iterator[Batch]:
        if self.kept:
            yield from self.kept
            return
        kept = []
        for start in range(0, len(self.images), self.batch):
            images = self.images[start : start + self.batch]
            batch = self._stem(images), images.labels
            if self.fits:
                kept.append(batch)
            yield batch
        self.kept = kept

    def _stem(self, images: Images) -> torch.Tensor:
        out: torch.Tensor = self.model.stem(to_input(images.pixels, self.statistics))
        return out


def measure(
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]], scorers: Mapping[str, Scorer]
) -> dict[str, float]:
    """Average each scorer's value per image over batches of (logits, labels), in float64."""
    sums, count = dict.fromkeys(scorers, 0.0), 0
    for logits, labels in batches:
        count += len(labels)
        for name, scorer in scorers.items():
            sums[name] += float(scorer(logits.float(), labels).double().sum())
    return {name: total / count for name, total in sums.items()}


@torch.no_grad()
def evaluate(
    model: nn.Module,
    images: Images,
    statistics: tuple[torch.Tensor, torch.Tensor],
    batch: int = 500,
) -> float:
    """Return the accuracy, in [0, 1], of a network without paths, in eval mode."""
    model.eval()
    batches = (images[start : start + batch] for start in range(0, len(images), batch))
    logits = ((model(to_input(part.pixels, statistics)), part.labels) for part in batches)
    return measure(logits, {"accuracy": is_correct})["accuracy"]


def is_correct(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return 1 where the largest logit is the label's, else 0, of shape (B,)."""
    return logits.argmax(1) == labels


def loss_per_image(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy of shape (B,), in nats."""
    return F.cross_entropy(logits, labels, reduction="none")
