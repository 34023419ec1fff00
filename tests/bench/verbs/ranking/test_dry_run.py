"""A dry run checks what a run checks, writes nothing, and says what is missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from bench import run as command_line
from bench.verbs.rank_supernets import rank
from bench.verbs.ranking.dry_run import Plan, dry_run
from supernet import runs
from supernet.forecast import Forecast, Pace, forecast
from supernet.needs import needs
from supernet.parts import resolve

if TYPE_CHECKING:
    from pathlib import Path

SMALL = {
    "stem_channels": 4,
    "num_stacks": 1,
    "epochs": 2,
    "num_train_images": 100,
    "calibration_images": 50,
    "num_score_images": 50,
    "snapshot_epochs": (),
}


def asked(out: Path, **more: Any) -> dict[str, Any]:
    return {
        "m": (1,),
        "seeds": (0, 1),
        "changes": SMALL,
        "out": out,
        "other_truth": True,
        "allow_missing": True,
        "jobs": 1,
        **more,
    }


def missing(plan: Plan) -> list[tuple[str, int, int]]:
    return [(run.folder.name, f.num_epochs, f.num_architectures) for run, f in plan.runs]


def test_all_is_missing_at_first_and_nothing_is_written(tmp_path: Path) -> None:
    plan = dry_run(**asked(tmp_path / "results"))
    names = ("shadow-seed0", "single-seed0", "shadow-seed1", "single-seed1")
    assert missing(plan) == [(name, 2, 12) for name in names]
    assert all(one.time_s > 0 for _, one in plan.runs)
    assert plan.work_s == pytest.approx(sum(one.time_s for _, one in plan.runs))
    assert not list(tmp_path.iterdir())


def test_what_is_done_is_not_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "results"

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(runs, "score", killed)
        with pytest.raises(KeyboardInterrupt):
            rank(**asked(out, seeds=(1,), batch_norms=("shadow",)))
    rank(**asked(out, seeds=(0,), batch_norms=("shadow",)))
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    plan = dry_run(**asked(out, batch_norms=("shadow",)))
    assert missing(plan) == [("shadow-seed0", 0, 0), ("shadow-seed1", 0, 12)]
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_time_is_pace_times_what_is_missing(tmp_path: Path) -> None:
    ((run, _), *_) = dry_run(**asked(tmp_path / "results")).runs
    assert forecast(run, Pace(10.0, 0.5)) == Forecast(2, 12, 26.0)


def test_the_work_is_that_of_all_runs() -> None:
    two: Any = [(None, Forecast(1, 1, 4.0)), (None, Forecast(0, 0, 1.0))]
    assert Plan(two, 2).work_s == 5.0


def test_a_folder_of_another_recipe_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "results"
    rank(**asked(out, seeds=(0,), batch_norms=("shadow",)))
    with pytest.raises(ValueError, match="holds another recipe: epochs"):
        dry_run(**asked(out, batch_norms=("shadow",), changes={**SMALL, "epochs": 3}))


def test_it_says_what_a_run_needs_with_its_images(tmp_path: Path) -> None:
    ((run, forecast), *_) = dry_run(**asked(tmp_path / "results")).runs
    assert forecast.needs == needs(resolve(run.recipe), 1797, run.seed), "of all digits"


def test_command_line_says_it_in_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = [f"{n}={','.join(v) if isinstance(v, tuple) else v}" for n, v in SMALL.items()]
    flags = ["--m", "1", "--seeds", "1", "--jobs", "1", "--other-truth", "--allow-missing"]
    out = ["--out", str(tmp_path / "results"), "--dry-run"]
    assert command_line.main([*flags, *out, "--set", *texts]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("branches-m1 shadow-seed0: 2 epochs, 12 architectures to score: 0:")
    assert re.search(r", about 0\.9 GB of memory, 0\.0 GB of the disk$", lines[0])
    assert lines[2].startswith("2 runs, 1 at once: about 0:00:")
    assert not list(tmp_path.iterdir())
