"""Progress: read from the files of the runs, whoever runs them."""

import json
from pathlib import Path

import pytest
from rich.progress import Progress

from bench.runs.progress import _about, _Display, label, show
from bench.runs.run import Run, open_run
from supernet.training.reporter import Reporter
from supernet.training.trainer import Progress as TrainingProgress
from tests.supernet.test_runs import RECIPE


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return open_run(tmp_path, RECIPE, 0, "cpu", 1)


def test_reporter_writes_what_the_display_reads(run: Run) -> None:
    reporter = Reporter(run.folder, "train")
    reporter.training(TrainingProgress(3, 40, 0.07, 1.234, 0.5, 6789.0))
    report = json.loads((run.folder / "progress.json").read_text())
    assert report["stage"] == "train"
    assert report["fraction"] == 0.07
    assert _about(report) == "epoch 3/40 loss 1.234 accuracy 50.0% 6,789 images/s"
    reporter.close()
    assert not (run.folder / "progress.json").exists()


def test_display_shows_one_bar_per_run_and_stage(run: Run) -> None:
    display = _Display(Progress(disable=True), [run])
    display.update(run, {"stage": "train", "fraction": 0.5})
    display.update(run, {"stage": "score", "fraction": 0.25})
    assert [(task.description, task.completed) for task in display.bars.tasks] == [
        (f"{label(run)} score", 0.25)
    ]
    display.end(run)
    assert not display.bars.tasks


def test_half_written_report_is_passed_over(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.runs.progress.POLL_S", 0.01)
    (run.folder / "progress.json").write_text('{"stage": "tr')
    with show([run]) as finished:
        finished(run)
    assert capsys.readouterr().err == "1/1 branches-m1 shadow-seed0 done\n"
