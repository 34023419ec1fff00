"""Presets that rank cells of NAS-Bench-101, and the recipes that protocols ask for."""

from __future__ import annotations

from dataclasses import replace

from bench.config.recipe import Preset, Recipe, StandAlone
from bench.config.training import Calibration, Training
from bench.network.skeleton import NASBENCH101, Skeleton


def digits() -> Preset:
    """Return the default: 8x8 digits and a table that ship with the project."""
    skeleton = Skeleton(
        stem_channels=8, num_stacks=3, cells_per_stack=1, image_size=8, in_channels=1
    )
    training = Training(epochs=40, batch_size=48, lr=0.05, crop_padding=1, flip=False, cutout=0)
    return Preset(
        name="digits",
        about="8x8 digits against 34 cells trained stand-alone; minutes on a laptop",
        table="digits",
        recipe=Recipe(
            data_set="digits",
            skeleton=skeleton,
            training=training,
            score_batch=297,
            snapshot_epochs=tuple(range(2, 41, 2)),
        ),
        stand_alone=StandAlone(
            data_set="digits",
            num_repeats=10,
            skeleton=skeleton,
            training=replace(training, epochs=12, batch_size=96, lr=0.1),
        ),
    )


def cifar10_small() -> Preset:
    """Return CIFAR-10 on a narrow, short skeleton and a subset of the images."""
    return Preset(
        name="cifar10-small",
        about="CIFAR-10, 16 channels, 3 cells, 20,000 training images; under an hour on a laptop",
        table="nasbench101",
        truth_skeleton=NASBENCH101,
        recipe=Recipe(
            skeleton=replace(NASBENCH101, stem_channels=16, cells_per_stack=1),
            training=Training(epochs=8),
            snapshot_epochs=tuple(range(1, 9)),
            num_train_images=20_000,
            num_score_images=2_000,
            calibration=Calibration(calibration_images=1_000, calibration_batch=250),
        ),
    )


def paper() -> Preset:
    """Return the paper's settings: 128 channels, 9 cells, 100 epochs; a GPU."""
    return Preset(
        name="paper",
        about="CIFAR-10, 128 channels, 9 cells, 100 epochs, NAS-Bench-101 truth; a GPU",
        table="nasbench101",
        recipe=Recipe(calibration=Calibration(calibration_batch=500), score_batch=500),
    )


def sound(recipe: Recipe) -> Recipe:
    """Train and calibrate on the training split, score on the validation split."""
    return recipe


def authors(recipe: Recipe) -> Recipe:
    """Do what the released code does: its space, all images, the test set throughout.

    Calibration is one pass over its 10,000 test images in batches of 96: 105 batches, which leave
    0.9^105 (1e-5) of the statistics of training. Fewer images are gone through again, since it is
    the number of batches that counts.
    """
    return replace(
        recipe,
        name="authors",
        space="first-branches",
        train_split="train+valid",
        score_split="test",
        initialisation="fan-out",
        calibration=replace(
            recipe.calibration,
            calibration_split="test",
            calibration_images=0,
            calibration_batch=96,
            calibration_batches=105,
            calibration_reset=False,
        ),
    )
