"""Speed of S1's supernet: a training step and a forward pass, against a plain loop over paths.

The plain loop takes the same weights in the usual contiguous layout, and its outputs are compared
before it is timed.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F

from bench.base.timing import in_turns
from bench.network.skeleton import BlockSkeleton
from bench.space.mixpath import s1
from supernet.nets.bottlenecks import supernet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.space.architecture import KernelArchitecture
    from supernet.nets.bottlenecks import BottleneckNet

BATCH = 64
REPEATS = 7
SKELETON = BlockSkeleton(width=0.25, image_size=32, num_classes=10)


def measure_s1() -> Iterator[dict[str, Any]]:
    """Time S1's step and forward pass against the plain loop, in turns."""
    space, rng = s1(2, SKELETON), np.random.default_rng(0)
    torch.manual_seed(0)
    ours = supernet(space)
    plain = copy.deepcopy(ours)
    ours.to(memory_format=torch.channels_last)
    x = torch.randn(BATCH, 3, 32, 32)
    labels = torch.randint(10, (BATCH,))
    last = x.contiguous(memory_format=torch.channels_last)
    paths = [space.sample(rng) for _ in range(REPEATS)]
    difference = (ours(last, paths[0]) - plain_forward(plain, x, paths[0])).abs().max()
    assert difference < 1e-4, difference
    step_ours = stepper(ours, ours, last, labels)
    step_plain = stepper(plain, lambda x, path: plain_forward(plain, x, path), x, labels)
    yield _row("s1_step", 1.8, in_turns(paths, step_ours, step_plain))
    ours.eval()
    plain.eval()
    with torch.no_grad():
        times = in_turns(
            paths, lambda path: ours(last, path), lambda path: plain_forward(plain, x, path)
        )
    yield _row("s1_scoring", 1.0, times)


def plain_forward(model: BottleneckNet, x: torch.Tensor, path: KernelArchitecture) -> torch.Tensor:
    """Run a supernet of S1 as one would write it down: a loop over layers and their paths."""
    net: Any = model
    x = F.relu6(net.stem_conv.norm(net.stem_conv.conv(x)))
    for layer, choices in zip(path, net.layers, strict=True):
        block = choices[str(layer.expansion)]
        y = F.relu6(block.expand.norm(block.expand.conv(x)))
        group = block.groups[0]
        total = torch.zeros(())
        for kernel in layer.kernels[0]:
            total = total + F.relu6(group.norms[str(kernel)](group.convs[str(kernel)](y)))
        y = block.norm.norms[len(layer.kernels[0]) - 1](block.project(total))
        x = x + y if block.block.has_residual else y
    x = F.relu6(net.head.norm(net.head.conv(x)))
    out: torch.Tensor = net.classifier(x.mean((2, 3)))
    return out


def stepper(
    model: BottleneckNet,
    forward: Callable[..., torch.Tensor],
    x: torch.Tensor,
    labels: torch.Tensor,
) -> Callable[[KernelArchitecture], None]:
    """Return a training step on one path."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step(path: KernelArchitecture) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(forward(x, path), labels)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's
        optimizer.step()

    return step


def _row(what: str, aim: float, times: list[float]) -> dict[str, Any]:
    ours, plain = times
    about = {"what": what, "value": plain / ours, "unit": "times as fast", "aim": aim}
    return about | {"ours_s": ours, "plain_s": plain}
