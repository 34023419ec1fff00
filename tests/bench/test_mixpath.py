"""bench/mixpath.py: a user's mistakes, verb by verb, each one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bench.verbs.small import ARCHITECTURE, DIGITS, SCORING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["train", "--preset", "s4"], "unknown preset"),
        (["train", *DIGITS], "name a folder with --out"),
        (["train", "--set", "width"], "'width' is not FIELD=VALUE"),
        (["train", "--set", "widht=1"], "did you mean 'width'"),
        (["train", *DIGITS, "--m", "5"], "m=5 is outside 1..4"),
        (["train", *DIGITS, "--batch-norm", "shadwo"], "did you mean 'shadow'"),
        (["train", "--data-set", "cifar"], "did you mean 'cifar10'"),
        (["train", *DIGITS, *SCORING, "batch_size=2000"], "more than the 1000 training images"),
        (["train", *DIGITS, "accumulate=3"], "batch_size=100 is the batch of all processes"),
        (["train", *DIGITS], "calibration_images=5000, but split 'train' of 'digits' has 1000"),
        (
            [
                "retrain",
                "--architecture",
                ARCHITECTURE,
                *DIGITS,
                "num_test_images=600",
                "--out",
                "x",
            ],
            "num_test_images=600, but split 'test' of 'digits' has 500",
        ),
        (["train", *DIGITS, "schedule=step"], "is not cosine or exponential"),
        (["train", *DIGITS, "epochs=0"], "epochs=0 must be at least 1"),
        (["train", *DIGITS, "precision=fp8"], "is not fp32 or bf16"),
        (["train", *DIGITS, *SCORING, "ema_decay=2"], "ema_decay=2.0 must be at most 1.0"),
        (["retrain"], "name either --architecture TEXT or --search FOLDER"),
        (["retrain", "--architecture", "k3"], "has 1 layers, s1 here has 12"),
        (["describe", "k3"], "has 1 layers, s1 here has 12"),
        (["describe", "mixnet"], "did you mean 'mixnet-s'"),
        (["describe", "blah"], "is not like 'e3k35'"),
        (["search", "nowhere"], "no run.json: it is no run folder"),
        (["search"], "required: SUPERNET"),
        (["transfer", "nowhere"], "no run.json"),
        ([], "required: VERB"),
    ],
)
def test_mistakes_are_one_line(
    argv: list[str],
    message: str,
    fail: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    out = ["--out", tmp_path / "out"] if argv[:1] == ["train"] and "--out" not in message else []
    assert message in fail(*argv, *out)
    assert not list(tmp_path.glob("*/*/*/history.csv"))
