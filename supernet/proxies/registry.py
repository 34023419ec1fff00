"""The proxies by name: adding one is its function and a line here.

A proxy is a function (network, images, labels) -> score, higher is better. It gets a network of its
own, which it may change: untrained, in training mode, batch norms included, and a batch of
normalised training images (B, C, H, W) with labels (B,). A score that is not finite is written as
none. Torch's generator is seeded before each. An own proxy is named on the command line as
`package.module:name`.

Conventions compare in kind with those of Abdelfattah et al., 'Zero-cost proxies for lightweight
NAS', ICLR 2021 (mohsaied/zero-cost-nas), where two papers differ: one batch of training images,
cross-entropy, batch norms in training mode (synflow: none), weights of convolutions and the dense
layer counted and those of batch norms not, layers summed. Our batch is of 64 images, theirs of 256
on NAS-Bench-101; our images are not augmented. Written here because no library that has them is on
PyPI: zero-cost-nas, NASLib and NAS-Bench-Suite-Zero are repositories to clone, of old versions of
PyTorch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from supernet.proxies.fisher import fisher
from supernet.proxies.gradients import grad_norm, grasp, snip
from supernet.proxies.jacobian import jacob_cov
from supernet.proxies.patterns import naswot
from supernet.proxies.synflow import synflow
from supernet.proxies.zen import zen

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    import torch

    Proxy: TypeAlias = Callable[[Any, torch.Tensor, torch.Tensor], float]

PROXIES: dict[str, Proxy] = {
    "grad_norm": grad_norm,
    "snip": snip,
    "grasp": grasp,
    "fisher": fisher,
    "synflow": synflow,
    "jacob_cov": jacob_cov,
    "naswot": naswot,
    "zen": zen,
}
