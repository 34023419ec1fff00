"""Whose truth a table is: refused for other images or networks, unless meant, and then said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bench.config.cell_presets import cifar10_small, digits, paper
from bench.config.registry import PRESETS
from bench.network.cell import Cell
from bench.network.skeleton import NASBENCH101
from bench.ranking.truth import check_truth, truth_of
from bench.table.table import Row, Table, open_table, write_table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Any

    from bench.config.recipe import Recipe

EVERY = [make() for make in PRESETS.values()]
RECIPE = digits().recipe
NARROW = replace(RECIPE, skeleton=replace(RECIPE.skeleton, stem_channels=4))


def check(
    table: Table,
    runs: Iterable[tuple[Recipe, str]],
    presets: Any = EVERY,
    *,
    is_meant: bool = False,
) -> str:
    return check_truth(table, runs, presets, is_meant=is_meant)


def make(path: Path, skeleton: Any = NASBENCH101, **details: Any) -> Table:
    cell = Cell.from_matrix([[0, 1], [0, 0]], ["input", "output"])
    write_table(path, [Row(cell=cell, epochs=1, test=0.5)], skeleton=skeleton, details=details)
    return Table(path)


def test_a_preset_fits_its_table(tmp_path: Path) -> None:
    with open_table("digits") as table:
        assert check(table, [(RECIPE, ""), (RECIPE, "1")]) == ""
    with make(tmp_path / "nasbench101.h5") as table:
        assert check(table, [(paper().recipe, ""), (cifar10_small().recipe, "")]) == ""


def test_only_a_preset_declares_another_network(tmp_path: Path) -> None:
    with make(tmp_path / "nasbench101.h5") as table, pytest.raises(ValueError, match="stem_channe"):
        check(table, [(cifar10_small().recipe, "")], [paper()])


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (NARROW, r"network: stem_channels=4 \(the table's: 8\); name"),
        (
            replace(RECIPE, data_set="folder"),
            r"network: data_set=folder \(the table's: digits\); n",
        ),
        (replace(NARROW, data_set="own:a"), r"data_set=own:a \(.*\), stem_channels=4 \("),
    ],
)
def test_other_images_or_networks_are_refused_or_said(recipe: Recipe, message: str) -> None:
    with open_table("digits") as table:
        with pytest.raises(ValueError, match=message) as refused:
            check(table, [(RECIPE, ""), (recipe, "")])
        assert str(refused.value).endswith("or say that it is meant with --other-truth")
        said = check(table, [(RECIPE, ""), (recipe, ""), (recipe, "")], is_meant=True)
    assert said.startswith("The truth is of other images or another network than the runs: ")
    assert said.count("the table's") == str(refused.value).count("the table's")


def test_images_in_folders_are_told_apart_by_their_digest(tmp_path: Path) -> None:
    recipe = replace(RECIPE, data_set="folder")
    about = {"recipe": {"data_set": "folder"}}
    with make(tmp_path / "known.h5", RECIPE.skeleton, images="1" * 64, **about) as table:
        assert check(table, [(recipe, "1" * 64)]) == ""
        with pytest.raises(ValueError, match=r"images 22222222 \(the table's: 11111111\)"):
            check(table, [(recipe, "2" * 64)])
        with pytest.raises(ValueError, match="a folder too, but not known to be this"):
            check(table, [(recipe, "")])
    with (
        make(tmp_path / "unknown.h5", RECIPE.skeleton, **about) as table,
        pytest.raises(ValueError, match="a folder too, but not known to be this"),
    ):
        check(table, [(recipe, "1" * 64)])


def test_what_a_table_is_of(tmp_path: Path) -> None:
    with open_table("digits") as table:
        assert truth_of(table) == ("digits", "")
    with make(tmp_path / "nasbench101.h5") as table:
        assert truth_of(table) == ("cifar10", "")
    with make(tmp_path / "said.h5", RECIPE.skeleton, data_set="own:photos") as table:
        assert truth_of(table) == ("own:photos", "")
    with make(tmp_path / "unknown.h5", RECIPE.skeleton, recipe="by hand") as table:
        assert truth_of(table) == ("", "")
        with pytest.raises(ValueError, match="the table's: unknown"):
            check(table, [(RECIPE, "")])
