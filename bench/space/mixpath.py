"""MixPath's three search spaces S1, S2 and S3 (sections 3.4 and 4; Figure 1).

S1  CIFAR-10: 12 inverted bottlenecks; each an expansion (3 or 6) and up to m kernels, summed
S2  ImageNet: MixNet-M's 18 searched layers at its expansions, up to m kernels each, summed
S3  the same layers, the depthwise channels in four groups with up to m kernels each
"""

from __future__ import annotations

from dataclasses import replace

from bench.network.block import Block
from bench.network.blocks import Network
from bench.network.known_networks import known_network
from bench.network.scaling import scale
from bench.network.skeleton import CIFAR10, IMAGENET, BlockSkeleton
from bench.space.architecture import KERNELS
from bench.space.kernels import KernelSpace

S1_CHANNELS = (48, 48, 96, 96, 96, 192, 192, 192, 256, 256, 320, 320)
S1_STRIDED = (2, 5)
"""Layers of S1, from 0, with stride 2."""


def s1(m: int, skeleton: BlockSkeleton = CIFAR10) -> KernelSpace:
    """Build S1: CIFAR-10, 12 layers, expansion 3 or 6."""
    template = Network(
        blocks=_s1_blocks(),
        stem_channels=32,
        stem_stride=1,
        head_channels=1280,
        activation="relu6",
    )
    return KernelSpace(
        "s1", m, _sized(template, skeleton), num_fixed=0, expansions=(3, 6), num_groups=1
    )


def s2(m: int, skeleton: BlockSkeleton = IMAGENET) -> KernelSpace:
    """Build S2: MixNet-M's 18 layers, kernels summed over all channels."""
    template = _sized(_mixnet_m((KERNELS,), is_bare=False), skeleton)
    return KernelSpace("s2", m, template, num_fixed=1, expansions=(), num_groups=1)


def s3(m: int, skeleton: BlockSkeleton = IMAGENET) -> KernelSpace:
    """Build S3: MixNet-M's 18 layers, kernels summed in each of four channel groups."""
    template = _sized(_mixnet_m((KERNELS,) * 4, is_bare=True), skeleton)
    return KernelSpace("s3", m, template, num_fixed=1, expansions=(), num_groups=4)


def _s1_blocks() -> tuple[Block, ...]:
    before = (32, *S1_CHANNELS)
    return tuple(
        Block(
            in_channels=channels,
            out_channels=out,
            groups=(KERNELS,),
            stride=2 if layer in S1_STRIDED else 1,
            expansion=6,
            activation="relu6",
        )
        for layer, (channels, out) in enumerate(zip(before, S1_CHANNELS, strict=False))
    )


def _mixnet_m(groups: tuple[tuple[int, ...], ...], *, is_bare: bool) -> Network:
    """Take MixNet-M, whose first block is fixed, with other kernels in the 18 that follow."""
    mixnet = known_network("mixnet-m")
    searched = (replace(block, groups=groups, is_bare=is_bare) for block in mixnet.blocks[1:])
    return replace(mixnet, blocks=(mixnet.blocks[0], *searched))


def _sized(template: Network, skeleton: BlockSkeleton) -> Network:
    return replace(
        scale(template, skeleton.width, skeleton.depth),
        image_size=skeleton.image_size,
        in_channels=skeleton.in_channels,
        num_classes=skeleton.num_classes,
    )
