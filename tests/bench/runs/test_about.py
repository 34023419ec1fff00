"""What a run folder says of itself; a net has the cells' skeleton unless one is named for it."""

import re
from pathlib import Path

import pytest

from bench.config.recipe import Recipe
from bench.network.skeleton import BlockSkeleton, Skeleton
from bench.runs.about import RunFolderError, open_folder, skeleton_type
from bench.runs.digests import write_kept
from bench.runs.origin import Origin, claim
from bench.runs.run import open_run, read_run
from tests.rewritten import rewrite_recipe


@pytest.mark.parametrize(
    ("net", "kind"),
    [("cells", Skeleton), ("bottlenecks", BlockSkeleton), ("a-further-one", Skeleton)],
)
def test_a_net_that_names_no_skeleton_has_the_cells(net: str, kind: type) -> None:
    assert skeleton_type(net) is kind


def test_a_run_of_such_a_net_is_read_back(tmp_path: Path) -> None:
    recipe = Recipe(net="a-further-one", skeleton=Skeleton(stem_channels=4))
    run = open_run(tmp_path, recipe, 0, "cpu", 1)
    assert read_run(run.folder).recipe == recipe


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"m": 1.5}, "m=1.5 is not of type int"),
        ({"m": True}, "m=True is not of type int"),
        ({"m": None}, "m=None is not of type int"),
        ({"name": 3}, "name=3 is not of type str"),
        ({"skip_broken": 1}, "skip_broken=1 is not of type bool"),
        ({"lr": "0.1"}, "lr='0.1' is not of type float"),
        ({"lr": True}, "lr=True is not of type float"),
        ({"snapshot_epochs": 2}, "snapshot_epochs=2 is not of type list of int"),
        ({"snapshot_epochs": [2, "x"]}, "snapshot_epochs=[2, 'x'] is not of type list of int"),
        ({"epochs": 0}, "epochs=0 must be at least 1"),
        ({"epoch": 5}, "unknown recipe field 'epoch'"),
    ],
)
def test_a_field_of_another_type_is_refused(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    run = open_run(tmp_path, Recipe(), 0, "cpu", 1)
    rewrite_recipe(run.folder, lr=1)  # a whole number is a float's value
    assert read_run(run.folder).recipe.training.lr == 1
    rewrite_recipe(run.folder, **changes)
    with pytest.raises(RunFolderError, match=re.escape(f"run.json can't be read: {message}")):
        read_run(run.folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"lr": 0.025', '"lr": NaN', "NaN is no number"),
        ('"seed": 0', '"seed": -1', "key 'seed': '-1' is below 0"),
        ('"seed": 0', '"seed": 0,\n "seed": 1', "key 'seed' is there twice"),
        ('"plugins": {}', '"plugins": {"a": 1}', "key 'plugins': .* is no texts"),
    ],
)
def test_values_that_json_takes_are_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    run = open_run(tmp_path, Recipe(), 0, "cpu", 1)
    claim(run, Origin())
    path = run.folder / "run.json"
    assert old in path.read_text()
    write_kept(path.read_text().replace(old, new, 1), path)
    with pytest.raises(RunFolderError, match=message):
        read_run(run.folder)


def test_another_seed_and_results_without_a_recipe_are_refused(tmp_path: Path) -> None:
    run = open_run(tmp_path, Recipe(), 0, "cpu", 1)
    (run.folder / "history.csv").touch()
    with pytest.raises(RunFolderError, match=r"another recipe: seed=0 \(asked: 1\)"):
        open_folder(run.folder, Recipe(), 1, "cpu", 1)
    (run.folder / "run.json").unlink()
    with pytest.raises(RunFolderError, match=r"has results, but no run\.json that tells"):
        open_folder(run.folder, Recipe(), 0, "cpu", 1)


def test_a_folder_that_another_command_took_over_is_not_trained_in(tmp_path: Path) -> None:
    run = open_run(tmp_path, Recipe(), 0, "cpu", 1)
    open_folder(run.folder, Recipe(num_train_images=5), 0, "cpu", 1)
    with pytest.raises(RunFolderError, match=r"another command took .* over for another recipe"):
        claim(run, Origin())


def test_an_unknown_kind_of_run_is_refused_with_a_remedy(tmp_path: Path) -> None:
    run = open_run(tmp_path, Recipe(), 0, "cpu", 1)
    path = run.folder / "run.json"
    write_kept(path.read_text().replace('"supernet"', '"x"', 1), path)
    with pytest.raises(RunFolderError, match="kind 'x' is none of supernet, network; put it back"):
        read_run(run.folder)
