"""Recipes changed by name from Python, as from a command line."""

from __future__ import annotations

import pytest

from bench.config.cell_presets import digits
from bench.config.fields import override
from bench.verbs.folders import results_folder
from bench.verbs.presets import changed, differences, mixpath_preset, ranking_preset


def test_values_and_their_texts_change_a_recipe_alike() -> None:
    recipe = digits().recipe
    texts = {"epochs": "2", "lr": "0.1", "flip": "true", "snapshot_epochs": "1,2", "scorers": "a:b"}
    values = {"epochs": 2, "lr": 0.1, "flip": True, "snapshot_epochs": (1, 2), "scorers": ["a:b"]}
    assert changed(recipe, values) == override(recipe, texts)
    assert set(differences(changed(recipe, values), recipe)) == set(texts)


def test_none_changes_nothing_and_an_empty_list_does() -> None:
    recipe = digits().recipe
    assert changed(recipe, {"epochs": None}) == recipe
    assert changed(recipe, {"snapshot_epochs": ()}).snapshot_epochs == ()


def test_presets_are_found_by_name_and_misspelt_ones_are_not() -> None:
    assert ranking_preset("digits").name == "digits"
    assert mixpath_preset("s2").name == "s2"
    with pytest.raises(ValueError, match="did you mean 'digits'"):
        ranking_preset("digts")
    with pytest.raises(ValueError, match="unknown preset"):
        mixpath_preset("s4")


def test_an_own_preset_plugs_in() -> None:
    assert ranking_preset("bench.config.cell_presets:digits") == digits()


def test_a_changed_recipe_names_its_fields_and_needs_a_folder() -> None:
    assert str(results_folder(None, "digits", [])) == "results/digits"
    assert str(results_folder("mine", "digits", ["epochs"])) == "mine"
    with pytest.raises(ValueError, match="epochs, lr differ from preset 'digits': name a folder"):
        results_folder(None, "digits", ["epochs", "lr"])


def test_snapshots_after_the_last_epoch_are_refused_where_they_are_asked_for() -> None:
    recipe = ranking_preset("digits").recipe
    assert max(changed(recipe, {"epochs": 2}).snapshot_epochs) > 2, "the preset's own"
    with pytest.raises(ValueError, match="snapshot_epochs=3 must be at most epochs=2"):
        changed(recipe, {"snapshot_epochs": "1,3", "epochs": 2})
