#!/usr/bin/env python3
"""Speed of the MixPath pipelines on one core, fp32, as ratios and shares measured in one run.

    python bench/speed_mixpath.py                            # about 3 minutes
    python bench/speed_mixpath.py --data IMAGES --out results/speed

    s1_step        a training step of S1 (width 0.25, batch 64) against the plain loop over paths
                   in the usual contiguous layout; aim: at least 1.8 times as fast
    s1_scoring     a forward pass in eval mode against the same; aim: no slower
    decoding       images decoded and augmented at 224 pixels a second and core; aim: 120
    search         share of a search of 1,000 evaluations spent inside the network; aim: 95%

Times are of this process's CPU, so that other work on the machine disturbs them little. The plain
loop is built here, from the same weights, and its outputs are compared before it is timed.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a file: the checkout's root, not bench/, is to be searched
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import argparse
import copy
import tempfile
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bench.base.command import Parser, run_command
from bench.base.files import write_csv
from bench.base.timing import in_turns
from bench.network.skeleton import BlockSkeleton
from bench.runs.evaluations import Evaluations
from bench.search.algorithms import nsga2
from bench.space.mixpath import s1

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import torch

    from bench.space.architecture import KernelArchitecture
    from bench.space.kernels import KernelSpace
    from supernet.nets.bottlenecks import BottleneckNet

BATCH = 64
REPEATS = 7
EVALUATIONS = 1000
IMAGES_PER_EVALUATION = 500
"""Images that calibrate plus images that score: few, so that the share is a low estimate."""

SKELETON = BlockSkeleton(width=0.25, image_size=32, num_classes=10)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    import torch

    p = Parser(prog="bench/speed_mixpath.py", description=__doc__,
               formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    p.add_argument("--data", type=Path, help="folder with train/<class>/<image> to decode")
    p.add_argument("--out", type=Path, help="folder to write speed_mixpath.csv to")
    options = p.parse_args(argv)
    torch.set_num_threads(1)
    rows = [*measure_s1()]
    if options.data is not None:
        rows.append(measure_decoding(options.data))
    rows.append(measure_search(rows[1]["ours_s"]))
    frame = pd.DataFrame(rows)
    for row in rows:
        verdict = "met" if row["value"] >= row["aim"] else "MISSED"
        print(
            f"{row['what']:12} {row['value']:8.2f} {row['unit']:20} aim {row['aim']:g}: {verdict}"
        )
    if options.out is not None:
        write_csv(frame, options.out / "speed_mixpath.csv")


def measure_s1() -> Iterator[dict[str, Any]]:
    """Time S1's step and forward pass against the plain loop, in turns."""
    import torch

    from supernet.nets.bottlenecks import supernet

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
    step_ours, step_plain = stepper(ours, ours, last, labels), stepper(
        plain, lambda x, path: plain_forward(plain, x, path), x, labels
    )  # fmt: skip
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
    import torch
    from torch.nn.functional import relu6

    net: Any = model
    x = relu6(net.stem_conv.norm(net.stem_conv.conv(x)))
    for layer, choices in zip(path, net.layers, strict=True):
        block = choices[str(layer.expansion)]
        y = relu6(block.expand.norm(block.expand.conv(x)))
        group = block.groups[0]
        total = torch.zeros(())
        for kernel in layer.kernels[0]:
            total = total + relu6(group.norms[str(kernel)](group.convs[str(kernel)](y)))
        y = block.norm.norms[len(layer.kernels[0]) - 1](block.project(total))
        x = x + y if block.block.has_residual else y
    x = relu6(net.head.norm(net.head.conv(x)))
    out: torch.Tensor = net.classifier(x.mean((2, 3)))
    return out


def stepper(
    model: BottleneckNet,
    forward: Callable[..., torch.Tensor],
    x: torch.Tensor,
    labels: torch.Tensor,
) -> Callable[[KernelArchitecture], None]:
    """Return a training step on one path."""
    import torch

    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step(path: KernelArchitecture) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(forward(x, path), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def measure_decoding(root: Path) -> dict[str, Any]:
    """Count the images that one core decodes and augments a second."""
    from supernet.data.file_source import Augmented
    from supernet.data.imagenet import first, list_files

    files, _ = list_files(root, "train")
    files = first(files, min(len(files), 200))
    images = Augmented(files, 224, seed=0, flip=True, skip_broken=False)
    images[0, 0]
    started = time.process_time()
    for index in range(len(files)):
        images[0, index]
    rate = len(files) / (time.process_time() - started)
    return {"what": "decoding", "value": rate, "unit": "images/s", "aim": 120.0}


def measure_search(forward_s: float) -> dict[str, Any]:
    """Time all of a search but the network, against the network's time for as many evaluations."""
    space = s1(2, SKELETON)
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        evaluations = Evaluations(
            Path(folder), lambda new: _rows(space, new, rng), is_calibrated=True
        )
        started = time.process_time()
        nsga2(space, evaluations, evaluations=EVALUATIONS, population=40, seed=0)
        evaluations.save()
        around = time.process_time() - started
    inside = EVALUATIONS * forward_s * IMAGES_PER_EVALUATION / BATCH
    share = 100 * inside / (inside + around)
    return {"what": "search", "value": share, "unit": "% inside the network", "aim": 95.0}


def _rows(
    space: KernelSpace, new: Sequence[KernelArchitecture], rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    for architecture in new:
        scores = {"calibrated": True, "accuracy": rng.random(), "loss": rng.random()}
        yield space.identity(architecture) | scores


def _row(what: str, aim: float, times: list[float]) -> dict[str, Any]:
    ours, plain = times
    about = {"what": what, "value": plain / ours, "unit": "times as fast", "aim": aim}
    return about | {"ours_s": ours, "plain_s": plain}


if __name__ == "__main__":
    sys.exit(main())
