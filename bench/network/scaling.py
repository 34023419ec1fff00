"""Networks made narrower or shorter: width on channels, depth on the repeats of every stage."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.network.block import Block
    from bench.network.blocks import Network

DIVISOR = 8


def scale(network: Network, width: float, depth: float) -> Network:
    """Scale every number of channels by `width`, and every stage's layers by `depth`.

    A stage is a block that changes channels or size, and the repeats that follow it; at least its
    first block stays.
    """
    blocks: list[Block] = []
    channels = round_channels(network.stem_channels, width)
    for stage in _stages(network.blocks):
        for block in stage[: max(math.ceil(len(stage) * depth), 1)]:
            out = round_channels(block.out_channels, width)
            blocks.append(replace(block, in_channels=channels, out_channels=out))
            channels = out
    return replace(
        network,
        blocks=tuple(blocks),
        stem_channels=round_channels(network.stem_channels, width),
        head_channels=round_channels(network.head_channels, width),
    )


def round_channels(channels: int, width: float) -> int:
    """Round channels times width to a multiple of 8, never below 90% of it, as MobileNet does."""
    if width == 1.0:
        return channels
    wanted = channels * width
    rounded = max(int(wanted + DIVISOR / 2) // DIVISOR * DIVISOR, DIVISOR)
    return rounded + DIVISOR if rounded < 0.9 * wanted else rounded


def _stages(blocks: tuple[Block, ...]) -> Iterator[list[Block]]:
    stage: list[Block] = []
    for block in blocks:
        if stage and not block.has_residual:
            yield stage
            stage = []
        stage.append(block)
    yield stage
