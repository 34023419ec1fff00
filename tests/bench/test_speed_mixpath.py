"""The speed script: runs whole at a tiny size, and its plain loop is the supernet's equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from PIL import Image

from bench import speed_mixpath
from bench.base.files import read_csv
from bench.network.skeleton import BlockSkeleton
from supernet.speed import bottlenecks, pipelines

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_it_runs_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "train" / "class0"
    folder.mkdir(parents=True)
    Image.new("RGB", (300, 260)).save(folder / "a.png")
    skeleton = BlockSkeleton(width=0.1, depth=0.1, image_size=32, num_classes=10)
    for module in (bottlenecks, pipelines):
        monkeypatch.setattr(module, "SKELETON", skeleton)
        monkeypatch.setattr(module, "BATCH", 4)
    monkeypatch.setattr(bottlenecks, "REPEATS", 2)
    monkeypatch.setattr(pipelines, "EVALUATIONS", 50)
    before = torch.get_num_threads()
    try:
        assert speed_mixpath.main(["--data", str(tmp_path), "--out", str(tmp_path)]) == 0
    finally:
        torch.set_num_threads(before)
    names = ["s1_step", "s1_scoring", "decoding", "search"]
    assert read_csv(tmp_path / "speed_mixpath.csv")["what"].tolist() == names
    printed = capsys.readouterr().out
    assert all(name in printed for name in names)
