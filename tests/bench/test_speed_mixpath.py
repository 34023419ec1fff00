"""The speed script: runs whole at a tiny size, and its plain loop is the supernet's equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image

from bench import speed_mixpath
from bench.base.files import read_csv
from bench.network.skeleton import BlockSkeleton
from bench.space.mixpath import s1
from supernet.nets.bottlenecks import supernet

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_plain_loop_is_the_supernets_equal() -> None:
    space = s1(3, BlockSkeleton(width=0.1, depth=0.1, image_size=16, num_classes=5))
    torch.manual_seed(0)
    model, x = supernet(space).eval(), torch.randn(2, 3, 16, 16)
    for seed in range(3):
        path = space.sample(np.random.default_rng(seed))
        plain = speed_mixpath.plain_forward(model, x, path)
        assert torch.allclose(model(x, path), plain, atol=1e-6)


def test_it_runs_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "train" / "class0"
    folder.mkdir(parents=True)
    Image.new("RGB", (300, 260)).save(folder / "a.png")
    skeleton = BlockSkeleton(width=0.1, depth=0.1, image_size=32, num_classes=10)
    for name, value in {"SKELETON": skeleton, "BATCH": 4, "REPEATS": 2, "EVALUATIONS": 50}.items():
        monkeypatch.setattr(speed_mixpath, name, value)
    before = torch.get_num_threads()
    try:
        assert speed_mixpath.main(["--data", str(tmp_path), "--out", str(tmp_path)]) == 0
    finally:
        torch.set_num_threads(before)
    names = ["s1_step", "s1_scoring", "decoding", "search"]
    assert read_csv(tmp_path / "speed_mixpath.csv")["what"].tolist() == names
    printed = capsys.readouterr().out
    assert all(name in printed for name in names)
