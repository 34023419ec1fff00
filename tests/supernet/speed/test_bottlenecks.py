"""Speed of S1's supernet: the plain loop that it is held against is its equal."""

import numpy as np
import torch

from bench.network.skeleton import BlockSkeleton
from bench.space.mixpath import s1
from supernet.nets.bottlenecks import supernet
from supernet.speed.bottlenecks import plain_forward


def test_the_plain_loop_is_the_supernets_equal() -> None:
    space = s1(3, BlockSkeleton(width=0.1, depth=0.1, image_size=16, num_classes=5))
    torch.manual_seed(0)
    model, x = supernet(space).eval(), torch.randn(2, 3, 16, 16)
    for seed in range(3):
        path = space.sample(np.random.default_rng(seed))
        plain = plain_forward(model, x, path)
        assert torch.allclose(model(x, path), plain, atol=1e-6)
