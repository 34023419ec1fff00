"""The parts of a recipe: every name looked up once, at the door; below it, objects travel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from bench.base.names import call_plugin, load
from bench.config.recipe import check_cutout
from bench.runs.run import load_space
from supernet.data.registry import data_source
from supernet.nets.registry import NETS
from supernet.sampling import SAMPLERS
from supernet.score import SCORERS, check_scorer
from supernet.shadow_bn import norm_under_test
from supernet.training.optimizers import OPTIMIZERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.config.recipe import Recipe, Trained
    from bench.space.space import Space
    from supernet.data.pool import Pool
    from supernet.nets.supernet import Supernet
    from supernet.sampling import Sampler
    from supernet.score import Scorer


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a supernet's recipe names.

    Attributes:
        recipe: the recipe.
        space: its search space.
        build: builds the net, with weights drawn from torch's generator.
        sampler: which path trains next.
        scorers: beside accuracy and loss, by name.
        open_images: opens the images at a path, for a device.
    """

    recipe: Recipe
    space: Space
    build: Callable[[], Supernet]
    sampler: Sampler
    scorers: dict[str, Scorer]
    open_images: Callable[[Path | None, str], Pool]


def resolve(recipe: Recipe) -> Parts:
    """Look up every name of a recipe.

    Raises:
        ValueError: a name of what does not exist, parts that don't fit each other, or a scorer
            that does not return a value per image.
    """
    space = load_space(recipe)
    batch_norm = norm_under_test(recipe.batch_norm)
    net: Any = load(recipe.net, NETS, "net")
    check_training(recipe)
    scorers = {name: load(name, SCORERS, "scorer") for name in recipe.scorers}
    for name, scorer in scorers.items():
        check_scorer(name, scorer, recipe.skeleton.num_classes)
    return Parts(
        recipe=recipe,
        space=space,
        build=lambda: call_plugin(recipe.net, "net", net, recipe, space, batch_norm),
        sampler=partial(
            call_plugin, recipe.sampler, "sampler", load(recipe.sampler, SAMPLERS, "sampler")
        ),
        scorers=scorers,
        open_images=data_source(recipe),
    )


def check_training(recipe: Trained) -> None:
    """Refuse an optimiser that does not exist, and a cutout that can blank whole images.

    Raises:
        ValueError: either.
    """
    check_cutout(recipe.training, recipe.skeleton)
    load(recipe.training.optimizer, OPTIMIZERS, "optimizer")
