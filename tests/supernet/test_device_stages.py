"""On a GPU that there isn't: the stages beside supernets of cells, each once, mix no devices."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from bench.config.cell_presets import digits
from bench.config.fields import override
from bench.config.registry import PRESETS
from bench.runs.origin import claim, origin_of
from bench.runs.run import load_space, open_final, open_run
from bench.space.branches import Branches
from supernet import final
from supernet.data.registry import data_source
from supernet.data.sets import load_digits
from supernet.distributed import ALONE
from supernet.measure.measurements import measure_run
from supernet.nets.stand_alone import train_cell
from supernet.parts import resolve
from supernet.proxies.registry import PROXIES
from supernet.proxies.scoring import draw_batch, score_cell
from supernet.runs import scorer, train
from supernet.training.trainer import Trainer
from tests.pretend import CUDA, pretending
from tests.supernet.test_devices import kernels

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.network.cell import Cell
    from tests.pretend import Pretend

SKELETON = replace(digits().recipe.skeleton, stem_channels=4)
TINY_FINAL = {
    "data_set": "digits",
    "width": "0.1",
    "depth": "0.1",
    "image_size": "8",
    "in_channels": "1",
    "epochs": "1",
    "batch_size": "20",
    "num_train_images": "40",
    "num_test_images": "20",
    "crop_padding": "1",
    "cutout": "2",
    "ema_decay": "0.9",
    "dropout": "0.1",
}
TINY_FILES = {
    "cutout": "0",
    "num_classes": "2",
    "image_size": "16",
    "width": "0.1",
    "depth": "0.1",
    "batch_size": "4",
    "workers": "0",
    "num_train_images": "8",
    "num_score_images": "0",
    "calibration_images": "4",
    "calibration_batch": "4",
    "epochs": "1",
    "score_batch": "4",
}


@pytest.fixture(autouse=True)
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pretend]:
    with pretending(monkeypatch) as pretended:
        yield pretended


def a_cell() -> Cell:
    space = Branches(4)
    return space.cell(space.architectures()[-1])


def test_a_truth_is_trained(tmp_path: Path) -> None:
    data = load_digits().to(CUDA)
    data = replace(data, train=data.train[slice(0, 64)])
    training = replace(digits().stand_alone.training, epochs=1, batch_size=32, cutout=2)
    found = train_cell(a_cell(), data, SKELETON, training, 0, tmp_path / "kept.pt")
    assert 0.0 < found["test_accuracy"] < 1.0


def test_a_network_is_trained_to_the_end_with_its_average(tmp_path: Path) -> None:
    preset = PRESETS["s1-small"]()
    assert preset.final is not None
    recipe = override(preset.final, TINY_FINAL)
    space = load_space(recipe)
    chosen = space.encode(space.sample(np.random.default_rng(0)))
    recipe = replace(recipe, architecture=chosen)
    run = open_final(tmp_path, recipe, 0, "cuda", 1)
    pool = data_source(recipe)(None, "cuda")
    claim(run, origin_of(recipe, pool.digest))
    assert set(final.train(run, pool, "cuda")["weights"]) == {"model", "ema"}


@pytest.mark.parametrize("name", PROXIES)
def test_proxies_score(name: str) -> None:
    data = load_digits()
    found = [
        score_cell(a_cell(), SKELETON, draw_batch(one, 8, 0), [name], 0)[name]
        for one in (data, data.to(CUDA))
    ]
    assert found[0] == found[1]


@pytest.mark.filterwarnings("ignore:'pin_memory' argument is set")  # there is nothing to pin for
def test_images_of_files_train_and_score(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        for label in ("a", "b"):
            folder = tmp_path / split / label
            folder.mkdir(parents=True)
            for index in range(8):
                pixels = rng.integers(255, size=(20, 24, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{index}.png")
    recipe = override(PRESETS["s3"]().recipe, TINY_FILES)
    parts = resolve(recipe)
    pool = parts.open_images(tmp_path, "cuda")
    net: Any = parts.build()

    def draw(rng: np.random.Generator, progress: float) -> Any:
        return parts.sampler(parts.space, rng, progress)

    trained = Trainer(net.to(CUDA), pool.source(0, ALONE), recipe.training, draw, 0)
    trained.run_epoch()
    some = [parts.space.sample(np.random.default_rng(1))]
    assert len(list(scorer(parts, net, pool.data()).calibrated(some))) == 1


@pytest.mark.slow
def test_kernels_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"sampled_jacobian.NUM_DIRECTIONS": 4, "lemma_2.NUM_IMAGES": 8, "curve.MAX_IMAGES": 8}
    for name, value in few.items():
        monkeypatch.setattr(f"supernet.measure.{name}", value)
    recipe = kernels("s1")
    run, parts = open_run(tmp_path, recipe, 0, "cuda", 1), resolve(recipe)
    pool = parts.open_images(None, "cuda")
    claim(run, origin_of(recipe, pool.digest))
    train(run, parts, pool, "cuda")
    for name in ("bn_statistics", "lemma_2", "similarity", "jacobian", "curve", "accuracies"):
        measure_run(run, [name], None, "cuda", 1, 2)
        assert len(list(run.folder.glob("*.csv"))) > 2
