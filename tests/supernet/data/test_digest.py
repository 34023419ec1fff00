"""Digests of images: every pixel, label, name and size counts, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from supernet.data.data_set import DataSet, Images
from supernet.data.digest import digest_of, digest_of_files
from supernet.data.sets import load_digits

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def data() -> DataSet:
    return load_digits()


def changed(images: Images, what: str) -> Images:
    pixels, labels = images.pixels.clone(), images.labels.clone()
    part = pixels if what == "pixels" else labels
    part.view(-1)[-1] += 1
    return Images(pixels, labels)


def test_the_same_images_have_the_same_digest(data: DataSet) -> None:
    assert digest_of(data) == digest_of(load_digits())
    strided = Images(
        data.test.pixels.flip(-1).flip(-1).transpose(2, 3).clone().transpose(2, 3), data.test.labels
    )
    assert digest_of(replace(data, test=strided)) == digest_of(data)


@pytest.mark.parametrize("split", ["train", "valid", "test"])
@pytest.mark.parametrize("what", ["pixels", "labels"])
def test_every_pixel_and_label_counts(data: DataSet, split: str, what: str) -> None:
    other = replace(data, **{split: changed(data.split(split), what)})  # type: ignore[arg-type]  # a split
    assert digest_of(other) != digest_of(data)


def test_splits_are_told_apart(data: DataSet) -> None:
    moved = replace(data, train=data.train[:-1], valid=data.train[-1:] + data.valid)
    assert digest_of(moved) != digest_of(data)
    assert torch.equal((moved.train + moved.valid).labels, (data.train + data.valid).labels)


def test_files_count_by_name_and_size(tmp_path: Path) -> None:
    def digest(name: str, *texts: str) -> str:
        paths = [tmp_path / name / f"{i}.png" for i in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return digest_of_files(tmp_path / name, map(str, reversed(paths)))

    assert digest("a", "one", "two") == digest("b", "two", "one")
    assert digest("a", "one", "two") != digest("c", "one", "four")
    assert digest("a", "one", "two") != digest("d", "one")
