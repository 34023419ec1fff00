"""Where runs come from: other images and changed code are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bench.base.names import source_digest
from bench.config.cell_presets import digits
from bench.config.fields import override
from bench.runs.origin import Origin, check_origin, claim, origin_of, read_origin
from bench.runs.run import RunFolderError, open_run

if TYPE_CHECKING:
    from pathlib import Path

    from bench.runs.run import Run

RECIPE = digits().recipe
ONE, OTHER = Origin(images="1" * 64), Origin(images="2" * 64)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return open_run(tmp_path, RECIPE, 0, "cpu", 1)


def train(run: Run) -> None:
    """Leave what the first trained epoch leaves."""
    (run.folder / "history.csv").touch()


def test_it_is_written_until_something_is_trained_and_checked_ever_after(run: Run) -> None:
    assert read_origin(run.folder) == Origin()
    claim(run, ONE)
    claim(run, OTHER)
    assert read_origin(run.folder) == OTHER
    train(run)
    claim(run, OTHER)
    with pytest.raises(
        RunFolderError, match=r"has changed: images 22222222 \(now: 11111111\); put"
    ):
        claim(run, ONE)
    assert read_origin(run.folder) == OTHER


def test_runs_from_before_digests_go_on(run: Run) -> None:
    train(run)
    claim(run, ONE)
    assert read_origin(run.folder) == Origin()


def test_plugins_source_is_its_modules_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    file = tmp_path / "own_origin.py"
    file.write_text("def margin(logits, labels):\n    return logits[:, 0]\n")
    recipe = replace(RECIPE, scorers=("own_origin:margin",))
    before = origin_of(recipe, "1" * 64)
    assert list(before.plugins) == ["own_origin:margin"]
    claim(run, before)
    train(run)
    check_origin(run.folder, origin_of(recipe))
    file.write_text("def margin(logits, labels):\n    return logits[:, 1]  # another\n")
    with pytest.raises(RunFolderError, match="has changed: source of own_origin:margin"):
        check_origin(run.folder, origin_of(recipe))


def test_every_kind_of_plugin_counts() -> None:
    names = {
        "net": "tests.plugins:OneCell",
        "data_set": "tests.plugins:inverted",
        "space": "tests.plugins:FirstTwo",
        "batch_norm": "tests.plugins:halving-sum",
        "sampler": "tests.plugins:only_first_node",
    }
    plugins = origin_of(override(RECIPE, names)).plugins
    assert set(plugins) == set(names.values())
    assert len(set(plugins.values())) == 1
    assert origin_of(RECIPE).plugins == {}


def test_a_module_without_source_is_unknown() -> None:
    assert source_digest("math:sqrt") == ""
    assert Origin(plugins={"math:sqrt": ""}).known() == {}


def test_a_folder_in_which_nothing_was_trained_never_blocks(run: Run, tmp_path: Path) -> None:
    mended = replace(RECIPE, training=replace(RECIPE.training, lr=0.1))
    open_run(tmp_path, mended, 0, "cpu", 1)
    assert json.loads((run.folder / "run.json").read_text())["recipe"]["lr"] == 0.1


@pytest.mark.parametrize("name", ["checkpoint.pt", "history.csv", "scores.csv", "scores.part.csv"])
def test_a_folder_in_which_something_was_trained_is_kept(
    run: Run, tmp_path: Path, name: str
) -> None:
    (run.folder / name).touch()
    mended = replace(RECIPE, training=replace(RECIPE.training, lr=0.1))
    with pytest.raises(RunFolderError, match=r"another recipe: lr=0\.05 \(asked: 0\.1\)"):
        open_run(tmp_path, mended, 0, "cpu", 1)
