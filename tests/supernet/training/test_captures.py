"""Captured steps: the same numbers as without, and what a CUDA graph asks of what it captures.

There is no GPU here: a recorder of ours replays the function itself, and like a GPU it runs nothing
while it records.
"""

from __future__ import annotations

import weakref
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from bench.config.recipe import Recipe
from bench.config.training import Training
from bench.network.skeleton import Skeleton
from bench.space.branches import Branches
from supernet.data.data_set import take
from supernet.data.sets import load_digits
from supernet.data.source import TensorSource
from supernet.distributed import Ranks
from supernet.nets.cells import CellNet
from supernet.sampling import SAMPLERS
from supernet.shadow_bn import norm_under_test
from supernet.training.captures import Captures, captured, may_repeat
from supernet.training.step import Step
from supernet.training.trainer import Trainer, initialise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SPACE = Branches(2)
SKELETON = Skeleton(stem_channels=4, num_stacks=2, cells_per_stack=1, image_size=8, in_channels=1)
TRAINING = Training(epochs=4, batch_size=16, crop_padding=1, cutout=2, lr=0.05)
NUM_IMAGES = 100  # six batches, and one of four


class Replays:
    """Replays the function itself; recording runs it too, and undoes what it did."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.num_recorded = self.num_replayed = 0
        self.is_running = False

    def __call__(self, function: Callable[[], None]) -> Callable[[], object]:
        """Record a function."""
        self.num_recorded += 1
        with undone(self.trainer):
            function()

        def replay() -> None:
            self.num_replayed += 1
            function()

        return replay

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run as always, and know it."""
        self.is_running = True
        yield
        self.is_running = False

    def seconds(self, function: Callable[[], object]) -> float:
        """Take no time; training does not ask."""
        raise AssertionError(function)


@contextmanager
def undone(trainer: Trainer) -> Iterator[None]:
    """Put a network's state and the step's sums back, as a capture leaves them."""
    values = [*trainer.model.state_dict().values(), *trainer.step.sums]
    before = [value.clone() for value in values]
    yield
    for value, old in zip(values, before, strict=True):
        value.copy_(old)


def trainer(
    training: Training = TRAINING,
    batch_norm: str = "shadow",
    sampler: str = "uniform",
    seed: int = 0,
    device: str = "cpu",
) -> Trainer:
    data = load_digits().to(torch.device(device))
    model = initialise(lambda: CellNet(SKELETON, SPACE, norm_under_test(batch_norm)), seed)
    model.to(torch.device(device))
    source = TensorSource(take(data.train, NUM_IMAGES), data.statistics, training, seed)
    draw = SAMPLERS[sampler]
    return Trainer(
        model, source, training, lambda rng, t: draw(SPACE, rng, t), seed, may_capture=True
    )


def capturing(one: Trainer, capacity: int = 512) -> tuple[Trainer, Replays, Captures]:
    recorder = Replays(one)
    captures = Captures(one.step, one.training.batch_size, recorder, capacity)
    one.gradients = captures
    return one, recorder, captures


def run(one: Trainer) -> Trainer:
    while not one.is_finished:
        one.run_epoch()
    return one


def sgd(groups: list[dict[str, Any]], training: Training) -> torch.optim.Optimizer:
    """Build an own optimiser."""
    return torch.optim.SGD(groups, lr=training.lr, nesterov=True, momentum=0.5)


