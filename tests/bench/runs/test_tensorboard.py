"""Curves for TensorBoard: what history.csv says, once, as it comes."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from bench.runs import tensorboard
from bench.runs.layout import tensorboard_folder
from bench.runs.tensorboard import follow
from tests.synthetic import write_runs

if TYPE_CHECKING:
    from bench.runs.run import Run

HEADER = "epoch,lr,loss,accuracy\n"
ROWS = ("1,0.1,2.5,0.25\n", "2,0.05,1.5,0.5\n")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (one,) = write_runs(tmp_path, seeds=(0,), batch_norms=("shadow",))
    return one


class Noted:
    """A writer that keeps what it is given."""

    written: list[tuple[Any, ...]]

    def __init__(self, folder: str) -> None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        Noted.written = []

    def add_scalar(self, name: str, value: float, step: int) -> None:
        """Note one point."""
        Noted.written.append((name, value, step))

    def flush(self) -> None:
        """Do nothing."""

    close = flush


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> type[Noted]:
    """Stand in for TensorBoard, which need not be installed."""
    module = ModuleType("tensorboard.summary")
    module.Writer = Noted  # type: ignore[attr-defined]  # made here
    monkeypatch.setitem(sys.modules, "tensorboard", ModuleType("tensorboard"))
    monkeypatch.setitem(sys.modules, "tensorboard.summary", module)
    return Noted


def test_each_epoch_is_written_once_as_it_comes(
    run: Run, noted: type[Noted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorboard, "POLL_S", 0.01)
    history = run.folder / "history.csv"
    with follow([run]):
        history.write_text(HEADER + ROWS[0])
        while len(noted.written) < 3:
            time.sleep(0.01)
        history.write_text(HEADER + ROWS[0] + ROWS[1])
    assert noted.written == [
        *(("loss", 2.5, 1), ("accuracy", 0.25, 1), ("lr", 0.1, 1)),
        *(("loss", 1.5, 2), ("accuracy", 0.5, 2), ("lr", 0.05, 2)),
    ]


def test_curves_of_before_are_written_anew(run: Run, noted: type[Noted]) -> None:
    (run.folder / "history.csv").write_text(HEADER + ROWS[0])
    old = tensorboard_folder(run.folder) / "events.out.tfevents.1"
    old.parent.mkdir(parents=True)
    old.touch()
    with follow([run]):
        pass
    assert len(noted.written) == 3
    assert not old.exists()


def test_a_run_that_fails_before_its_first_epoch_has_no_curve(run: Run, noted: type[Noted]) -> None:
    with pytest.raises(RuntimeError), follow([run]):
        raise RuntimeError
    assert noted.written == []


def test_without_tensorboard_it_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.summary", None)
    with (
        pytest.raises(ValueError, match="--tensorboard needs: pip install tensorboard"),
        follow([run]),
    ):
        pass


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of its own code
def test_tensorboard_reads_them(run: Run) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (run.folder / "history.csv").write_text(HEADER + "".join(ROWS))
    with follow([run]):
        pass
    curves = EventAccumulator(str(tensorboard_folder(run.folder)))
    curves.Reload()
    assert sorted(curves.Tags()["tensors"]) == ["accuracy", "loss", "lr"]
    steps = [event.step for event in curves.Tensors("loss")]
    assert steps == [1, 2]
