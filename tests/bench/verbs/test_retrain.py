"""`retrain`: a search's best network, an export, a moving average, and weights to start from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import torch

from bench.base.files import read_csv
from bench.runs.layout import BEST, CHECKPOINT, NETWORK, PARETO, RUN
from bench.verbs.retrain import retrain
from tests.bench.verbs.small import ARCHITECTURE, CHANGES, DIGITS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_retrain_and_export(copy: Path, run: Callable[..., str]) -> None:
    out = run("retrain", "--search", copy / "search-nsga2-seed0", *DIGITS, "--export")
    assert "top-1" in out
    (folder,) = copy.parents[1].glob("retrain-*")
    evaluation = read_csv(folder / "evaluation.csv")
    assert list(evaluation.columns) == ["epoch", "weights", "accuracy", "top5_accuracy", "loss"]
    assert evaluation["weights"].tolist() == ["model", "model"]
    best = torch.load(folder / BEST, weights_only=True)
    assert best["epoch"] == evaluation["accuracy"].to_numpy().argmax() + 1
    assert torch.export.load(folder / NETWORK).module()(torch.zeros(2, 1, 8, 8)).shape == (2, 10)
    front = read_csv(copy / "search-nsga2-seed0" / PARETO)
    assert (
        json.loads((folder / RUN).read_text())["recipe"]["architecture"]
        == (front["architecture"].iloc[-1])
    )


def test_retrain_with_an_average(tmp_path: Path, run: Callable[..., str]) -> None:
    arguments = [
        "retrain",
        "--architecture",
        ARCHITECTURE,
        *DIGITS,
        "ema_decay=0.9",
        "label_smoothing=0.1",
        "dropout=0.2",
        "optimizer=rmsprop-tf",
        "warmup_epochs=1",
        "schedule=exponential",
        "lr_batch=1000",
        "--out",
        tmp_path,
    ]
    run(*arguments)
    (folder,) = tmp_path.glob("retrain-*")
    evaluation = read_csv(folder / "evaluation.csv")
    assert evaluation["weights"].tolist() == ["model", "ema"] * 2
    assert len(set(evaluation["loss"])) == 4
    before = (folder / "evaluation.csv").read_bytes()
    run(*arguments)
    assert (folder / "evaluation.csv").read_bytes() == before


def test_a_supernets_weights_are_a_start(copy: Path, run: Callable[..., str]) -> None:
    """Trap: --start really takes weights over, and training from scratch does not."""
    theirs = torch.load(copy / CHECKPOINT, weights_only=True)["model"]["stem_conv.conv.weight"]
    for start, is_equal in (["--start", copy], True), ([], False):
        out = copy.parent / f"out-{is_equal}"
        run(
            "retrain",
            "--search",
            copy / "search-nsga2-seed0",
            *DIGITS,
            "epochs=1",
            "lr=1e-12",
            "weight_decay=0",
            *start,
            "--out",
            out,
        )
        (path,) = out.glob(f"retrain-*/{BEST}")
        ours = torch.load(path, weights_only=True)["model"]["stem_conv.conv.weight"]
        assert torch.allclose(ours, theirs, atol=1e-7) == is_equal


def test_in_three_lines(copy: Path) -> None:
    settings = {**CHANGES, "label_smoothing": 0.1}
    final = retrain(search=copy / "search-nsga2-seed0", changes=settings, export=True)
    assert final.run.folder.parent == copy.parents[1]
    assert final.evaluation["epoch"].tolist() == [1]
    assert final.exported is not None
    assert final.exported.path.is_file()
    assert final.exported.difference < 1e-5
    again = retrain(
        final.run.recipe.architecture,
        preset="s1-small",
        data_set="digits",
        changes=settings,
        out=copy.parent,
    )
    assert again.run.recipe.architecture == final.run.recipe.architecture
    assert again.exported is None
