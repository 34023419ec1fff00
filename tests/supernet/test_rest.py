"""Captured scoring: the same rows as without, and memory that stays where a graph expects it.

There is no GPU here: a recorder of ours runs the function again in place of a graph, and refuses
where that reads or writes memory that it did not when it was recorded.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from bench.config.training import Training
from supernet.data.sets import load_digits
from supernet.rest import Captured, Eager, rest_of
from supernet.score import SupernetScorer
from tests.pretend import NEEDS_GPU, rounding_as_the_cpu
from tests.supernet.test_score import RECIPE, SPACE, build

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from bench.config.recipe import Recipe
    from bench.space.space import Space

NUM_PATHS = 7
CUDA = torch.device("cuda")


class Outside(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's
    """Notes the memory of tensors that come from outside of what runs in it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's
        self.found: set[int] = set()
        self.made: list[torch.Tensor] = []  # kept, so that no place is used twice

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operation, and note what it takes."""
        own = {place(tensor) for tensor in self.made}
        self.found |= {place(t) for t in tensors((args, kwargs))} - own
        out = func(*args, **(kwargs or {}))
        self.made += [t for t in tensors(out) if place(t) not in self.found]
        return out


def tensors(tree: Any) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def place(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


class Again:
    """Runs the function again, in the very memory that it was recorded in."""

    def __init__(self, times_s: tuple[float, float] = (1e6, 0.0), error: str = "") -> None:
        self.times_s = iter(times_s)
        self.error = error
        self.num_recorded = self.num_replayed = 0

    def __call__(self, function: Callable[[], None]) -> Callable[[], object]:
        """Record a function."""
        self.num_recorded += 1
        if self.error:
            raise RuntimeError(self.error)
        with Outside() as recorded:
            function()

        def replay() -> None:
            self.num_replayed += 1
            with Outside() as seen:
                function()
            assert seen.found == recorded.found

        return replay

    def running(self) -> AbstractContextManager[None]:
        """Run as always."""
        return nullcontext()

    def seconds(self, function: Callable[[], object]) -> float:
        """Say how long it took, as was agreed on: first without, then captured."""
        function()
        return next(self.times_s)


def rows(recorder: Again | None, recipe: Recipe = RECIPE, capacity: int = 512) -> list[Any]:
    """Score some architectures raw and calibrated, twice the first of them."""
    model, chosen = build(), SPACE.architectures()[:NUM_PATHS]
    scorer = SupernetScorer(model, SPACE, load_digits(), recipe)
    assert isinstance(scorer.rest, Eager)
    if recorder is not None:
        scorer.rest = Captured(model, recorder, num_replays=2, capacity=capacity)
    return [*scorer.raw(chosen), *scorer.calibrated(chosen), *scorer.raw(chosen[:1])]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("batch", [40, 30, 90])  # two and a smaller one, three, one
def test_captured_scores_are_those_without(batch: int, precision: str) -> None:
    """In bf16 a graph must not read what autocast had cast and kept for another pass."""
    recipe = replace(RECIPE, score_batch=batch, score_precision=precision)
    recorder = Again()
    assert rows(recorder, recipe) == rows(None, recipe)
    assert recorder.num_recorded == NUM_PATHS
    full = 90 // batch
    replays = NUM_PATHS * (2 * full - 1) + full
    assert recorder.num_replayed == replays + 1  # and one that is timed


def test_paths_that_are_forgotten_are_right() -> None:
    recorder = Again()
    assert rows(recorder, capacity=3) == rows(None)
    assert recorder.num_replayed == 1  # of seven paths in turn none is known; alone the first is


class Listed:
    """A space whose paths are lists, which no dictionary finds."""

    def __getattr__(self, name: str) -> Any:
        return getattr(SPACE, name)

    def path(self, architecture: Any) -> list[list[int]]:
        """Return a path."""
        return [list(operations) for operations in SPACE.path(architecture)]


def test_paths_that_no_dictionary_finds_run_as_they_are() -> None:
    recorder, model, own = Again(), build(), cast("Space", Listed())
    scorer = SupernetScorer(model, own, load_digits(), RECIPE)
    scorer.rest = Captured(model, recorder, num_replays=2)
    chosen = SPACE.architectures()[:1]
    assert [*scorer.raw(chosen), *scorer.raw(chosen)] == 2 * rows(None)[:1]
    assert recorder.num_recorded == 0


def test_what_does_not_pay_is_left_alone() -> None:
    recorder = Again(times_s=(1e-12, 0.0))
    assert rows(recorder) == rows(None)
    assert recorder.num_recorded == 2
    slower = Again(times_s=(1.0, 2.0))
    assert rows(slower) == rows(None)
    assert slower.num_recorded == 2


def test_what_is_left_alone_keeps_no_memory() -> None:
    model, chosen = build(), SPACE.architectures()[:NUM_PATHS]
    scorer = SupernetScorer(model, SPACE, load_digits(), RECIPE)
    rest = scorer.rest = Captured(model, Again(times_s=(1.0, 2.0)), num_replays=2)
    list(scorer.raw(chosen[:1]))
    assert rest.held
    list(scorer.raw(chosen))
    assert not rest.is_on
    list(scorer.raw(chosen))
    assert rest.logits is None
    assert not rest.held
    assert not rest.paths


def test_what_can_not_be_captured_is_said_once_and_scored_without() -> None:
    recorder = Again(error="operation not permitted when stream is capturing\nmore")
    with pytest.warns(UserWarning, match="not captured as CUDA graphs: operation not") as told:
        assert rows(recorder) == rows(None)
    assert len(told) == recorder.num_recorded == 1


@pytest.mark.parametrize(
    ("changes", "num_images", "device"),
    [
        ({}, 400, "cpu"),
        ({"training": Training(cuda_graphs=False)}, 400, "cuda"),
        ({"net": "own:Net"}, 400, "cuda"),
        ({"batch_norm": "own:norm"}, 400, "cuda"),
        ({}, 79, "cuda"),  # one batch of 40, raw and calibrated
    ],
)
def test_where_graphs_do_not_serve_there_are_none(
    changes: dict[str, Any], num_images: int, device: str
) -> None:
    recipe = replace(RECIPE, **changes)
    rest = rest_of(build(), SPACE, recipe, torch.device(device), num_images)
    assert isinstance(rest, Eager)


def test_they_serve_where_a_path_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supernet.rest.CudaRecorder", lambda _: Again())
    rest = rest_of(build(), SPACE, RECIPE, CUDA, 160)
    assert isinstance(rest, Captured)
    assert rest.num_replays == 2 * 4 - 2
    assert rest.is_captured


def test_nothing_of_the_last_batch_is_kept() -> None:
    scorer = SupernetScorer(build(), SPACE, load_digits(), RECIPE)
    list(scorer.raw(SPACE.architectures()[:1]))
    assert isinstance(scorer.rest, Eager)
    assert scorer.rest.shared is None


@pytest.mark.parametrize(
    "precision", [pytest.param(name, marks=NEEDS_GPU) for name in ("fp32", "bf16")]
)
@rounding_as_the_cpu()
def test_a_gpu_scores_captured_as_without(precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Captured, "_pays", lambda *_: True)
    if precision == "bf16" and not torch.cuda.is_bf16_supported():
        pytest.skip("this GPU has no bfloat16")
    every = []
    for cuda_graphs in (False, True):
        training = replace(RECIPE.training, cuda_graphs=cuda_graphs)
        recipe = replace(RECIPE, score_precision=precision, training=training, score_batch=30)
        model, chosen = build().to(CUDA), SPACE.architectures()[:NUM_PATHS]
        scorer = SupernetScorer(model, SPACE, load_digits().to(CUDA), recipe)
        every.append([*scorer.raw(chosen), *scorer.calibrated(chosen)])
        assert isinstance(scorer.rest, Captured) == cuda_graphs
        if isinstance(scorer.rest, Captured):
            assert scorer.rest.is_on
            assert scorer.rest.num_captured == NUM_PATHS
    for plain, captured in zip(*every, strict=True):
        assert captured["loss"] == pytest.approx(plain["loss"], rel=1e-4)
        assert captured["accuracy"] == plain["accuracy"]
