"""How a training loop takes its steps, and how batch-norm statistics are calibrated."""

from __future__ import annotations

from dataclasses import dataclass

from bench.base.checks import check_bounds, check_choice

MOST_IMAGES = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Training:
    """One training loop, with the released code's settings for cells as defaults.

    Attributes:
        epochs: passes over the training images.
        batch_size: of all processes together.
        optimizer: a name in `supernet.training.optimizers`.
        lr: the largest learning rate.
        min_lr: the rate that the cosine ends at, and the least of the exponential.
        lr_steps: whether the cosine moves an 'epoch' or a 'batch' at a time.
        lr_batch: `lr` is meant for this batch and scaled linearly to `batch_size`; 0: it is not.
        schedule: 'cosine', or 'exponential' by `decay_rate` every `decay_epochs`.
        decay_rate: of the exponential schedule.
        decay_epochs: of the exponential schedule.
        warmup_epochs: epochs in which the rate grows linearly from 0.
        momentum: of the optimiser.
        weight_decay: of all parameters but those of batch norms.
        grad_clip: largest norm of the gradient.
        crop_padding: pixels on each side before a random crop.
        flip: whether images are mirrored at random.
        cutout: side of the square that is blanked, in pixels; 0: none.
        precision: 'fp32' or 'bf16' (autocast).
        drop_last: whether an epoch's last batch is left out where it is smaller.
        accumulate: micro-batches that one step's batch is run in, on each process.
        label_smoothing: share of the label's probability spread over all classes.
        ema_decay: of the weights' moving average; 0: none is kept.
        bn_momentum: weight of the new batch in the running statistics (PyTorch's convention).
        bn_epsilon: added to the variance.
        freeze_batch_norm: whether batch norms keep their statistics and normalise by them.
        sync_batch_norm: whether several processes normalise by the statistics of the whole batch
            (SyncBatchNorm, CUDA only); else each by those of its own share, as
            DistributedDataParallel does, and rank 0's running statistics are kept. One process
            has the whole batch: there it changes nothing.
        workers: processes that decode images (image folders too large for memory).
        cuda_graphs: whether steps, and what is scored, are captured on a GPU (`supernet.graphs`).
        fused: whether batch norm and ReLU of cells are compiled into one kernel while training
            (`supernet.training.fused`); rounds otherwise, takes a minute to begin.
    """

    epochs: int = 100
    batch_size: int = 96
    optimizer: str = "sgd"
    lr: float = 0.025
    min_lr: float = 1e-8
    lr_steps: str = "epoch"
    lr_batch: int = 0
    schedule: str = "cosine"
    decay_rate: float = 0.97
    decay_epochs: float = 2.4
    warmup_epochs: float = 0.0
    momentum: float = 0.9
    weight_decay: float = 3e-4
    grad_clip: float = 5.0
    crop_padding: int = 4
    flip: bool = True
    cutout: int = 16
    precision: str = "fp32"
    drop_last: bool = False
    accumulate: int = 1
    label_smoothing: float = 0.0
    ema_decay: float = 0.0
    bn_momentum: float = 0.1
    bn_epsilon: float = 1e-5
    freeze_batch_norm: bool = False
    sync_batch_norm: bool = False
    workers: int = 4
    cuda_graphs: bool = True
    fused: bool = False

    def __post_init__(self) -> None:
        check_bounds(
            self,
            epochs=(1, 1_000_000),
            batch_size=(1, 1_000_000),
            lr=(0.0, 1e3),
            min_lr=(0.0, 1e3),
            lr_batch=(0, 1_000_000),
            decay_rate=(1e-9, 1.0),
            decay_epochs=(1e-9, 1e6),
            warmup_epochs=(0.0, 1e6),
            momentum=(0.0, 1.0),
            weight_decay=(0.0, 1e3),
            grad_clip=(1e-9, 1e9),
            crop_padding=(0, 10_000),
            cutout=(0, 10_000),
            accumulate=(1, 1_000_000),
            label_smoothing=(0.0, 1.0),
            ema_decay=(0.0, 1.0),
            bn_momentum=(0.0, 1.0),
            bn_epsilon=(0.0, 1.0),
            workers=(0, 1024),
        )
        check_choice(
            self,
            precision=("fp32", "bf16"),
            lr_steps=("epoch", "batch"),
            schedule=("cosine", "exponential"),
        )


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Batch-norm statistics of one path, re-estimated before it is scored.

    Attributes:
        calibration_split: which images.
        calibration_images: how many; 0: all.
        calibration_batch: images a batch; 0: all in one.
        calibration_batches: how many, going through the images again where they are too few; 0:
            once through.
        calibration_reset: whether to start from nothing and pool all batches; without it the
            running statistics move on from training, as the released code's do.
        calibration_momentum: by how much a batch, without reset.
    """

    calibration_split: str = "train"
    calibration_images: int = 0
    calibration_batch: int = 1000
    calibration_batches: int = 0
    calibration_reset: bool = True
    calibration_momentum: float = 0.1

    def __post_init__(self) -> None:
        check_bounds(
            self,
            calibration_images=(0, MOST_IMAGES),
            calibration_batch=(0, MOST_IMAGES),
            calibration_batches=(0, 1_000_000),
            calibration_momentum=(0.0, 1.0),
        )
