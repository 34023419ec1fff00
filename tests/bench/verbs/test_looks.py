"""--dry-run and --limit of bench/mixpath.py: what is missing, and quick looks that say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.runs.layout import BEST, CHECKPOINT, HISTORY
from supernet.measure.measurements import MEASUREMENTS
from tests.bench.verbs.small import ARCHITECTURE, BUDGET, DIGITS, SCORING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

GOES_ON = "the same command without --limit goes on from there"


def stamps(folder: Path) -> dict[Path, int]:
    """Tell when each file was written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_training_is_looked_at_and_gone_on_with(
    trained: Path, tmp_path: Path, run: Callable[..., str], fail: Callable[..., str]
) -> None:
    asked = ["train", *DIGITS, *SCORING, "--out", tmp_path / "results"]
    folder = tmp_path / "results" / "s1-m2" / "shadow-seed0"
    told = run(*asked, "--dry-run")
    assert f"{folder}: 2 of 2 epochs are missing; 1 at once: about 0:0" in told
    assert "measured on a few steps; nothing was written" in told
    assert not [*tmp_path.iterdir()]
    told = run(*asked, "--limit", "1")
    assert f"a quick look at 1 of 2 epochs: no search and no figure takes it; {GOES_ON}" in told
    assert len((folder / HISTORY).read_text().splitlines()) == 2
    assert "has 1 of 2 epochs: go on with train" in fail("search", folder, *BUDGET)
    before = stamps(folder)
    assert "1 of 2 epochs are missing" in run(*asked, "--dry-run")
    assert "0 of 1 epochs are missing" in run(*asked, "--dry-run", "--limit", "1")
    assert stamps(folder) == before
    assert "quick look" not in run(*asked)
    assert (folder / HISTORY).read_bytes() == (trained / HISTORY).read_bytes()


def test_a_dry_run_refuses_what_training_would(
    copy: Path, tmp_path: Path, fail: Callable[..., str]
) -> None:
    asked = ["train", *DIGITS, *SCORING, "--dry-run", "--out"]
    assert "holds" in fail(*asked, copy.parents[1], "--set", "lr=0.7")
    assert "unknown optimizer" in fail(*asked, tmp_path, "--set", "optimizer=adm")


def test_a_search_is_looked_at_and_gone_on_with(
    copy: Path, run: Callable[..., str], fail: Callable[..., str]
) -> None:
    asked = ["search", copy, "--evaluations", "14", "--population", "5", "--seeds", "7,"]
    before = stamps(copy)
    told = run(*asked, "--dry-run")
    assert f"{copy}: 2 of 2 searches are missing, up to 28 evaluations; 1 at once" in told
    assert "up to 6 evaluations" in run(*asked, "--dry-run", "--limit", "3")
    assert stamps(copy) == before
    told = run(*asked, "--limit", "3")
    assert "a quick look at 3 of 14 evaluations of each search: no search is written" in told
    assert f"{GOES_ON}; best accuracy so far 0." in told
    assert not [*copy.glob("search-*-seed7")]
    assert "2 of 2 searches are missing" in run(*asked, "--dry-run")
    run(*asked)
    assert "0 of 2 searches are missing; nothing was written" in run(*asked, "--dry-run")
    assert "unknown algorithm" in fail(*asked, "--dry-run", "--algorithm", "nsga3")


def test_a_network_is_looked_at_and_gone_on_with(
    tmp_path: Path, run: Callable[..., str], fail: Callable[..., str]
) -> None:
    asked = ["retrain", "--architecture", ARCHITECTURE, *DIGITS, "--out", tmp_path / "results"]
    assert "2 of 2 epochs are missing; 1 at once" in run(*asked, "--dry-run")
    assert not [*tmp_path.iterdir()]
    told = run(*asked, "--limit", "1")
    assert f"a quick look at 1 of 2 epochs: tables state its epochs; {GOES_ON}" in told
    (folder,) = (tmp_path / "results").glob("retrain-*")
    assert "1 of 2 epochs" in " ".join(run("tables", folder).split())
    assert "a quick look is not exported" in fail(*asked, "--limit", "1", "--export")
    run(*asked)
    assert "0 of 2 epochs are missing; nothing was written" in run(*asked, "--dry-run")
    assert (folder / BEST).is_file()
    moved = ["transfer", folder, *DIGITS, "--out", tmp_path / "moved"]
    assert "2 of 2 epochs are missing" in run(*moved, "--dry-run")
    assert "a quick look at 1 of 2 epochs" in run(*moved, "--limit", "1")
    (network,) = (tmp_path / "moved").glob("transfer-*")
    assert (network / CHECKPOINT).is_file()


def test_measuring_is_looked_at(
    copy: Path, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    results = copy.parents[1]
    run("train", *DIGITS, *SCORING, "--out", results, "--seed", "1")
    asked = ["measure", results, "--models", "4", "--jobs", "1"]
    told = run(*asked, "--dry-run").splitlines()
    assert told[0].startswith("s1-m2 shadow-seed0: bn_statistics, lemma_2, similarity, jacobian")
    assert told[1].startswith("s1-m2 shadow-seed1: ")
    assert told[2] == "2 runs, 1 at once; nothing was written"
    told = run(*asked, "--dry-run", "--limit", "1").splitlines()
    assert told[1] == "1 runs, 1 at once; nothing was written"
    one = {"curve": MEASUREMENTS["curve"]}
    monkeypatch.setattr("supernet.measure.measurements.MEASUREMENTS", one)
    looked = run(*asked, "--limit", "1")
    assert f"a quick look at 1 of 2 supernets: no figure is drawn; {GOES_ON}" in looked
    assert "drawn" not in looked.replace("no figure is drawn", "")
    assert [path.parent for path in results.glob("*/*/curve.csv")] == [copy]
    assert not [*results.glob("*.png")]


def test_a_measurement_alone_is_asked_for_by_name(
    copy: Path, run: Callable[..., str], fail: Callable[..., str]
) -> None:
    results = copy.parents[1]
    assert "s1-m2 shadow-seed0: lemma_2\n" in run(
        "measure", results, "--only", "lemma_2", "--dry-run"
    )
    assert "unknown measurement 'lemma_3'" in fail("measure", results, "--only", "lemma_3")
