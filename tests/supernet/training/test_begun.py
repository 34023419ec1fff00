"""An epoch stopped between any two steps and gone on with gives what one never stopped gives."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from bench.base import stopping
from bench.base.stopping import Stop, Stopped
from bench.config.recipe import Recipe
from bench.runs.run import open_run
from supernet.data.data_set import take
from supernet.data.sets import load_digits
from supernet.data.source import TensorSource
from supernet.distributed import ALONE, Ranks
from supernet.training.begun import Begun
from supernet.training.checkpoints import finish
from supernet.training.trainer import Trainer, initialise
from tests.supernet.training.test_trainer import TRAINING, run, trainer

STEPS = 4  # an epoch of 100 images in batches of 32, the last one smaller


class StopAfter(Stop):
    """Asks to stop after some steps, once."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps

    @property
    def is_asked(self) -> bool:
        """Count: it is asked once a step."""
        self.steps -= 1
        self.reason = "the test"
        return self.steps == 0


def with_dropout() -> Trainer:
    data = load_digits()

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden, self.out = nn.Linear(64, 32), nn.Linear(32, 10)

        def forward(self, x: torch.Tensor, path: None = None) -> torch.Tensor:  # noqa: ARG002 (a net's)
            out: torch.Tensor = self.out(F.dropout(self.hidden(x.flatten(1)), training=True))
            return out

    net = initialise(Net, 0)
    training = replace(TRAINING, epochs=3, ema_decay=0.9)
    source = TensorSource(take(data.train, 100), data.statistics, training, 0)
    return Trainer(net, source, training, None, 0)


def state_of(one: Trainer) -> list[object]:
    models = [one.model, *([one.ema.model] if one.ema else [])]
    rows = [(e.epoch, e.lr, e.loss, e.accuracy) for e in one.history]
    weights = [value.tolist() for model in models for value in model.state_dict().values()]
    return [*rows, *weights]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder, whose checkpoints say of which run they are."""
    return open_run(tmp_path, Recipe(), 0, "cpu", 1).folder


@pytest.mark.parametrize("make", [trainer, with_dropout])
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 7, 9])
def test_stopped_after_any_step_it_ends_the_same(
    make: Callable[[], Trainer], steps: int, folder: Path
) -> None:
    whole = run(make())
    first = make()
    with stopping.heeding(StopAfter(steps)), pytest.raises(Stopped, match="the test"):
        finish(first, folder, ALONE, lambda _: None)
    assert not first.is_finished
    second = make()
    finish(second, folder, ALONE, lambda _: None)
    assert state_of(second) == state_of(whole)


def test_each_call_does_at_least_a_step(folder: Path) -> None:
    """So that a limit that is always over, or a job requeued for ever, comes to an end."""
    calls = 0
    while True:
        calls += 1
        one = trainer()
        with stopping.heeding(Stop(deadline=0.0)):
            try:
                finish(one, folder, ALONE, lambda _: None)
            except Stopped:
                continue
        break
    assert calls == STEPS * TRAINING.epochs
    assert state_of(one) == state_of(run(trainer()))


def test_sums_go_on_with_the_first_process_alone() -> None:
    begun = Begun(step=3, num_seen=96, loss_sum=2.0, num_correct=5.0, time_s=1.0)
    assert begun.share(Ranks(0, 2)) == begun
    assert begun.share(Ranks(1, 2)) == Begun(step=3, time_s=1.0)


def test_several_processes_ask_each_other_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    one = trainer()
    one.ranks = Ranks(0, 2)
    monkeypatch.setattr(Ranks, "any", lambda *_: True)
    assert [step for step in range(32) if one.is_to_stop(step)] == [7, 15, 23, 31]
    assert one.is_to_stop()
