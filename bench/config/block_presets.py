"""Presets that search S1, S2 and S3 and train what is found.

They carry the paper's settings (sections 4.1 and 4.2); where it gives none they are marked 'ours'.
"""

from __future__ import annotations

from dataclasses import replace

from bench.config.recipe import Final, Preset, Recipe
from bench.config.training import Calibration, Training
from bench.network.skeleton import CIFAR10, IMAGENET

LOOP = Training(lr_steps="batch", drop_last=True, min_lr=0.0, weight_decay=1e-4)
SUPERNET = Recipe(
    name="supernet",
    net="bottlenecks",
    space="s1",
    m=2,
    skeleton=CIFAR10,
    training=LOOP,
    calibration=Calibration(calibration_images=5_000, calibration_batch=250),
)
FINAL = Final(skeleton=CIFAR10, training=LOOP)
DROPOUT = 0.2
"""Of networks trained to the end."""


def s1_preset() -> Preset:
    """Return S1 on CIFAR-10: 600 epochs, batch 256, SGD 0.06, cosine, decay 1e-4 (section 4.1).

    Augmentation is that of the released code; final training takes the supernet's settings (ours).
    """
    training = replace(LOOP, epochs=600, batch_size=256, lr=0.06)
    return Preset(
        name="s1",
        about="CIFAR-10, 12 layers, expansions and kernels; 19 GPU hours in the paper",
        recipe=replace(SUPERNET, training=training),
        final=replace(FINAL, skeleton=replace(CIFAR10, dropout=DROPOUT), training=training),
    )


def s1_small_preset() -> Preset:
    """Return S1 for a laptop: a quarter of its channels, one layer a stage, 16x16 images.

    Batch and rate were chosen by training accuracy, before any search.
    """
    training = replace(LOOP, epochs=12, batch_size=32, lr=0.1, crop_padding=2, cutout=0)
    skeleton = replace(CIFAR10, width=0.25, depth=0.25, image_size=16)
    recipe = replace(
        SUPERNET,
        num_train_images=20_000,
        num_score_images=500,
        snapshot_epochs=(2, 4, 6, 8, 10),
        skeleton=skeleton,
        training=training,
        calibration=Calibration(calibration_images=250, calibration_batch=250),
    )
    final = replace(
        FINAL,
        num_train_images=20_000,
        skeleton=replace(skeleton, dropout=DROPOUT),
        training=replace(training, epochs=20),
    )
    about = "CIFAR-10 at 16x16, 5 narrow layers; 10 minutes of one core"
    return Preset(name="s1-small", about=about, recipe=recipe, final=final)


def s2_preset() -> Preset:
    """Return S2 on ImageNet: kernels summed over all channels."""
    return _imagenet("s2", "ImageNet, 18 layers, kernels summed; 10 GPU days in the paper")


def s3_preset() -> Preset:
    """Return S3 on ImageNet: kernels summed in each of four channel groups."""
    return _imagenet("s3", "ImageNet, 18 layers, kernels in 4 groups; 10 GPU days in the paper")


def transfer_training() -> Training:
    """Return fine-tuning on CIFAR-10: 20,000 steps of batch 256, SGD, cosine.

    Steps and batch as Kornblith et al. 2019, whom the paper refers to; of their grid of rates and
    decays this is one point (ours).
    """
    return replace(LOOP, epochs=103, batch_size=256, lr=0.01, cutout=0)


def _imagenet(space: str, about: str) -> Preset:
    """Section 4.2: 120 epochs, batch 1024, SGD 0.1, cosine to 0, decay 1e-5.

    Final training with 'the tricks of MnasNet': RMSProp, 5 epochs of warm-up to 0.256 at batch
    4096, times 0.97 every 2.4 epochs, label smoothing, dropout, a moving average; 350 epochs.
    """
    supernet = replace(LOOP, epochs=120, batch_size=1024, lr=0.1, lr_batch=1024, weight_decay=1e-5)
    final = replace(
        LOOP,
        epochs=350,
        batch_size=4096,
        optimizer="rmsprop-tf",
        lr=0.256,
        lr_batch=4096,
        schedule="exponential",
        warmup_epochs=5,
        weight_decay=1e-5,
        label_smoothing=0.1,
        ema_decay=0.9999,
        min_lr=1e-8,
        bn_momentum=0.01,
        bn_epsilon=1e-3,
    )
    recipe = replace(
        SUPERNET,
        data_set="imagenet",
        space=space,
        num_score_images=10_000,
        score_batch=100,
        skeleton=IMAGENET,
        training=supernet,
        calibration=Calibration(calibration_images=2_000, calibration_batch=100),
    )
    trained = replace(
        FINAL,
        data_set="imagenet",
        space=space,
        test_batch=100,
        skeleton=replace(IMAGENET, dropout=DROPOUT),
        training=final,
    )
    return Preset(name=space, about=about, recipe=recipe, final=trained)
