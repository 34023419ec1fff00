"""Compiled layers: the same training as without, and plain layers as soon as it is over."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from supernet.nets.cell_layers import ConvBnRelu
from supernet.training import fused as module
from supernet.training.fused import Fused, limit_of
from tests.pretend import NEEDS_GPU
from tests.supernet.training.test_captures import TRAINING, run, trainer

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute")  # dynamo's own, looking on
FUSED = replace(TRAINING, fused=True)


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Compile as torch.compile does, but let the graphs that it finds run as they are."""
    graphs: list[Any] = []

    def backend(graph: Any, inputs: list[torch.Tensor]) -> Callable[..., Any]:  # noqa: ARG001 (a backend's)
        graphs.append(graph)
        run_graph: Callable[..., Any] = graph.forward
        return run_graph

    torch._dynamo.reset()
    compiled = torch.compile
    monkeypatch.setattr(torch, "compile", lambda function: compiled(function, backend=backend))
    return graphs


def test_training_is_that_without(traced: list[Any]) -> None:
    fused, plain = run(trainer(FUSED)), run(trainer())
    assert len(traced) > 2
    assert [epoch.loss for epoch in fused.history] == [epoch.loss for epoch in plain.history]
    theirs = plain.model.state_dict()
    for name, value in fused.model.state_dict().items():
        assert torch.equal(value, theirs[name]), name


def test_variants_are_limited_by_the_name_that_torch_has() -> None:
    assert hasattr(torch._dynamo.config, limit_of(torch._dynamo.config))
    assert limit_of(SimpleNamespace(cache_size_limit=8)) == "cache_size_limit"


def test_after_an_epoch_the_layers_are_plain(traced: list[Any]) -> None:  # noqa: ARG001 (compiles)
    one = trainer(FUSED)
    layers = [layer for layer in one.model.modules() if isinstance(layer, ConvBnRelu)]
    with Fused(one.model).running():
        assert all("forward" in vars(layer) for layer in layers)
    one.run_epoch()
    assert len(layers) > 3
    assert not any("forward" in vars(layer) for layer in layers)


def test_what_does_not_compile_runs_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def compiled(_: Any) -> Any:
        def fail(x: torch.Tensor) -> torch.Tensor:
            raise torch._dynamo.exc.TorchDynamoException(f"no compiler\nfor {x.shape}")

        return fail

    monkeypatch.setattr(torch, "compile", compiled)
    with pytest.warns(UserWarning, match="layers are not compiled: no compiler$") as told:
        fused = run(trainer(FUSED))
    assert len(told) == 1
    assert [e.loss for e in fused.history] == [e.loss for e in run(trainer()).history]


@pytest.mark.parametrize("precision", [pytest.param(p, marks=NEEDS_GPU) for p in ("fp32", "bf16")])
def test_a_gpu_trains_fused_as_without(precision: str) -> None:
    assert module.VARIANTS > 8
    both = [
        run(trainer(replace(one, precision=precision), device="cuda")) for one in (FUSED, TRAINING)
    ]
    losses = [[epoch.loss for epoch in each.history] for each in both]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
