"""`transfer`: a trained network on other images."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import torch

from bench.runs.layout import NETWORK, RUN
from bench.verbs.retrain import retrain
from bench.verbs.transfer import transfer
from tests.bench.verbs.small import ARCHITECTURE, CHANGES, DIGITS, SMALL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_transfer(tmp_path: Path, run: Callable[..., str], fail: Callable[..., str]) -> None:
    run("retrain", "--architecture", ARCHITECTURE, *DIGITS, "--out", tmp_path)
    (source,) = tmp_path.glob("retrain-*")
    settings = [
        "--data-set",
        "digits",
        "--set",
        *SMALL.split()[:2],
        *SMALL.split()[4:],
        "flip=false",
    ]
    out = run("transfer", source, *settings, "resize=16", "--export")
    assert "exported" in out
    (folder,) = tmp_path.glob("transfer-*")
    about = json.loads((folder / RUN).read_text())["recipe"]
    assert about["start"] == str(source)
    assert about["resize"] == 16
    shape = torch.export.load(folder / NETWORK).module()(torch.zeros(2, 1, 16, 16)).shape
    assert shape == (2, 10)
    assert "weights of another architecture or width" in fail(
        "retrain",
        "--architecture",
        ARCHITECTURE,
        *DIGITS,
        "width=0.3",
        "--start",
        source,
        "--out",
        tmp_path / "other",
    )


def test_in_three_lines(tmp_path: Path) -> None:
    source = retrain(ARCHITECTURE, data_set="digits", changes=CHANGES, out=tmp_path)
    final = transfer(source.run.folder, data_set="digits", changes={**CHANGES, "resize": 0})
    assert final.run.recipe.name == "transfer"
    assert final.run.folder.parent == tmp_path
    assert len(final.evaluation) == 1
