"""Recipes in words and as tables, for whoever reads a number and asks what made it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.config.fields import to_dict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.config.recipe import Recipe
    from bench.config.training import Calibration, Training
    from bench.runs.run import Run

PER_RUN = ("name", "m", "batch_norm")


def describe_recipes(runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    """Describe each recipe of some runs: in words, its fields, and what varies between runs.

    Returns:
        By name: words; fields (where runs differ, the list of their values); m, batch_norms and
        seeds, the values that were run.
    """
    by_name: dict[str, list[Run]] = {}
    for run in runs:
        by_name.setdefault(run.recipe.name, []).append(run)
    return {name: _describe_runs(same) for name, same in by_name.items()}


def describe_recipe(recipe: Recipe) -> str:
    """Spell out how the weights and scores of a run come about."""
    skeleton = recipe.skeleton
    network = (
        f"Supernet over the space {recipe.space}, {skeleton.num_stacks} stacks of "
        f"{count(skeleton.cells_per_stack, 'cell')} on {skeleton.stem_channels} channels, "
        f"{skeleton.image_size}x{skeleton.image_size} images"
    )
    scoring = (
        f"scored on {_images(recipe.num_score_images)} of its {recipe.score_split} split, "
        f"{recipe.score_batch} a batch"
    )
    parts = [network, _training(recipe, recipe.training), _calibration(recipe.calibration), scoring]
    return "; ".join(parts) + "."


def _describe_runs(runs: list[Run]) -> dict[str, Any]:
    recipes = [to_dict(run.recipe) for run in runs]
    fields = {}
    for name in recipes[0]:
        values = list({repr(recipe[name]): recipe[name] for recipe in recipes}.values())
        fields[name] = values[0] if len(values) == 1 else values
    return {
        "words": describe_recipe(runs[0].recipe),
        "fields": {name: value for name, value in fields.items() if name not in PER_RUN},
        "m": sorted({run.recipe.m for run in runs}),
        "batch_norms": sorted({run.variant for run in runs}),
        "seeds": sorted({run.seed for run in runs}),
    }


def _training(recipe: Recipe, training: Training) -> str:
    return (
        f"trained on {_images(recipe.num_train_images)} of the {recipe.train_split} split of "
        f"{recipe.data_set} for {count(training.epochs, 'epoch')}, batch {training.batch_size}, "
        f"{training.optimizer.upper()}, learning rate {training.lr:g} with cosine decay, momentum "
        f"{training.momentum:g}, weight decay {training.weight_decay:g}, gradient clip "
        f"{training.grad_clip:g}, {training.precision}; paths drawn by the sampler {recipe.sampler}"
    )


def _calibration(calibration: Calibration) -> str:
    how = (
        "statistics reset and pooled over all batches"
        if calibration.calibration_reset
        else f"statistics moved on by {calibration.calibration_momentum:g} a batch, not reset"
    )
    size = f"{calibration.calibration_batch or 'all'} a batch"
    if num := calibration.calibration_batches:
        size += f", gone through until {count(num, 'batch', 'batches')} were seen"
    return (
        f"calibrated, where it says so, on {_images(calibration.calibration_images)} of the "
        f"{calibration.calibration_split} split, {size}, {how}"
    )


def _images(num: int) -> str:
    return f"{num:,} images" if num else "all images"


def count(number: int, thing: str, things: str = "") -> str:
    """Write a number of things, `things` being their plural where an s is not enough."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"
