"""Recipes of the MixPath pipelines: supernets in S1, S2 and S3, searches, final training, transfer.

Presets carry the paper's settings (sections 4.1 and 4.2); where it gives none they are marked
'ours'. `override` replaces fields by name, so that `--set width=0.25` scales down.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bench.config.recipe import Calibration, Training, check_choice, check_least
from bench.space.kernels import CIFAR10, IMAGENET, MixPathSpace, MixSkeleton, mixpath_space

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True)
class MixTraining(Training):
    """A training loop with what large images and long training need besides.

    Attributes:
        lr_batch: `lr` is meant for this batch and scaled linearly to `batch_size`; 0: it is not.
        schedule: 'cosine' to `min_lr`, or 'exponential' by `decay_rate` every `decay_epochs`.
        warmup_epochs: epochs in which the rate grows linearly from 0.
        drop_last: whether an epoch's last batch is left out where it is smaller.
        accumulate: micro-batches that one step's batch is run in, on each process.
        freeze_batch_norm: whether batch norms keep their statistics and normalise by them.
        workers: processes that decode images (image folders too large for memory).
    """

    lr_batch: int = 0
    lr_steps: str = "batch"
    schedule: str = "cosine"
    decay_rate: float = 0.97
    decay_epochs: float = 2.4
    warmup_epochs: float = 0.0
    drop_last: bool = True
    accumulate: int = 1
    label_smoothing: float = 0.0
    ema_decay: float = 0.0
    dropout: float = 0.0
    bn_momentum: float = 0.1
    bn_epsilon: float = 1e-5
    freeze_batch_norm: bool = False
    workers: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice(self, schedule=("cosine", "exponential"))
        check_least(self, 1, "accumulate")


@dataclass(frozen=True, kw_only=True)
class MixRecipe:
    """How a supernet's weights and scores come about."""

    name: str = "supernet"
    data_set: str = "cifar10"
    space: str = "s1"
    m: int = 2
    batch_norm: str = "shadow"
    sampler: str = "uniform"
    train_split: str = "train"
    num_train_images: int = 0
    score_split: str = "valid"
    num_score_images: int = 0
    score_batch: int = 250
    scorers: tuple[str, ...] = ()
    snapshot_epochs: tuple[int, ...] = ()
    skip_broken: bool = False
    skeleton: MixSkeleton = CIFAR10
    training: MixTraining = field(default_factory=MixTraining)
    calibration: Calibration = field(
        default_factory=lambda: Calibration(calibration_images=5_000, calibration_batch=250)
    )


@dataclass(frozen=True, kw_only=True)
class FinalRecipe:
    """How one architecture is trained for good.

    Attributes:
        start: 'scratch', or a run folder whose weights it starts from (a supernet's, or a
            network's, whose dense layer is then drawn anew where the classes differ).
        resize: images are enlarged to this size before the network; 0: they are not.
    """

    name: str = "retrain"
    data_set: str = "cifar10"
    space: str = "s1"
    m: int = 2
    architecture: str = ""
    start: str = "scratch"
    train_split: str = "train+valid"
    num_train_images: int = 0
    test_split: str = "test"
    num_test_images: int = 0
    test_batch: int = 250
    resize: int = 0
    skip_broken: bool = False
    skeleton: MixSkeleton = CIFAR10
    training: MixTraining = field(default_factory=MixTraining)


@dataclass(frozen=True, kw_only=True)
class MixPreset:
    """A supernet recipe, the recipe for what is found with it, and what they are for."""

    name: str
    about: str
    recipe: MixRecipe
    final: FinalRecipe


def recipe_space(recipe: MixRecipe | FinalRecipe) -> MixPathSpace:
    """Build the recipe's search space."""
    return mixpath_space(recipe.space, recipe.m, recipe.skeleton)


