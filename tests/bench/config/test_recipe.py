"""Recipes: overriding by name, and going through JSON unchanged."""

import json
from dataclasses import dataclass, replace

import pytest

from bench.config.cell_presets import authors, digits, paper
from bench.config.fields import field_types, from_dict, override, to_dict
from bench.config.recipe import Final, Recipe, StandAlone, check_cutout
from bench.config.registry import PRESETS, RECIPES
from bench.config.training import Training
from bench.network.skeleton import NASBENCH101, BlockSkeleton
from bench.runs.about import KINDS, read_about
from supernet.parts import resolve
from tests.paths import ROOT

RANKED = [name for name, make in PRESETS.items() if make().table]


@pytest.mark.parametrize("name", RANKED)
@pytest.mark.parametrize("recipe", RECIPES)
def test_recipes_survive_json(name: str, recipe: str) -> None:
    one = RECIPES[recipe](PRESETS[name]().recipe)
    assert from_dict(Recipe(), json.loads(json.dumps(to_dict(one)))) == one


@pytest.mark.parametrize("name", sorted(set(PRESETS) - set(RANKED)))
def test_recipes_of_s1_to_s3_survive_json(name: str) -> None:
    preset = PRESETS[name]()
    assert preset.final is not None
    supernet, final = preset.recipe, preset.final
    assert supernet.net == final.net == "bottlenecks"
    for recipe, empty in ((supernet, Recipe()), (final, Final())):
        default = replace(empty, skeleton=BlockSkeleton())
        assert from_dict(default, json.loads(json.dumps(to_dict(recipe)))) == recipe


@pytest.mark.parametrize(
    "kind", [Recipe(), StandAlone(), Recipe(skeleton=BlockSkeleton()), Final()]
)
def test_field_names_are_unique_across_the_parts(kind: object) -> None:
    names = [name for name, _ in field_types(kind)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("net", [NASBENCH101, BlockSkeleton()])
@pytest.mark.parametrize(
    ("field", "value"),
    [("num_train_images", -5), ("num_score_images", -1), ("score_batch", -1)],
)
def test_every_net_has_the_same_checks(net: object, field: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{field}={value} must not be negative"):
        Recipe(skeleton=net, **{field: value})  # type: ignore[arg-type]  # any field


def test_override_reaches_every_part() -> None:
    changed = override(
        digits().recipe,
        {
            "epochs": "3",
            "lr": "0.5",
            "flip": "true",
            "stem_channels": "4",
            "m": "2",
            "calibration_reset": "False",
            "snapshot_epochs": "1,3",
            "batch_norm": "none",
        },
    )
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
        ("snapshot_epochs", "2,-1", "snapshot_epochs=-1 must be at least 1"),
        ("epochs", "1_000", "epochs='1_000' is not of type int"),
        ("epochs", "\u0663", "is not of type int"),
        ("lr", "1_0.5", "lr='1_0.5' is not of type float"),
        ("name", "../../x", r"name='../../x' must be of letters, digits"),
        ("epochs", "0", "epochs=0 must be at least 1"),
        ("epochs", str(2**63), "epochs=9223372036854775808 must be at most 1,000,000"),
        ("epochs", "9" * 5000, "epochs='9{40}' is not of type int"),
        ("num_stacks", "9" * 20, "num_stacks=9{20} must be at most 16"),
        ("m", "0", "m=0 must be at least 1"),
        ("lr", "nan", "lr=nan must be a number from 0.0 to 1,000.0"),
        ("lr", "inf", "lr=inf must be at most 1,000.0"),
        ("lr", "1e400", "lr=inf must be at most"),
        ("lr", "-0.1", "lr=-0.1 must not be negative"),
        ("momentum", "1.5", "momentum=1.5 must be at most 1.0"),
        ("decay_epochs", "0", "decay_epochs=0.0 must be at least 1e-09"),
        ("workers", "1000000", "workers=1000000 must be at most 1,024"),
        ("batch_size", "1e3", "batch_size='1e3' is not of type int"),
        ("calibration_batch", str(10**12), "calibration_batch=1000000000000 must be at most"),
        ("batch_size", "0", "batch_size=0 must be at least 1"),
        ("precision", "fp8", "precision='fp8' is not fp32 or bf16"),
        ("lr_steps", "year", "lr_steps='year' is not epoch or batch"),
        ("num_train_images", "-1", "num_train_images=-1 must not be negative"),
    ],
)
def test_wrong_override_is_refused(name: str, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        override(digits().recipe, {name: text})


def test_unknown_fields_are_refused_and_later_ones_have_defaults() -> None:
    values = to_dict(replace(Recipe(), m=2))
    with pytest.raises(ValueError, match="unknown recipe field 'epoch': did you mean 'epochs'"):
        from_dict(Recipe(), values | {"epoch": 3})
    del values["warmup_epochs"], values["net"]
    assert from_dict(Recipe(), values) == replace(Recipe(), m=2)


@dataclass(frozen=True, kw_only=True)
class Later(Recipe):
    """A recipe of a later version, with one field more."""

    colour: str = "none"


def test_a_field_added_later_leaves_every_committed_run_readable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = sorted((ROOT / "results" / "reference").glob("**/run.json"))
    assert len(files) >= 44
    before = {path: read_about(path.parent).recipe for path in files}
    monkeypatch.setitem(KINDS, "supernet", Later)
    for path in files:
        recipe = read_about(path.parent).recipe
        if isinstance(recipe, Later):
            assert recipe.colour == "none"
            assert to_dict(recipe) == to_dict(before[path]) | {"colour": "none"}
    assert sum(isinstance(read_about(path.parent).recipe, Later) for path in files) > 40


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
    assert recipe.initialisation == "fan-out"
    assert replace(recipe.training) == paper().recipe.training


@pytest.mark.parametrize("name", RANKED)
def test_the_authors_calibration_leaves_next_to_nothing_of_training(name: str) -> None:
    """The released code sees 105 batches of 96; of 1 or 20 batches 90% or 12% would be left."""
    calibration = authors(PRESETS[name]().recipe).calibration
    left = (1 - calibration.calibration_momentum) ** calibration.calibration_batches
    assert left < 2e-5
    assert (calibration.calibration_batch, calibration.calibration_images) == (96, 0)


def test_a_cutout_as_large_as_the_images_is_refused() -> None:
    small = replace(NASBENCH101, image_size=16)
    message = r"cutout=16 can blank images of 16 pixels \(image_size\) whole: use cutout=8 or less"
    with pytest.raises(ValueError, match=message):
        check_cutout(Training(cutout=16), small)
    check_cutout(Training(cutout=15), small)
    check_cutout(Training(cutout=0), replace(small, image_size=8))
    check_cutout(Training(cutout=16), object())
    with pytest.raises(ValueError, match=message):
        StandAlone(skeleton=small, training=Training(cutout=16))


def test_a_preset_of_smaller_images_needs_a_smaller_cutout() -> None:
    """It is asked for where a recipe is resolved, and read from folders of before."""
    recipe = override(PRESETS["cifar10-small"]().recipe, {"image_size": "16"})
    assert from_dict(recipe, to_dict(recipe)) == recipe
    with pytest.raises(ValueError, match="cutout=16 can blank images of 16 pixels"):
        resolve(recipe)
    resolve(override(recipe, {"cutout": "0"}))
