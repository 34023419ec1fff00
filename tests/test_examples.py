"""The examples of docs/examples: short, right, and run from end to end."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from bench.config.cell_presets import digits
from bench.network.cell import INPUT, OPERATIONS, OUTPUT, Cell
from bench.network.skeleton import Skeleton
from bench.table.table import Row, Source, Table, write_table
from bench.verbs.rank_supernets import rank
from bench.verbs.truth import train_truth
from supernet.nets.cell_network import CellNetwork
from supernet.shadow_bn import norm_under_test
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = ROOT / "docs" / "examples"
LARGE = Cell.from_matrix(
    [
        [0, 1, 1, 0, 0, 0, 1],
        [0, 0, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 0],
    ],
    [INPUT, *OPERATIONS, *OPERATIONS[:2], OUTPUT],
)
SMALLER = [
    Cell.from_matrix([[0, 1, 0], [0, 0, 1], [0, 0, 0]], [INPUT, o, OUTPUT]) for o in OPERATIONS
]
SKELETON = Skeleton(stem_channels=7, num_stacks=2, cells_per_stack=2, image_size=8, in_channels=1)


@pytest.fixture
def whole_cells(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The example as a user has it, on the path."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return importlib.import_module("whole_cells")


def build(whole_cells: Any, batch_norm: str, m: int) -> Any:
    torch.manual_seed(0)
    recipe = replace(digits().recipe, skeleton=SKELETON)
    return whole_cells.SlicedNet(recipe, whole_cells.WholeCells(m), norm_under_test(batch_norm))


def images() -> torch.Tensor:
    return torch.randn(5, 1, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_examples_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 150


@pytest.mark.parametrize(("m", "expected"), [(1, 1 + 6), (2, 1 + 6 + 84), (3, 1 + 6 + 84 + 2441)])
def test_cells_are_as_many_as_there_are(whole_cells: Any, m: int, expected: int) -> None:
    space = whole_cells.WholeCells(m)
    assert space.count() == len({cell.hash for cell in space.architectures()}) == expected
    for cell in space.architectures()[::11]:
        assert space.decode(space.encode(cell)) is cell


def test_architectures_are_readable(whole_cells: Any) -> None:
    space = whole_cells.WholeCells(2)
    cell = space.decode("30-p1-o02")
    assert cell.operations[1:-1] == ("conv3x3-bn-relu", "maxpool3x3")
    assert cell.adjacency[0] == (0, 1, 0, 1)


def test_mistakes_are_named(whole_cells: Any) -> None:
    with pytest.raises(ValueError, match="'30-p9-o2' is no architecture of whole-cells"):
        whole_cells.WholeCells(2).decode("30-p9-o2")
    with pytest.raises(ValueError, match=r"m=4 is outside 1\.\.3"):
        whole_cells.WholeCells(4)
    with pytest.raises(ValueError, match="shadow-sum: here batch norms follow convolutions"):
        build(whole_cells, "shadow-sum", 2)


def copy_slices(net: Any, network: CellNetwork, adjacency: Any) -> None:
    """Give a stand-alone network the first channels of a supernet's weights."""

    def copy(source: Any, target: Any) -> None:
        width, before = target.conv.weight.shape[:2]
        target.conv.weight.data.copy_(source.conv.weight[:width, :before])
        target.norm.load_state_dict(source.norms[str(width)].norm.state_dict())

    network.stem.load_state_dict(net.stem.state_dict())
    network.classifier.load_state_dict(net.classifier.state_dict())
    for sliced, graph in zip(net.layers, network.layers, strict=True):
        for index, operation in enumerate(getattr(graph, "operations", ())):
            if hasattr(operation, "conv"):
                kernel = operation.conv.kernel_size[0]
                copy(getattr(sliced, f"conv{kernel}x{kernel}")[index], operation)
        for vertex, projection in getattr(graph, "projections", {}).items():
            is_last = int(vertex) == len(adjacency) - 1
            copy(sliced.projections[-1 if is_last else int(vertex) - 1], projection)


