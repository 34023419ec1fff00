"""Speed of the cells' supernet: a training step and a scoring pass, against a plain loop.

The plain loop is built from the same weights, and its outputs are compared with ours (to 1e-4)
before anything is timed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from bench.base.timing import in_turns, row
from bench.config.recipe import Recipe
from bench.config.training import Training
from bench.network.skeleton import Skeleton
from bench.space.branches import Branches
from supernet.data.data_set import DataSet, Images, to_input
from supernet.data.source import TensorSource
from supernet.nets.cells import CellNet
from supernet.sampling import uniform
from supernet.score import SupernetScorer
from supernet.speed.plain_cells import PlainLoop
from supernet.training.trainer import Trainer, initialise

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.space.branches import Architecture

BATCH = 96
SCORE_BATCH = 48
"""Ours, that fits into caches; the plain loop scores in batches of training's size."""
REPEATS = 9
NUM_SCORED = 64
SKELETON = Skeleton(stem_channels=16)
SPACE = Branches(4)


def precisions() -> list[str]:
    """List what a CPU computes in: bf16 where it has instructions for it."""
    return ["fp32", "bf16"] if torch.ops.mkldnn._is_mkldnn_bf16_supported() else ["fp32"]


def measure_training(precision: str = "fp32") -> dict[str, Any]:
    """Compare a training step: draw a path, forward, backward, clip, step.

    Args:
        precision: ours; the plain loop's is fp32.
    """
    torch.set_num_threads(1)
    data, model = _data(BATCH), _supernet()
    training = Training(epochs=10_000, precision=precision)
    plain = PlainLoop(model, training)
    trainer = Trainer(
        model,
        TensorSource(data.train, data.statistics, training, 0),
        training,
        lambda rng, progress: uniform(SPACE, rng, progress),
        0,
    )
    x, labels = _input(data, BATCH)

    def ours() -> None:
        trainer.run_epoch()  # one batch, its augmentation included

    def theirs() -> None:
        path = uniform(SPACE, trainer.paths, 0.0)
        plain.step(x, labels, path)

    return _ratio(f"training_step{_suffix(precision)}", ours, theirs, 2.2, repeats=4 * REPEATS)


def measure_scoring(precision: str = "fp32") -> dict[str, Any]:
    """Compare scoring: every image through every one of NUM_SCORED architectures.

    Args:
        precision: ours; the plain loop's is fp32.
    """
    torch.set_num_threads(1)
    data, model = _data(BATCH), _supernet()
    plain = PlainLoop(model, Training())
    chosen = [SPACE.architectures()[i] for i in range(0, 255, 4)][:NUM_SCORED]
    recipe = Recipe(skeleton=SKELETON, score_batch=SCORE_BATCH, score_precision=precision)
    scorer = SupernetScorer(model, SPACE, data, recipe)
    x, labels = _input(data, BATCH)
    _check_outputs(model, plain, x, chosen)

    def ours() -> None:
        for _ in scorer.raw(chosen):
            pass

    def theirs() -> None:
        for architecture in chosen:
            plain.score(x, labels, SPACE.path(architecture))

    return _ratio(f"scoring_pass{_suffix(precision)}", ours, theirs, 4.0, repeats=3)


def _suffix(precision: str) -> str:
    return "" if precision == "fp32" else f"_{precision}"


def _supernet() -> CellNet:
    model = initialise(lambda: CellNet(SKELETON, SPACE), 0)
    assert isinstance(model, CellNet)
    return model.to(memory_format=torch.channels_last)


def _data(num_images: int) -> DataSet:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (num_images, 3, 32, 32), generator=generator, dtype=torch.uint8)
    images = Images(pixels, torch.arange(num_images) % 10)
    return DataSet("noise", images, images, images, 10)


def _input(data: DataSet, num_images: int) -> tuple[torch.Tensor, torch.Tensor]:
    x = to_input(data.train.pixels[:num_images], data.statistics).contiguous()
    return x, data.train.labels[:num_images]


def _check_outputs(
    model: CellNet, plain: PlainLoop, x: torch.Tensor, chosen: list[Architecture]
) -> None:
    model.eval()
    plain.model.eval()
    with torch.no_grad():
        for path in map(SPACE.path, chosen):
            both = (
                model(x.contiguous(memory_format=torch.channels_last), path),
                plain.forward(x, path),
            )
            assert torch.allclose(*both, atol=1e-4), "the baseline computes something else"


def _ratio(
    name: str,
    ours: Callable[[], None],
    theirs: Callable[[], None],
    aim: float,
    *,
    repeats: int,
) -> dict[str, Any]:
    ours_s, baseline_s = in_turns(range(repeats), lambda _: ours(), lambda _: theirs())
    about = {"ours_s": ours_s, "baseline_s": baseline_s}
    return row(name, baseline_s / ours_s, "ratio", aim) | about
