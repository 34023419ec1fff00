"""ImageNet's layout: listing, splits, decoding, augmentation that depends on the image alone."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from bench.base.stopping import SIGNALS
from bench.config.recipe import Final, Recipe
from bench.config.training import Calibration, Training
from bench.network.skeleton import BlockSkeleton
from supernet.data.decode import BrokenImageError, decode
from supernet.data.file_source import leave_first_signal_to_parent
from supernet.data.imagenet import FilePool, centre, first, list_files
from supernet.distributed import ALONE, Ranks

TRAINING = Training(epochs=2, batch_size=4, workers=0)
RECIPE = Recipe(
    data_set="imagenet",
    space="s3",
    num_score_images=2,
    skeleton=BlockSkeleton(width=0.1, depth=0.1, image_size=32, num_classes=3),
    training=TRAINING,
    calibration=Calibration(calibration_images=5, calibration_batch=5),
)
FINAL = Final(
    data_set="imagenet", space="s3", test_batch=4, skeleton=RECIPE.skeleton, training=TRAINING
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a folder of 3 classes of 8 training and 2 validation images of odd sizes."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 8), ("val", 2)):
        for label in range(3):
            folder = tmp_path / split / f"n0000{label}"
            folder.mkdir(parents=True)
            for index in range(count):
                size = (40 + 3 * index, 50 - 2 * label, 3)
                Image.fromarray(rng.integers(256, size=size, dtype=np.uint8)).save(
                    folder / f"{index}.JPEG"
                )
    return tmp_path


def pool(root: Path, recipe: Any = RECIPE) -> FilePool:
    return FilePool(recipe, root, "cpu")


def test_splits_are_fixed_and_apart(root: Path) -> None:
    one, two = pool(root), pool(root)
    assert one.splits == two.splits
    train, valid = (set(one.splits[name].paths) for name in ("train", "valid"))
    assert len(train) == 22
    assert len(valid) == 2
    assert not train & valid
    assert len(one.splits["test"]) == 6
    assert set(one.split("train+valid").paths) == train | valid
    with pytest.raises(ValueError, match="split 'dev' is not train"):
        one.split("dev")


def test_data_for_scoring(root: Path) -> None:
    data = pool(root).data()
    assert data.train.pixels.shape == (5, 3, 32, 32)
    assert data.valid.pixels.shape == (2, 3, 32, 32)
    mean, std = data.statistics
    assert mean.flatten().tolist() == pytest.approx([123.675, 116.28, 103.53])
    assert std.flatten().tolist() == pytest.approx([58.395, 57.12, 57.375])


def test_batches_do_not_depend_on_the_number_of_workers_or_processes(root: Path) -> None:
    def batches(workers: int, ranks: Ranks, epoch: int = 1) -> list[Any]:
        recipe = replace(RECIPE, training=replace(TRAINING, workers=workers))
        return [parts[0] for parts in pool(root, recipe).source(0, ranks).epoch(epoch)]

    alone, worked = batches(0, ALONE), batches(1, ALONE)
    first_half, second_half = batches(0, Ranks(0, 2)), batches(0, Ranks(1, 2))
    assert len(alone) == 22 // 4
    for index, (x, labels) in enumerate(alone):
        assert x.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(x, worked[index][0])
        assert torch.equal(x[0::2], first_half[index][0])
        assert torch.equal(x[1::2], second_half[index][0])
        assert torch.equal(labels[1::2], second_half[index][1])
    assert not torch.equal(alone[0][0], batches(0, ALONE, epoch=0)[0][0])


def test_accumulated_parts_are_the_batch(root: Path) -> None:
    recipe = replace(RECIPE, training=replace(TRAINING, accumulate=2))
    whole = [parts[0][0] for parts in pool(root).source(0, ALONE).epoch(0)]
    parts = [
        torch.cat([x for x, _ in parts]) for parts in pool(root, recipe).source(0, ALONE).epoch(0)
    ]
    assert all(torch.equal(a, b) for a, b in zip(whole, parts, strict=True))


def test_the_final_test_sees_every_image_once(root: Path) -> None:
    batches = list(pool(root, FINAL).test())
    assert [len(labels) for _, labels in batches] == [4, 2]
    assert torch.cat([labels for _, labels in batches]).sort().values.tolist() == [0, 0, 1, 1, 2, 2]


def test_centre_is_torchvisions_evaluation() -> None:
    ramp = torch.arange(80.0).expand(3, 60, 80).to(torch.uint8)
    out = centre(ramp, 35)
    assert out.shape == (3, 35, 35)
    middle = out[0, 17, 17].item()
    assert middle == pytest.approx(39.5, abs=2)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_other_kinds_of_images_are_decoded(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (9, 7)).save(tmp_path / "a.jpg")
    assert decode(str(tmp_path / "a.jpg")).shape == (3, 7, 9)


def test_a_png_under_a_wrong_name_is_decoded(tmp_path: Path) -> None:
    Image.new("RGB", (9, 7), (1, 2, 3)).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.JPEG")
    assert decode(str(tmp_path / "a.JPEG"))[:, 0, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_image_is_named(root: Path, workers: int) -> None:
    broken = pool(root).splits["train"].paths[3]
    os.truncate(broken, 100)
    recipe = replace(RECIPE, training=replace(TRAINING, workers=workers))
    with pytest.raises(BrokenImageError, match=f"{broken} can't be decoded"):
        list(pool(root, recipe).source(0, ALONE).epoch(0))


def test_a_broken_image_is_replaced_and_counted_where_asked(root: Path) -> None:
    broken = pool(root).splits["train"].paths[3]
    Path(broken).write_bytes(b"no image")
    lenient = pool(root, replace(RECIPE, skip_broken=True))
    source = lenient.source(0, ALONE)
    assert sum(len(parts[0][1]) for _ in range(2) for parts in source.epoch(_)) == 40
    assert lenient.broken == {broken}


def test_a_broken_validation_image_is_named_or_left_out(root: Path) -> None:
    broken = root / "val" / "n00001" / "0.JPEG"
    broken.write_bytes(b"no image")
    with pytest.raises(BrokenImageError, match=r"0[.]JPEG can't be decoded"):
        list(pool(root, FINAL).test())
    lenient = pool(root, replace(FINAL, skip_broken=True))
    assert sum(len(labels) for _, labels in lenient.test()) == 5
    assert lenient.broken == {str(broken)}


def test_a_broken_image_to_score_is_replaced_by_the_next(root: Path) -> None:
    first_to_calibrate = first(pool(root).splits["train"], 1).paths[0]
    whole = pool(root).data().train
    Path(first_to_calibrate).write_bytes(b"no image")
    lenient = pool(root, replace(RECIPE, skip_broken=True)).data().train
    assert len(lenient) == 5
    assert torch.equal(lenient.pixels[:4], whole.pixels[1:])
    with pytest.raises(BrokenImageError):
        pool(root).data()


def test_nothing_but_broken_images_is_an_error(root: Path) -> None:
    for path in pool(root).splits["train"].paths:
        Path(path).write_bytes(b"no image")
    source = pool(root, replace(RECIPE, skip_broken=True)).source(0, ALONE)
    with pytest.raises(BrokenImageError, match="10 images in a row don't decode"):
        list(source.epoch(0))


def test_nothing_but_broken_images_to_test_on_is_an_error(root: Path) -> None:
    for path in (root / "val").rglob("*.JPEG"):
        path.write_bytes(b"no image")
    with pytest.raises(BrokenImageError, match=r"no image decodes, from .*JPEG on: are"):
        list(pool(root, replace(FINAL, skip_broken=True)).test())


def test_folders_that_do_not_fit_are_refused(root: Path) -> None:
    with pytest.raises(ValueError, match="needs --data PATH"):
        FilePool(RECIPE, None, "cpu")
    with pytest.raises(ValueError, match="has 3 classes, the recipe 4: --set num_classes=3"):
        pool(root, replace(RECIPE, skeleton=replace(RECIPE.skeleton, num_classes=4)))
    with pytest.raises(ValueError, match=r"num_score_images=3, but split 'valid' .* has 2 images"):
        pool(root, replace(RECIPE, num_score_images=3))
    with pytest.raises(ValueError, match="3 images asked for, but the split has 2"):
        first(pool(root).splits["valid"], 3)
    with pytest.raises(ValueError, match="batch_size=32 is more than the 22"):
        pool(root, replace(RECIPE, training=replace(TRAINING, batch_size=32))).source(0, ALONE)
    (root / "train" / "n00009").mkdir()
    with pytest.raises(
        ValueError, match=r"classes on one side .* only: 1, such as n00009 in train"
    ):
        pool(root)
    shutil.rmtree(root / "val")
    with pytest.raises(ValueError, match="has no folder val with one folder per class"):
        pool(root)
    (root / "val" / "n00000").mkdir(parents=True)
    with pytest.raises(ValueError, match="has no images"):
        list_files(root, "val")


def test_first_is_always_the_same(root: Path) -> None:
    files, _ = list_files(root, "train")
    assert first(files, 5).paths == first(files, 5).paths == first(files, 0).paths[:5]
    assert len(first(files, 0)) == 24


def test_real_images(shared_data: Path, tmp_path: Path) -> None:
    import tarfile

    with tarfile.open(shared_data / "imagenet-sample.tar") as archive:
        archive.extractall(tmp_path, filter="data")
    root = tmp_path / "imagenet-sample"
    shutil.copytree(root / "train", root / "val")
    skeleton = replace(RECIPE.skeleton, num_classes=200, image_size=224)
    real = pool(root, replace(RECIPE, skeleton=skeleton))
    assert len(real.splits["train"]) == 180
    ((x, labels),) = next(iter(real.source(0, ALONE).epoch(0)))
    assert x.shape == (4, 3, 224, 224)
    assert 0.5 < x.std() < 2
    assert len(labels) == 4


def test_a_worker_outlives_the_first_signal() -> None:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    leave_first_signal_to_parent(0)
    try:
        for number in SIGNALS:
            os.kill(os.getpid(), number)
            assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
