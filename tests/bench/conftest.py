"""Fixtures of the command lines: bench/mixpath.py run in this process, and a trained supernet."""

from __future__ import annotations

import shutil
import time
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from bench import mixpath
from bench.base import stopping
from tests.bench.verbs.small import BUDGET, DIGITS, SCORING
from tests.conftest import made_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TRAINED = "s1-m2/shadow-seed0"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run the command line; returns what it printed."""

    def call(*argv: object) -> str:
        code = mixpath.main([str(part) for part in argv])
        out, err = capsys.readouterr()
        assert code == 0, err
        return out

    return call


@pytest.fixture
def fail(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run the command line, which must fail in one line; returns the line."""

    def call(*argv: object) -> str:
        code = mixpath.main([str(part) for part in argv])
        err = capsys.readouterr().err.strip()
        assert code == 2, err
        assert err.count("\n") == 0, err
        return err

    return call


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained supernet of S1 with its searches; tests copy it before they change it."""

    def make(out: Path) -> None:
        assert mixpath.main(["train", *DIGITS, *SCORING, "--out", str(out)]) == 0
        assert mixpath.main(["search", str(out / TRAINED), *BUDGET]) == 0

    return made_once(tmp_path_factory, "trained", make) / TRAINED


@pytest.fixture
def copy(trained: Path, tmp_path: Path) -> Path:
    """The trained supernet, to change."""
    return shutil.copytree(trained, tmp_path / "results" / "s1-m2" / "shadow-seed0")


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a second pass whenever a time limit is looked at: commands stop at the same places."""
    ticks = SimpleNamespace(time=count().__next__, monotonic=time.monotonic)
    monkeypatch.setattr(stopping, "time", ticks)