def assert_same(one: Any, other: Any, where: str = "") -> None:
    """Compare two states bit by bit, but for times."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one.keys() - {"time_s"}:
            assert_same(one[key], other[key], f"{where}/{key}")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), where
        for number, pair in enumerate(zip(one, other, strict=True)):
            assert_same(*pair, f"{where}/{number}")
    else:
        same = torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other
        assert same, where


@pytest.mark.parametrize(
    ("changes", "batch_norm", "sampler"),
    [
        ({}, "shadow", "uniform"),
        ({"precision": "bf16", "label_smoothing": 0.1}, "single", "uniform"),
        ({"optimizer": "rmsprop-tf", "lr": 1e-3}, "shadow-sum", "bernoulli"),
        (
            {"optimizer": "tests.supernet.training.test_captures:sgd"},
            "combination",
            "uniform",
        ),
        ({"ema_decay": 0.9, "grad_clip": 0.1}, "none", "uniform"),
        ({"freeze_batch_norm": True}, "single", "one-shot"),
    ],
)
def test_captured_steps_train_as_plain_ones_do(
    changes: dict[str, Any], batch_norm: str, sampler: str
) -> None:
    training = replace(TRAINING, **changes)
    plain = run(trainer(training, batch_norm, sampler))
    other, recorder, captures = capturing(trainer(training, batch_norm, sampler))
    run(other)
    assert_same(plain.state_dict(), other.state_dict())
    assert recorder.num_replayed >= recorder.num_recorded >= (sampler != "one-shot")
    assert not captures.is_failed


def test_all_that_an_epoch_launches_is_where_its_graphs_run() -> None:
    """Captured on another stream than the rest, graphs would race with what is around them."""
    one, recorder, _ = capturing(trainer())
    seen = []

    def optimise(*_: Any) -> None:
        seen.append(recorder.is_running)

    one.optimizer.register_step_post_hook(optimise)
    one.run_epoch()
    assert seen == [True] * one.source.num_steps
    assert not recorder.is_running


def test_captured_steps_and_the_trainer_add_to_the_same_sums() -> None:
    """A graph adds to the tensors that it saw: new ones would stay at zero."""
    one, _, _ = capturing(trainer())
    loss, num_correct = one.step.sums
    run(one)
    one.step.reset(2.0, 3.0)
    assert one.step.sums[0] is loss
    assert one.step.sums[1] is num_correct
    assert [loss.item(), num_correct.item()] == [2.0, 3.0]


def test_paths_are_captured_when_they_come_again_and_the_oldest_forgotten() -> None:
    one, recorder, captures = capturing(trainer(), capacity=2)
    (x, labels), *_ = next(one.source.epoch(0))
    a, b, c = (SPACE.path(SPACE.decode(text)) for text in ("3---", "-1--", "3--p"))
    steps = []
    for path in (a, a, a, b, b, c, c, a, a):
        before = recorder.num_recorded, recorder.num_replayed
        captures([(x, labels)], path)
        steps.append((recorder.num_recorded - before[0], recorder.num_replayed - before[1]))
    plain, first, again = (0, 0), (1, 1), (0, 1)
    assert steps == [plain, first, again, plain, first, plain, first, plain, first]
    assert list(captures.paths) == [c, a]


def test_paths_that_no_dictionary_finds_run_as_they_are() -> None:
    one, recorder, captures = capturing(trainer())
    path = [list(operations) for operations in SPACE.path(SPACE.decode("3---"))]
    parts = next(one.source.epoch(0))
    for _ in range(3):
        captures(parts, path)
    assert recorder.num_recorded == 0


def test_a_smaller_batch_and_one_in_parts_are_never_captured() -> None:
    one, recorder, captures = capturing(trainer())
    path = SPACE.path(SPACE.decode("3---"))
    (x, labels), *_ = next(one.source.epoch(0))
    for parts in ([(x[:4], labels[:4])], [(x[:8], labels[:8]), (x[8:], labels[8:])]):
        for _ in range(3):
            captures(parts, path)
    assert recorder.num_recorded == 0


def test_resumed_with_other_captures_it_ends_alike() -> None:
    whole = run(capturing(trainer())[0])
    first = capturing(trainer())[0]
    first.run_epoch()
    first.run_epoch()
    second = capturing(trainer(seed=99), capacity=3)[0]
    second.run_epoch()  # captures made on other weights
    second.load_state_dict(first.state_dict())
    assert_same(whole.state_dict(), run(second).state_dict())


def test_parameters_that_a_path_does_not_use_have_no_gradients() -> None:
    one, recorder, captures = capturing(trainer())
    (x, labels), *_ = next(one.source.epoch(0))
    paths = [SPACE.path(SPACE.decode(text)) for text in ("3---", "-1--")]
    found = []
    for path in (*paths, *paths):
        one.optimizer.zero_grad(set_to_none=True)
        captures([(x, labels)], path)
        found.append({n for n, p in one.model.named_parameters() if p.grad is not None})
    assert recorder.num_replayed == 2
    assert found[:2] == found[2:]
    assert found[0] - found[1]
    assert found[1] - found[0]


class Fails(Replays):
    """A recorder that fails after the function ran."""

    def __call__(self, function: Callable[[], None]) -> Callable[[], object]:
        """Record the first function alone."""
        super().__call__(function)
        if self.num_recorded > 1:
            raise RuntimeError("operation not permitted when stream is capturing\nfurther lines")
        return function


def test_where_capturing_fails_training_goes_on_without() -> None:
    plain = run(trainer())
    one, _, captures = capturing(trainer())
    captures.recorder = Fails(one)
    with pytest.warns(UserWarning, match=r"graphs: operation not permitted when stream is captur"):
        run(one)
    assert captures.is_failed
    assert not captures.paths
    assert_same(plain.state_dict(), one.state_dict())


class Invalid(Replays):
    """A recorder that fails in what it records, and then as CUDA does, at its end."""

    def __call__(self, function: Callable[[], None]) -> Callable[[], object]:
        """Fail twice."""
        try:
            raise RuntimeError(f"{function.__name__} waits for the device\nfurther lines")
        except RuntimeError:
            raise RuntimeError("capture_end: the capture was invalidated")  # noqa: B904 (as a context manager's exit does)


def test_what_failed_is_named_not_what_it_led_to() -> None:
    one, _, captures = capturing(trainer())
    captures.recorder = Invalid(one)
    with pytest.warns(UserWarning, match="as CUDA graphs: function waits for the device$"):
        run(one)


class Clean(Replays):
    """A recorder that looks at the gradients that are there."""

    def __call__(self, function: Callable[[], None]) -> Callable[[], object]:
        """Refuse any."""
        assert not [p for p in self.trainer.model.parameters() if p.grad is not None]
        return super().__call__(function)


def test_no_gradient_is_there_when_a_step_is_recorded() -> None:
    """A graph would add to it at every replay, in memory that it is not given."""
    one, _, captures = capturing(trainer())
    captures.recorder = Clean(one)
    parts = next(one.source.epoch(0))
    for _ in range(2):
        captures(parts, SPACE.path(SPACE.decode("3---")))
    assert captures.recorder.num_recorded == 1


class Watched(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's
    """Notes what a captured function must not do: wait for the device, draw, keep memory."""

    WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "equal", "is_nonzero", "unique")

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's
        self.forbidden: list[str] = []
        self.made: list[weakref.ref[torch.Tensor]] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operation, and note it."""
        name = func.overloadpacket.__name__
        if name.startswith(self.WAITING) or torch.Tag.nondeterministic_seeded in func.tags:
            self.forbidden.append(name)
        out = func(*args, **(kwargs or {}))
        for value in out if isinstance(out, (tuple, list)) else (out,):
            if isinstance(value, torch.Tensor):
                self.made.append(weakref.ref(value))
        return out

    def left(self, known: list[torch.Tensor]) -> int:
        """Count the tensors that were made and still live, but for those known before."""
        places = {value.untyped_storage().data_ptr() for value in known}
        values = [value for ref in self.made if (value := ref()) is not None]
        return sum(value.untyped_storage().data_ptr() not in places for value in values)


