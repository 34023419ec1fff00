"""Initial weights other than PyTorch's own."""

from __future__ import annotations

import math

from torch import nn


def fan_out(module: nn.Module) -> None:
    """Draw a convolution's weights with variance 2 / fan out, and set its bias to 0.

    As the released code and MobileNets do; of a depthwise convolution the fan out is its kernel.
    Other modules stay as they are.
    """
    if isinstance(module, nn.Conv2d):
        num = math.prod(module.kernel_size) * module.out_channels // module.groups
        nn.init.normal_(module.weight, 0.0, math.sqrt(2.0 / num))
        if module.bias is not None:
            nn.init.zeros_(module.bias)
