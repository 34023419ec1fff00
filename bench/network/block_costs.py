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

from bench.network.block import block_multiply_adds, block_operations, block_parameters

if TYPE_CHECKING:
    from bench.network.blocks import Network


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
        total += block_operations(block, before, size)
    return total + 2 * network.head_channels * size**2