class Checked(Replays):
    """Watches what is recorded."""

    captures: Captures

    def __call__(self, function: Callable[[], None]) -> Callable[[], object]:
        """Record a function, and look at what it does."""
        known = [
            *(tensor.detach() for tensor in self.trainer.model.state_dict().values()),
            *self.trainer.step.sums,
            *self.captures.gradients.values(),
        ]
        with Watched() as watched, undone(self.trainer):
            function()
        assert watched.made
        assert watched.forbidden == []
        assert watched.left(known) == 0
        return super().__call__(function)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("batch_norm", ["shadow", "single", "combination", "none", "shadow-sum"])
def test_a_captured_step_waits_for_nothing_and_leaves_nothing(
    precision: str, batch_norm: str
) -> None:
    one, _, captures = capturing(trainer(replace(TRAINING, precision=precision), batch_norm))
    recorder = Checked(one)
    captures.recorder, recorder.captures = recorder, captures
    one.run_epoch()
    one.run_epoch()
    assert recorder.num_replayed > 0


def test_the_watch_sees_what_it_is_for() -> None:
    kept = []
    with Watched() as watched:
        x = torch.zeros(3)
        kept.append(x + 1)
        (x + 2).sum().item()
        nn.functional.dropout(x)
    assert "_local_scalar_dense" in watched.forbidden
    assert len(watched.forbidden) == 2
    assert watched.left([x]) == 1


def test_own_parts_and_one_shot_are_not_captured() -> None:
    assert may_repeat(Recipe())
    assert not may_repeat(Recipe(sampler="one-shot"))
    assert not may_repeat(Recipe(net="tests.plugins:OneCell"))
    assert not may_repeat(Recipe(batch_norm="tests.plugins:Halving"))


def test_graphs_are_for_one_process_on_cuda_without_dropout() -> None:
    """Each step here says that it lies on a GPU; none is captured."""
    plain, dropping = nn.Linear(1, 1), nn.Sequential(nn.Dropout(0.2))

    def on_cuda(network: nn.Module, **changes: Any) -> Step:
        step = Step(network, replace(TRAINING, **changes), torch.device("cpu"))
        step.device = torch.device("cuda")
        return step

    for step, ranks in (
        (on_cuda(plain, cuda_graphs=False), Ranks(0, 1)),
        (on_cuda(plain, accumulate=2), Ranks(0, 1)),
        (on_cuda(plain), Ranks(0, 2)),
        (on_cuda(dropping), Ranks(0, 1)),
        (Step(plain, TRAINING, torch.device("cpu")), Ranks(0, 1)),
    ):
        assert captured(step, ranks) is step
