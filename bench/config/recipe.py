"""Recipes: how weights and scores come about.

A recipe fixes everything that decides a run's numbers but its seed. Names of fields are unique
across its nested parts, so that `--set epochs=10` needs no path (`bench.config.fields`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from bench.base.checks import check_bounds, check_choice
from bench.config.training import MOST_IMAGES, Calibration, Training
from bench.network.skeleton import MOST_PIXELS, NASBENCH101, BlockSkeleton, Skeleton

SKELETONS: dict[str, type[Skeleton | BlockSkeleton]] = {
    "cells": Skeleton,
    "bottlenecks": BlockSkeleton,
}
"""Each net's own part of a recipe; a net that is not named here has the cells'."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What every trained network's recipe says.

    Attributes:
        name: of the recipe.
        net: what is trained, a name in `supernet.nets.registry.NETS` or `package.module:name`.
        data_set: a name in `supernet.data.registry.DATA_SETS` or `package.module:name`.
        space: a name in `bench.space.registry.SPACES` or `package.module:name`.
        m: largest number of paths summed.
        train_split: the images to train on, 'train', 'valid', 'test' or a sum of these.
        num_train_images: how many of them; 0: all.
        skip_broken: whether images that don't decode are replaced (image folders).
        skeleton: the net's own part, such as `Skeleton` or `BlockSkeleton`.
        training: the loop.
    """

    name: str
    net: str = "cells"
    data_set: str = "cifar10"
    space: str = "branches"
    m: int = 4
    train_split: str = "train"
    num_train_images: int = 0
    skip_broken: bool = False
    skeleton: Any = NASBENCH101
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w-]+", self.name):  # a folder may be called so
            raise ValueError(f"name={self.name!r} must be of letters, digits, _ and - alone")
        check_bounds(self, m=(1, 1000), num_train_images=(0, MOST_IMAGES))


@dataclass(frozen=True, kw_only=True)
class Recipe(Trained):
    """How the weights and scores of a supernet come about.

    Attributes:
        batch_norm: at the sum of the paths, a name in `supernet.shadow_bn.BATCH_NORMS` or
            `package.module:name`, with '-sum' behind it where it sits on the sum itself.
        sampler: which path trains next.
        initialisation: of convolutions, 'net' (as the net draws them) or 'fan-out' (as the released
            code: normal of variance 2 / (kernel area * channels out), biases 0).
        score_split: the images that score.
        num_score_images: how many; 0: all.
        score_batch: images a batch; 0: all in one. On a CPU a batch should fit into its caches.
        score_precision: of the passes that calibrate and score, 'fp32' or 'bf16' (autocast).
        scorers: further ones, beside accuracy and loss.
        snapshot_epochs: epochs whose weights are kept.
        calibration: of batch-norm statistics, before an architecture is scored.
    """

    name: str = "sound"
    batch_norm: str = "shadow"
    sampler: str = "uniform"
    initialisation: str = "net"
    score_split: str = "valid"
    num_score_images: int = 0
    score_batch: int = 50
    score_precision: str = "fp32"
    scorers: tuple[str, ...] = ()
    snapshot_epochs: tuple[int, ...] = ()
    calibration: Calibration = field(default_factory=Calibration)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_bounds(self, num_score_images=(0, MOST_IMAGES), score_batch=(0, MOST_IMAGES))
        if min(self.snapshot_epochs, default=1) < 1:
            raise ValueError(f"snapshot_epochs={min(self.snapshot_epochs)} must be at least 1")
        check_choice(self, initialisation=("net", "fan-out"), score_precision=("fp32", "bf16"))


@dataclass(frozen=True, kw_only=True)
class Final(Trained):
    """How one architecture is trained to the end.

    Attributes:
        architecture: in the space's text.
        start: 'scratch', or a run folder whose weights it starts from (a supernet's, or a
            network's, whose dense layer is then drawn anew where the classes differ).
        test_split: the images that test it, after every epoch.
        num_test_images: how many; 0: all.
        test_batch: images a batch.
        resize: images are enlarged to this size before the network; 0: they are not.
    """

    name: str = "retrain"
    net: str = "bottlenecks"
    space: str = "s1"
    m: int = 2
    train_split: str = "train+valid"
    architecture: str = ""
    start: str = "scratch"
    test_split: str = "test"
    num_test_images: int = 0
    test_batch: int = 250
    resize: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_bounds(
            self,
            num_test_images=(0, MOST_IMAGES),
            test_batch=(1, MOST_IMAGES),
            resize=(0, MOST_PIXELS),
        )


@dataclass(frozen=True, kw_only=True)
class StandAlone:
    """How the cells of a space are trained from scratch, each several times, as ground truth."""

    data_set: str = "cifar10"
    space: str = "branches"
    m: int = 4
    num_repeats: int = 3
    skeleton: Skeleton = NASBENCH101
    training: Training = field(
        default_factory=lambda: Training(
            epochs=108, batch_size=256, lr=0.1, lr_steps="batch", weight_decay=1e-4, cutout=0
        )
    )

    def __post_init__(self) -> None:
        check_bounds(self, m=(1, 1000), num_repeats=(1, 10_000))
        check_cutout(self.training, self.skeleton)


@dataclass(frozen=True, kw_only=True)
class ProxyScoring:
    """How untrained networks are scored by zero-cost proxies: on one batch of training images."""

    data_set: str = "cifar10"
    batch_size: int = 64
    skeleton: Skeleton = NASBENCH101


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Recipes that belong together, and what they are for.

    Attributes:
        name: on the command line.
        about: a line for a reader.
        recipe: of the supernet.
        table: what holds the truth: 'digits' (ships with the project), 'nasbench101' (imported by
            the user) or a path; empty where architectures are searched, not ranked.
        truth_skeleton: the network of the table's figures, where the recipe's is another on
            purpose, such as a narrower one; None: they are the same.
        stand_alone: how a table like it is made.
        final: how what a search finds is trained; None where cells are ranked.
    """

    name: str
    about: str
    recipe: Recipe
    table: str = ""
    truth_skeleton: Skeleton | None = None
    stand_alone: StandAlone = field(default_factory=StandAlone)
    final: Final | None = None


def check_cutout(training: Training, skeleton: Any) -> None:
    """Refuse a square that can blank whole images; an own net's part may know no size.

    Of recipes it is asked where they are resolved: on the way there size and square may not fit.

    Raises:
        ValueError: with the largest square to use.
    """
    size = getattr(skeleton, "image_size", training.cutout + 1)
    if training.cutout >= size:
        raise ValueError(
            f"cutout={training.cutout} can blank images of {size} pixels (image_size) whole: "
            f"use cutout={size // 2} or less, 0 for none"
        )
