"""Recipes in words: every choice that decides a number is spelled out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench.config.cell_presets import digits
from bench.config.registry import PRESETS, RECIPES
from bench.runs.run import Run
from bench.runs.words import describe_recipe, describe_recipes


def test_a_recipe_in_one_sentence() -> None:
    assert describe_recipe(digits().recipe) == (
        "Supernet over the space branches, 3 stacks of 1 cell on 8 channels, 8x8 images; "
        "trained on all images of the train split of digits for 40 epochs, batch 48, SGD, "
        "learning rate 0.05 with cosine decay, momentum 0.9, weight decay 0.0003, gradient clip "
        "5, fp32; paths drawn by the sampler uniform; calibrated, where it says so, on all images "
        "of the train split, 1000 a batch, statistics reset and pooled over all batches; scored "
        "on all images of its valid split, 297 a batch."
    )


def test_what_the_authors_do_differently_is_said() -> None:
    words = describe_recipe(RECIPES["authors"](PRESETS["cifar10-small"]().recipe))
    assert "20,000 images of the train+valid split" in words
    assert (
        "on all images of the test split, 96 a batch, gone through until 105 batches were seen, "
        "statistics moved on by 0.1 a batch, not reset" in words
    )
    assert words.endswith("scored on 2,000 images of its test split, 50 a batch.")


def test_runs_of_a_recipe_share_a_description() -> None:
    recipe = digits().recipe
    changed = replace(recipe, m=3, training=replace(recipe.training, epochs=20))
    runs = [
        Run(Path(), recipe, 0),
        Run(Path(), replace(recipe, batch_norm="single"), 1),
        Run(Path(), changed, 0),
    ]
    about = describe_recipes(runs)["sound"]
    assert about["m"] == [3, 4]
    assert about["batch_norms"] == ["shadow", "single"]
    assert about["seeds"] == [0, 1]
    assert about["fields"]["epochs"] == [40, 20], "a field that varies lists its values"
    assert about["fields"]["data_set"] == "digits"
    assert "m" not in about["fields"]
