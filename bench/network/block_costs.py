"""Parameters and multiply-adds of a network of blocks, in closed form.

Convolutions have no bias, the squeeze-excite's and the dense layer have one; a batch norm has two
parameters a channel. Multiply-adds count convolutions and the dense layer, the squeeze-excite's
1x1 convolutions included; norms, activations, sums and pools are left out, as is customary.

MixNet's paper counts more: its 256 M and 360 M are met by adding one operation for every output of
a batch norm and of an activation (two for swish) and for every product of a squeeze-excite. That
is `num_operations`. MixPath sets its own figures beside these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.network.blocks import Block, Network


def num_parameters(network: Network) -> int:
    """Count the trainable parameters, batch norms included."""
    stem = (9 * network.in_channels + 2) * network.stem_channels
    head = (network.blocks[-1].out_channels + 2) * network.head_channels
    dense = (network.head_channels + 1) * network.num_classes
    return stem + sum(map(block_parameters, network.blocks)) + head + dense


def num_multiply_adds(network: Network) -> int:
    """Count the multiply-adds of one forward pass of one image."""
    blocks, size = 0, 0
    for index, (block, before, size) in enumerate(network.sizes()):
        if not index:
            blocks = 9 * network.in_channels * network.stem_channels * before**2
        blocks += block_multiply_adds(block, before, size)
    head = network.blocks[-1].out_channels * network.head_channels * size**2
    return blocks + head + network.head_channels * network.num_classes


def num_operations(network: Network) -> int:
    """Count multiply-adds, and what MixNet's paper counts besides (see above)."""
    total, size = num_multiply_adds(network), 0
    for index, (block, before, size) in enumerate(network.sizes()):
        if not index:
            total += 2 * network.stem_channels * before**2
        cost = 3 if block.activation == "swish" else 2
        num_norms = 1 if block.is_bare else sum(map(len, block.groups)) / len(block.groups)
        inner = size**2 * num_norms + (before**2 if block.expansion != 1 else 0)
        total += int(cost * block.mid_channels * inner) + size**2 * block.out_channels
        total += size**2 * block.mid_channels if block.squeeze else 0
    return total + 2 * network.head_channels * size**2


def block_parameters(block: Block) -> int:
    """Count the trainable parameters of one block."""
    mid, squeeze = block.mid_channels, block.squeeze_channels
    total = mid * block.out_channels // block.project_groups + 2 * block.out_channels
    if block.expansion != 1:
        total += block.in_channels * mid // block.expand_groups + 2 * mid
    for channels, kernels in zip(block.split(), block.groups, strict=True):
        num_norms = 1 if block.is_bare else len(kernels)
        total += channels * (sum(k * k for k in kernels) + 2 * num_norms)
    if squeeze:
        total += 2 * mid * squeeze + squeeze + mid
    return total


def block_multiply_adds(block: Block, before: int, size: int) -> int:
    """Count the multiply-adds of one block, given the image size before and after it."""
    mid = block.mid_channels
    total = size**2 * mid * block.out_channels // block.project_groups
    if block.expansion != 1:
        total += before**2 * block.in_channels * mid // block.expand_groups
    for channels, kernels in zip(block.split(), block.groups, strict=True):
        total += size**2 * channels * sum(k * k for k in kernels)
    return total + 2 * mid * block.squeeze_channels
