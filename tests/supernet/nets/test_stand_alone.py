"""Stand-alone networks: nasbench-pytorch's, without its two slips."""

from pathlib import Path

from torch import nn

from bench.config.training import Training
from bench.network.cell_costs import num_parameters
from bench.network.skeleton import NASBENCH101, Skeleton
from bench.space.branches import Branches
from supernet.data.sets import load_digits
from supernet.nets.stand_alone import BN_MOMENTUM, NasbenchNetwork, train_cell

SKELETON = Skeleton(stem_channels=4, num_stacks=2, cells_per_stack=1, image_size=8, in_channels=1)
SPACE = Branches(4)
CELL = SPACE.cell(SPACE.decode("31p-"))


def test_count_is_the_closed_form() -> None:
    assert NasbenchNetwork(CELL, SKELETON).num_parameters() == num_parameters(CELL, SKELETON)


def test_skeleton_is_built_as_described() -> None:
    cell = SPACE.cell(SPACE.decode("1---"))
    assert NasbenchNetwork(cell, NASBENCH101).num_parameters() == 2_957_706


def test_batch_norms_have_pytorchs_momentum() -> None:
    network = NasbenchNetwork(CELL, SKELETON)
    momenta = {m.momentum for m in network.modules() if isinstance(m, nn.BatchNorm2d)}
    assert momenta == {BN_MOMENTUM}


def test_a_cell_learns_and_repeats_with_its_seed(tmp_path: Path) -> None:
    training = Training(epochs=8, lr=0.1, batch_size=32, crop_padding=0, flip=False, cutout=0)
    data = load_digits()
    kept = tmp_path / "kept.pt"
    first, again, other = (train_cell(CELL, data, SKELETON, training, s, kept) for s in (0, 0, 1))
    assert first["test_accuracy"] > 0.5
    names = ("train_accuracy", "valid_accuracy", "test_accuracy")
    assert [first[n] for n in names] == [again[n] for n in names] != [other[n] for n in names]
