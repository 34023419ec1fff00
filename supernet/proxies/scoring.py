"""One cell's network scored by proxies, reproducibly.

Every cell of a seed gets weights from the same stream and the same batch; every proxy its own copy
of the network and its own stream, so that which others are asked for changes nothing.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import torch

from bench.base.names import call_plugin, load
from bench.base.streams import child_rng
from supernet.data.data_set import to_input
from supernet.nets.cell_network import CellNetwork
from supernet.proxies.registry import PROXIES
from supernet.training.trainer import initialise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.network.cell import Cell
    from bench.network.skeleton import Skeleton
    from supernet.data.data_set import Batch, DataSet


def draw_batch(data: DataSet, num_images: int, seed: int) -> Batch:
    """Draw training images without replacement: normalised (B, C, H, W), and labels (B,).

    Raises:
        ValueError: fewer than two, or more than there are.
    """
    if not 2 <= num_images <= len(data.train):
        raise ValueError(
            f"batch_size={num_images}: proxies compare 2 to {len(data.train)} training images"
        )
    order = child_rng(seed, "proxy-batch").permutation(len(data.train))[:num_images]
    images = data.train[torch.from_numpy(order).to(data.train.labels.device)]
    return to_input(images.pixels, data.statistics), images.labels


def score_cell(
    cell: Cell, skeleton: Skeleton, batch: Batch, methods: Iterable[str], seed: int
) -> dict[str, float]:
    """Score one cell's untrained network; NaN where a score is not finite.

    Args:
        cell: any.
        skeleton: the network around it.
        batch: of `draw_batch`.
        methods: names in PROXIES, or `package.module:name`.
        seed: root of the weights and of what proxies draw.

    Raises:
        ValueError: an unknown method, an own one that fails, or that returns no number.
    """
    x, labels = batch
    network: torch.nn.Module = initialise(lambda: CellNetwork(cell, skeleton), seed)
    network = network.to(x.device).to(memory_format=torch.channels_last).train()
    return {name: _score(name, network, x, labels, seed) for name in methods}


def _score(
    name: str, network: torch.nn.Module, x: torch.Tensor, labels: torch.Tensor, seed: int
) -> float:
    proxy = load(name, PROXIES, "proxy")
    devices = [x.device] if x.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(int(child_rng(seed, f"proxy-{name}").integers(2**63)))
        value: Any = call_plugin(name, "proxy", proxy, copy.deepcopy(network), x, labels)
    try:
        score = float(value)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"proxy {name!r} returned {type(value).__name__}, not a number") from None
    return score if math.isfinite(score) else math.nan
