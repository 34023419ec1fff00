"""Scoring cells by proxies: complete, resumed after a kill, in parallel, from the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from bench import proxies as command_line
from bench.base.files import read_csv
from bench.proxies import score_proxies
from bench.runs.lock import at_work
from bench.table.table import open_table
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    import torch

SMALL = {"stem_channels": 4, "cells_per_stack": 1, "batch_size": 8}


def slow(network: Any, x: torch.Tensor, labels: torch.Tensor) -> float:  # noqa: ARG001 (a Proxy is called so)
    time.sleep(0.4)
    return float(sum(p.detach().abs().sum() for p in network.parameters()))


SLOW = f"{slow.__module__}:{slow.__name__}"


def score(out: Path, cells: str = "sample:6", **settings: Any) -> bytes:
    score_proxies(out, cells=cells, preset="digits", changes=SMALL, **{"jobs": 1, **settings})
    return out.read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Six cells scored without a stop."""
    return score(tmp_path_factory.mktemp("whole") / "scores.csv", methods=("zen", "snip", SLOW))


def test_every_cell_of_the_sample_has_every_score(tmp_path: Path) -> None:
    score(tmp_path / "scores.csv", seeds=(0, 3))
    frame = read_csv(tmp_path / "scores.csv")
    assert len(frame) == 6 * 2 * 8
    assert not frame.duplicated(["cell_hash", "method", "seed"]).any()
    assert np.isfinite(frame["score"]).all()
    about = json.loads((tmp_path / "scores.json").read_text())
    assert about["stem_channels"] == 4
    assert about["cells"].startswith("6 cells drawn with seed 0 from the 34 of digits_truth.h5")


def test_killed_and_started_again_it_ends_with_the_same_bytes(tmp_path: Path, whole: bytes) -> None:
    out, part = tmp_path / "scores.csv", tmp_path / "scores.csv.part"
    changes = [f"{name}={value}" for name, value in SMALL.items()]
    arguments = ["--preset", "digits", "--cells", "sample:6", "--methods", f"zen,snip,{SLOW}"]
    command = [sys.executable, "-m", "bench.proxies", "--out", str(out), "--jobs", "1", *arguments]
    process = subprocess.Popen(
        [*command, "--set", *changes], cwd=ROOT, stderr=subprocess.DEVNULL, env={**os.environ}
    )
    while not part.is_file() or part.read_bytes().count(b"\n") < 4:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists()
    assert score(out, methods=("zen", "snip", SLOW)) == whole


def test_another_command_in_the_folder_is_waited_for(tmp_path: Path) -> None:
    with at_work(tmp_path), pytest.raises(ValueError, match="another command is at work in"):
        score(tmp_path / "scores.csv", methods=("zen",))
    assert not (tmp_path / "scores.json").exists()


def test_workers_find_the_same(tmp_path: Path, whole: bytes) -> None:
    assert score(tmp_path / "scores.csv", methods=("zen", "snip", SLOW), jobs=2) == whole


def test_a_larger_sample_and_more_methods_join(
    tmp_path: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "scores.csv"
    score(out, "sample:2", methods=("snip",))
    calls: list[Any] = []
    score_cell = sys.modules["supernet.proxies.jobs"].score_cell

    def noted(cell: Any, skeleton: Any, batch: Any, methods: Any, seed: int) -> Any:
        calls.append(methods)
        return score_cell(cell, skeleton, batch, methods, seed)

    monkeypatch.setattr("supernet.proxies.jobs.score_cell", noted)
    assert score(out, methods=("zen", "snip", SLOW)) == whole
    assert sorted(calls) == [("zen", "snip", SLOW)] * 4 + [("zen", SLOW)] * 2
    calls.clear()
    assert score(out, methods=("zen", "snip", SLOW)) == whole
    assert not calls


def test_synflow_and_truth_agree_a_little_on_digits(tmp_path: Path) -> None:
    """A sign turned round would show: more synaptic flow, higher accuracy."""
    score(tmp_path / "scores.csv", "sample:34", methods=("synflow",))
    frame = read_csv(tmp_path / "scores.csv")
    with open_table("digits") as table:
        truth = [table.mean_accuracy(key) for key in frame["cell_hash"]]
    assert spearmanr(frame["score"], truth).statistic > 0.4


def test_the_page_s_own_proxy_plugs_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "proxies.md").read_text()
    (module,) = re.findall(r"^```python\n(# own\.py\n.*?)^```$", text, re.DOTALL | re.MULTILINE)
    (tmp_path / "own.py").write_text(module)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own", raising=False)
    score(tmp_path / "scores.csv", methods=("own:l2_norm",))
    assert (read_csv(tmp_path / "scores.csv")["score"] > 0).all()
    assert "source of own:l2_norm" in json.loads((tmp_path / "scores.json").read_text())
    monkeypatch.delitem(sys.modules, "own")


def dry_run(out: Path, *arguments: str) -> int:
    changes = [f"{name}={value}" for name, value in SMALL.items()]
    usual = ["--preset", "digits", "--jobs", "1", "--methods", "zen,snip", *arguments]
    return command_line.main(["--out", str(out), *usual, "--dry-run", "--set", *changes])


def test_a_dry_run_says_what_is_missing_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "scores.csv"
    assert dry_run(out, "--cells", "sample:6") == 0
    told = capsys.readouterr().out
    assert told.startswith("6 cells drawn with seed 0")
    assert re.search(
        r": 12 scores are missing; about (0\.9|1\.\d) GB of memory, next to nothing of the disk; 1 "
        r"at once: about 0:00:0",
        told,
    )
    assert not [*tmp_path.iterdir()]
    score(out, "sample:2", methods=("zen",))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert dry_run(out, "--cells", "sample:6") == 0
    assert ": 10 scores are missing; " in capsys.readouterr().out
    assert dry_run(out, "--cells", "sample:2", "--methods", "zen") == 0
    assert capsys.readouterr().out.endswith(": complete; nothing was written\n")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_quick_look_joins_the_file_and_says_that_it_is_one(tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    score(out, "sample:34", methods=("zen",), limit=2)
    frame = read_csv(out)
    assert len(frame) == 2
    about = json.loads(out.with_suffix(".json").read_text())
    assert about["cells"].endswith("; a quick look at 2 of them")
    score(out, "sample:34", methods=("zen",), limit=3)
    assert set(frame["cell_hash"]) < set(read_csv(out)["cell_hash"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--methods", "sinflow"], "unknown proxy"),
        (["--cells", "1000"], "must be sample:NUM"),
        (["--cells", "sample:35"], "draw 1 to 34"),
        (["--set", "batch=8"], "did you mean 'batch_size'"),
        (["--set", "batch_size=1"], "proxies compare 2 to 1000"),
        (["--data-set", "folder"], "needs --data PATH"),
        (["--preset", "paper", "--table", "none.h5"], "none.h5"),
    ],
)
def test_mistakes_are_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = ["--preset", "digits", "--cells", "sample:34", "--jobs", "1"]
    assert command_line.main(["--out", str(tmp_path / "s.csv"), *usual, *arguments]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert message in error
    assert not (tmp_path / "s.csv").exists()
