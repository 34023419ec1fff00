"""How long an epoch will take: measured on steps as they run later, captured or not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bench.config.cell_presets import digits
from bench.config.fields import override
from bench.runs.run import Run
from supernet.data.pool import TensorPool
from supernet.data.sets import load_digits
from supernet.forecast import STEPS, epoch_s, few_paths
from supernet.parts import resolve
from supernet.runs import build
from supernet.training import trainer as module
from supernet.training.captures import Captures
from tests.measured_run import TINY
from tests.supernet.training.test_captures import Replays

if TYPE_CHECKING:
    from pathlib import Path

    from bench.config.recipe import Recipe


def recipe(**changes: str) -> Recipe:
    return override(digits().recipe, TINY | {"m": "2", "batch_size": "20"} | changes)


@pytest.fixture
def recorders(monkeypatch: pytest.MonkeyPatch) -> list[Replays]:
    """Capture as on a GPU, by recorders that run a function again."""
    made: list[Any] = []

    class Late(Replays):
        """A recorder that is made before its trainer."""

        def __init__(self) -> None:
            self.num_recorded = self.num_replayed = 0
            self.is_running = False

        def __call__(self, function: Any) -> Any:
            """Record nothing of it but that it was."""
            self.num_recorded += 1
            function()
            return partial(self.replayed, function)

        def replayed(self, function: Any) -> None:
            """Run it again."""
            self.num_replayed += 1
            function()

    def captured(step: Any, _: Any) -> Captures:
        made.append(Late())
        return Captures(step, step.training.batch_size, made[-1])

    monkeypatch.setattr(module, "captured", captured)
    return made


def forecast(tmp_path: Path, asked: Recipe) -> float:
    data, run, parts = load_digits(), Run(tmp_path / "run", asked, 0), resolve(asked)
    return epoch_s(
        run,
        build(run, parts, "cpu"),
        TensorPool(asked, data),
        lambda few: TensorPool(few, data),
        parts,
    )


def test_what_is_timed_is_captured_where_training_is(
    tmp_path: Path, recorders: list[Replays]
) -> None:
    assert forecast(tmp_path, recipe()) > 0
    (recorder,) = recorders
    assert recorder.num_replayed >= STEPS  # the last epoch's steps, at the least


def test_an_own_sampler_of_many_paths_is_timed_as_it_runs(
    tmp_path: Path, recorders: list[Replays]
) -> None:
    asked = recipe(sampler="one-shot", batch_norm="single")
    assert forecast(tmp_path, asked) > 0
    assert not recorders


def test_paths_come_in_turns_and_are_the_seeds() -> None:
    parts = resolve(recipe())
    first, again, other = (few_paths(parts, seed, 3) for seed in (0, 0, 1))
    rng: Any = None
    drawn = [[draw(rng, 0.0) for _ in range(6)] for draw in (first, again, other)]
    assert drawn[0][:3] == drawn[0][3:] == drawn[1][3:]
    assert drawn[0] != drawn[2]
