"""Conv-bn-relu layers compiled while training: batch norm and ReLU become one kernel.

PyTorch has no such operator of cuDNN's; `torch.compile` makes one. It is held for training alone:
what calibrates and measures listens to batch norms by hooks that are set later, which compiled code
does not hear. The same modules and weights run with it and without; where compiling fails they run
as they are, after one warning.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import nn

from supernet.nets.cell_layers import ConvBnRelu

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Forward = Callable[[torch.Tensor], torch.Tensor]

VARIANTS = 256
"""Shapes that are compiled before a layer runs as it is; the paper's net has some twenty."""


def limit_of(config: object) -> str:
    """Return what dynamo's settings call the variants of a function; before torch 2.6 otherwise."""
    return "recompile_limit" if hasattr(config, "recompile_limit") else "cache_size_limit"


class Fused:
    """A model's layers, compiled.

    Args:
        model: the model; one without such layers stays as it is.
        compiled: makes a compiled function of a layer's; `torch.compile` unless given.
    """

    def __init__(
        self, model: nn.Module, compiled: Callable[[Forward], Forward] | None = None
    ) -> None:
        make = compiled or torch.compile
        self.is_failed = False
        layers = [module for module in model.modules() if isinstance(module, ConvBnRelu)]
        self.layers = [(one, self._forward(one.forward, make(one.forward))) for one in layers]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Hold the layers compiled."""
        with torch._dynamo.config.patch({limit_of(torch._dynamo.config): VARIANTS}):
            for layer, forward in self.layers:
                layer.forward = forward  # type: ignore[method-assign, assignment]  # hides the class's own
            try:
                yield
            finally:
                for layer, _ in self.layers:
                    del layer.forward

    def _forward(self, plain: Forward, compiled: Forward) -> Forward:
        def forward(x: torch.Tensor) -> torch.Tensor:
            if self.is_failed:
                return plain(x)
            try:
                return compiled(x)
            except torch._dynamo.exc.TorchDynamoException as error:
                self.is_failed = True
                reason = str(error).strip().partition("\n")[0]
                warnings.warn(f"layers are not compiled: {reason}", stacklevel=2)
                return plain(x)

        return forward
