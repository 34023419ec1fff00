"""The one list: every figure file ends with its entry, which is listed and can be drawn."""

from __future__ import annotations

import ast
import importlib
from typing import TYPE_CHECKING

import pytest
from matplotlib.figure import Figure

from analysis import style
from analysis.figure import Analysis
from analysis.registry import PAGE, SEARCHES, SUPERNETS
from bench.base.files import read_csv
from bench.ranking.outputs import FINER
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = [p.parent for p in sorted((ROOT / "analysis" / "figures").rglob("__init__.py"))]
FIGURES = sorted(p for f in FOLDERS for p in f.glob("*.py") if p.stem != "__init__")
ANALYSES = {name: one for name, one in PAGE.items() if isinstance(one, Analysis)}


def entries(path: Path) -> list[Analysis]:
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return [one for one in vars(module).values() if isinstance(one, Analysis)]


@pytest.mark.parametrize("path", FIGURES, ids=lambda path: path.stem)
def test_a_figure_file_ends_with_its_entries(path: Path) -> None:
    """Nothing but the call of a command line may come after."""
    body = [node for node in ast.parse(path.read_text()).body if not isinstance(node, ast.If)]
    assert 1 <= len(entries(path)) <= 3, "a figure or a tight family"
    for node in body[-len(entries(path)) :]:
        assert isinstance(node, ast.Assign)
        assert isinstance(node.value, ast.Call)
        assert isinstance(node.value.func, ast.Name)
        assert node.value.func.id in ("Analysis", "replace")


def test_every_entry_is_listed_once_and_nowhere_else() -> None:
    listed = [one for shown in (ANALYSES, SUPERNETS, SEARCHES) for one in shown.values()]
    made = [one for path in FIGURES for one in entries(path)]
    assert sorted(map(id, listed)) == sorted(map(id, made))


def test_a_folder_has_room() -> None:
    assert all(sum(p.parent == folder for p in FIGURES) <= 15 for folder in FOLDERS)
    assert set(FIGURES) == {p for p in FOLDERS[0].rglob("*.py") if p.stem != "__init__"}


@pytest.mark.parametrize("name", sorted(set(ANALYSES) - {"kendall_tau"}))
def test_a_caption_names_no_scorer_but_the_headline(name: str) -> None:
    """The first figure alone shows both, and says so."""
    assert style.label(FINER) not in ANALYSES[name].caption


@pytest.mark.parametrize("name", ANALYSES)
def test_what_draws_says_what_writes_its_input(name: str) -> None:
    one = ANALYSES[name]
    assert bool(one.command) == bool(one.inputs + one.measured)


@pytest.mark.parametrize("name", ANALYSES)
def test_every_analysis_is_drawn_with_labels(measured_results: Path, name: str) -> None:
    one = ANALYSES[name]
    assert one.missing(measured_results) == []
    figure = one.figure(one.compute(measured_results))
    if name == "kendall_tau_protocols":  # ranked under one protocol only
        assert figure is None
        return
    assert isinstance(figure, Figure)
    labels = {text.get_text() for text in (figure._supxlabel, figure._supylabel) if text}  # type: ignore[attr-defined]  # not public
    for ax in (ax for ax in figure.axes if ax.axison and ax.get_label() != "<colorbar>"):
        is_labelled = ax.get_xlabel() or ax.images or labels
        assert is_labelled, f"{name}: an axis without a label"
    assert (measured_results / f"{name}.png").is_file()
    if one.summarise is not None:
        assert len(read_csv(measured_results / f"{name}.csv"))


@pytest.mark.parametrize("name", ANALYSES)
def test_a_folder_of_single_paths_has_no_figure_of_sums(single_path: Path, name: str) -> None:
    one = ANALYSES[name]
    figure = one.figure(one.compute(single_path))
    if name.startswith(("bn_", "combinations", "lemma_2", "similarity_table")):
        assert figure is None
        assert "--m 2,3,4" in one.other_command
    if name == "combination_costs":
        assert figure is None
        assert "--batch-norm shadow,single,combination" in one.other_command