def s1_preset() -> MixPreset:
    """Return S1 on CIFAR-10: 600 epochs, batch 256, SGD 0.06, cosine, decay 1e-4 (section 4.1).

    Augmentation is that of the released code; final training takes the supernet's settings (ours).
    """
    training = MixTraining(epochs=600, batch_size=256, lr=0.06, min_lr=0.0, weight_decay=1e-4)
    return MixPreset(
        name="s1",
        about="CIFAR-10, 12 layers, expansions and kernels; 19 GPU hours in the paper",
        recipe=MixRecipe(training=training),
        final=FinalRecipe(training=replace(training, dropout=0.2)),
    )


def s1_small_preset() -> MixPreset:
    """Return S1 for a laptop: a quarter of its channels, one layer a stage, 16x16 images.

    Batch and rate were chosen by training accuracy, before any search.
    """
    training = MixTraining(
        epochs=12, batch_size=32, lr=0.1, min_lr=0.0, weight_decay=1e-4, crop_padding=2, cutout=0
    )
    skeleton = replace(CIFAR10, width=0.25, depth=0.25, image_size=16)
    recipe = MixRecipe(
        num_train_images=20_000,
        num_score_images=500,
        snapshot_epochs=(2, 4, 6, 8, 10),
        skeleton=skeleton,
        training=training,
        calibration=Calibration(calibration_images=250, calibration_batch=250),
    )
    final = FinalRecipe(
        num_train_images=20_000,
        skeleton=skeleton,
        training=replace(training, epochs=20, dropout=0.2),
    )
    about = "CIFAR-10 at 16x16, 5 narrow layers; 10 minutes of one core"
    return MixPreset(name="s1-small", about=about, recipe=recipe, final=final)


def s2_preset() -> MixPreset:
    """Return S2 on ImageNet: kernels summed over all channels."""
    return _imagenet("s2", "ImageNet, 18 layers, kernels summed; 10 GPU days in the paper")


def s3_preset() -> MixPreset:
    """Return S3 on ImageNet: kernels summed in each of four channel groups."""
    return _imagenet("s3", "ImageNet, 18 layers, kernels in 4 groups; 10 GPU days in the paper")


MIXPATH_PRESETS: dict[str, Callable[[], MixPreset]] = {
    "s1": s1_preset,
    "s1-small": s1_small_preset,
    "s2": s2_preset,
    "s3": s3_preset,
}


def transfer_training() -> MixTraining:
    """Return fine-tuning on CIFAR-10: 20,000 steps of batch 256, SGD, cosine.

    Steps and batch as Kornblith et al. 2019, whom the paper refers to; of their grid of rates and
    decays this is one point (ours).
    """
    return MixTraining(
        epochs=103, batch_size=256, lr=0.01, min_lr=0.0, weight_decay=1e-4, cutout=0, dropout=0.2
    )


def _imagenet(space: str, about: str) -> MixPreset:
    """Section 4.2: 120 epochs, batch 1024, SGD 0.1, cosine to 0, decay 1e-5.

    Final training with 'the tricks of MnasNet': RMSProp, 5 epochs of warm-up to 0.256 at batch
    4096, times 0.97 every 2.4 epochs, label smoothing, dropout, a moving average; 350 epochs.
    """
    supernet = MixTraining(
        epochs=120, batch_size=1024, lr=0.1, lr_batch=1024, min_lr=0.0, weight_decay=1e-5
    )
    final = MixTraining(
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
        dropout=0.2,
        bn_momentum=0.01,
        bn_epsilon=1e-3,
    )
    recipe = MixRecipe(
        data_set="imagenet",
        space=space,
        num_score_images=10_000,
        score_batch=100,
        skeleton=IMAGENET,
        training=supernet,
        calibration=Calibration(calibration_images=2_000, calibration_batch=100),
    )
    trained = FinalRecipe(
        data_set="imagenet", space=space, test_batch=100, skeleton=IMAGENET, training=final
    )
    return MixPreset(name=space, about=about, recipe=recipe, final=trained)
