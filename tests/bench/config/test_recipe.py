"""Recipes: overriding by name, and going through JSON unchanged."""

import json
from dataclasses import replace

import pytest

from bench.config.recipe import (
    PRESETS,
    RECIPES,
    Recipe,
    StandAlone,
    authors,
    digits,
    field_types,
    from_dict,
    override,
    paper,
    to_dict,
)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("recipe", RECIPES)
def test_recipes_survive_json(name: str, recipe: str) -> None:
    one = RECIPES[recipe](PRESETS[name]().recipe)
    assert from_dict(Recipe(), json.loads(json.dumps(to_dict(one)))) == one


@pytest.mark.parametrize("kind", [Recipe(), StandAlone()])
def test_field_names_are_unique_across_the_parts(kind: object) -> None:
    names = [name for name, _ in field_types(kind)]
    assert len(names) == len(set(names))


def test_override_reaches_every_part() -> None:
    changed = override(
        digits().recipe,
        {"epochs": "3", "lr": "0.5", "flip": "true", "stem_channels": "4", "m": "2",
         "calibration_reset": "False", "snapshot_epochs": "1,3", "batch_norm": "none"},
    )  # fmt: skip
    assert changed.training.epochs == 3
    assert changed.training.lr == 0.5
    assert changed.training.flip is True
    assert changed.skeleton.stem_channels == 4
    assert changed.m == 2
    assert changed.calibration.calibration_reset is False
    assert changed.snapshot_epochs == (1, 3)
    assert changed.batch_norm == "none"
    assert changed.training.momentum == digits().recipe.training.momentum


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("epoch", "3", "unknown recipe field 'epoch': did you mean 'epochs'"),
        ("epochs", "three", "epochs='three' is not of type int"),
        ("flip", "maybe", "flip='maybe' is not true or false"),
        ("snapshot_epochs", "1,x", "is not of type int"),
        ("epochs", "0", "epochs=0 must be at least 1"),
        ("batch_size", "0", "batch_size=0 must be at least 1"),
        ("precision", "fp8", "precision='fp8' is not fp32 or bf16"),
        ("lr_steps", "year", "lr_steps='year' is not epoch or batch"),
        ("num_train_images", "-1", "num_train_images=-1 must not be negative"),
    ],
)
def test_wrong_override_is_refused(name: str, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        override(digits().recipe, {name: text})


def test_recipe_with_missing_or_unknown_fields_is_refused() -> None:
    values = to_dict(Recipe()) | {"colour": "red"}
    del values["epochs"]
    with pytest.raises(ValueError, match="missing or unknown: colour, epochs"):
        from_dict(Recipe(), values)


def test_paper_preset_is_the_papers() -> None:
    recipe = paper().recipe
    training, skeleton = recipe.training, recipe.skeleton
    assert (training.epochs, training.batch_size, training.lr) == (100, 96, 0.025)
    assert (training.momentum, training.weight_decay, training.grad_clip) == (0.9, 3e-4, 5.0)
    assert (training.crop_padding, training.flip, training.cutout) == (4, True, 16)
    assert (skeleton.stem_channels, skeleton.num_stacks * skeleton.cells_per_stack) == (128, 9)
    assert (recipe.train_split, recipe.calibration.calibration_split) == ("train", "train")
    assert recipe.score_split == "valid"


def test_authors_recipe_is_as_released() -> None:
    recipe = authors(paper().recipe)
    assert recipe.name == "authors"
    assert recipe.space == "first-branches"
    assert recipe.train_split == "train+valid"
    assert recipe.score_split == recipe.calibration.calibration_split == "test"
    assert recipe.calibration.calibration_reset is False
    assert recipe.calibration.calibration_momentum == 0.1
    assert replace(recipe.training) == paper().recipe.training
