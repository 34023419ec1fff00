"""A cell trained from scratch."""

from pathlib import Path

from bench.config.training import Training
from bench.network.skeleton import Skeleton
from bench.space.branches import Branches
from supernet.data.sets import load_digits
from supernet.nets.stand_alone import train_cell

SKELETON = Skeleton(stem_channels=4, num_stacks=2, cells_per_stack=1, image_size=8, in_channels=1)
SPACE = Branches(4)
CELL = SPACE.cell(SPACE.decode("31p-"))


def test_a_cell_learns_and_repeats_with_its_seed(tmp_path: Path) -> None:
    training = Training(epochs=8, lr=0.1, batch_size=32, crop_padding=0, flip=False, cutout=0)
    data = load_digits()
    kept = tmp_path / "kept.pt"
    first, again, other = (train_cell(CELL, data, SKELETON, training, s, kept) for s in (0, 0, 1))
    assert first["test_accuracy"] > 0.5
    names = ("train_accuracy", "valid_accuracy", "test_accuracy")
    assert [first[n] for n in names] == [again[n] for n in names] != [other[n] for n in names]