def test_a_path_is_the_stand_alone_network_of_its_cell(whole_cells: Any) -> None:
    net = build(whole_cells, "single", 3)
    for cell in whole_cells.WholeCells(3).architectures()[::60]:
        network = CellNetwork(cell, SKELETON)
        copy_slices(net, network, cell.adjacency)
        for is_training in (False, True):
            found, expected = (net.train(is_training)(images(), cell), network.train(is_training))
            torch.testing.assert_close(found, expected(images()), atol=1e-5, rtol=1e-4)


def test_shadow_batch_norms_go_by_the_number_of_inputs(whole_cells: Any) -> None:
    net, space = build(whole_cells, "shadow", 2).eval(), whole_cells.WholeCells(2)
    texts = ("30-31-o2", "30-301-o2")  # the second convolution has one input, or two
    before = {text: net(images(), space.decode(text)) for text in texts}
    for norm in net.layers[0].conv3x3[1].norms.values():
        torch.nn.init.constant_(norm.norms[1].weight, 3.0)
    same = {text: torch.equal(net(images(), space.decode(text)), before[text]) for text in texts}
    assert same == {"30-31-o2": True, "30-301-o2": False}


@pytest.fixture
def stated_cells(whole_cells: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ARG001 (puts the folder on the path)
    """The example, whose table is one of a few cells and whose file states two of them."""
    module: Any = importlib.import_module("stated_cells")
    rows = [Row(cell=cell, epochs=1, test=0.5) for cell in (LARGE, *SMALLER)]
    write_table(tmp_path / "table.h5", rows, sources=[Source("made up")])
    (tmp_path / "cells.txt").write_text("".join(f"{cell.hash}\n" for cell in (LARGE, SMALLER[0])))
    monkeypatch.setattr(
        module, "open_table", {"nasbench101": Table(tmp_path / "table.h5")}.__getitem__
    )
    monkeypatch.setattr(module, "STATED", tmp_path / "cells.txt")
    return module


def test_stated_cells_are_scored_and_all_are_trained(stated_cells: Any) -> None:
    space = stated_cells.StatedCells(5)
    assert set(space.architectures()) == {LARGE, SMALLER[0]}
    assert space.decode(space.encode(LARGE)) == LARGE
    rng = np.random.default_rng(0)
    assert {space.sample(rng) for _ in range(50)} == {LARGE, *SMALLER}
    with pytest.raises(ValueError, match=r"m=4: cells have up to 5 vertices .*, so m=5"):
        stated_cells.StatedCells(4)


def test_the_largest_cells_are_paths(whole_cells: Any, stated_cells: Any) -> None:
    torch.manual_seed(0)
    recipe, space = replace(digits().recipe, skeleton=SKELETON), stated_cells.StatedCells(5)
    net = whole_cells.SlicedNet(recipe, space, norm_under_test("single"))
    network = CellNetwork(LARGE, SKELETON)
    copy_slices(net, network, LARGE.adjacency)
    torch.testing.assert_close(net(images(), LARGE), network(images()), atol=1e-5, rtol=1e-4)


@pytest.mark.slow
def test_from_end_to_end(whole_cells: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    space = f"{whole_cells.__name__}:WholeCells"
    tiny = {"stem_channels": 4, "num_stacks": 2, "epochs": 1}
    train_truth("truth.h5", changes={"space": space, "m": 1, "num_repeats": 2, **tiny}, jobs=1)
    with Table("truth.h5") as table:
        assert len(table) == 7
    few = {"num_train_images": 96, "num_score_images": 60, "calibration_images": 50}
    ranked = rank(
        "digits",
        m=[1],
        seeds=[0],
        net=f"{whole_cells.__name__}:SlicedNet",
        space=space,
        table="truth.h5",
        out="results",
        jobs=1,
        changes={**tiny, **few, "snapshot_epochs": ()},
    )
    frame = ranked.kendall_tau
    assert set(frame["num_cells"]) == {7}
    assert {"shadow", "single"} < set(frame["bn"])
    assert ranked.page.is_file()
