"""Networks exported with torch.export, loaded back and compared before they are kept.

torch.export is chosen over ONNX because it needs nothing but torch; the file (.pt2) runs without
this project, for any batch size: `torch.export.load(path).module()(images)`.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch

from bench.runs.digests import keeping

if TYPE_CHECKING:
    from pathlib import Path

    from supernet.nets.bottlenecks import BottleneckNet

TOLERANCE = 1e-5


class ExportError(ValueError):
    """An exported network that does not give what the network gives."""


@torch.no_grad()
def export(model: BottleneckNet, path: Path, reference: BottleneckNet | None = None) -> float:
    """Export a stand-alone network as it is in eval mode.

    Args:
        model: a network without searched layers.
        path: the file to write, by custom with suffix .pt2.
        reference: the network, in eval mode, that the file is to equal, such as the one that was
            folded; by default the one exported.

    Returns:
        The largest difference of the logits between that network and the file loaded back.

    Raises:
        ExportError: a difference above 1e-5 of the largest logit (or 1e-5 below one).
    """
    shape = (model.network.in_channels, model.network.image_size, model.network.image_size)
    device = next(model.parameters()).device
    images = torch.randn(3, *shape, generator=torch.Generator().manual_seed(0)).to(device)
    plain = copy.deepcopy(model).eval().to(memory_format=torch.contiguous_format)
    expected = (reference or plain)(images)
    batch = {0: torch.export.Dim("batch")}
    program = torch.export.export(plain, (images,), dynamic_shapes=(batch,))
    with keeping(path) as part, part.open("wb") as file:
        torch.export.save(program, file)  # warns of weights that lie channels-last
        file.flush()
        with part.open("rb") as written:
            loaded = torch.export.load(written).module()
        return compare(expected, loaded(images))


def compare(expected: torch.Tensor, found: torch.Tensor) -> float:
    """Return the largest difference.

    Raises:
        ExportError: it is above the tolerance.
    """
    difference = float((expected - found).abs().max())
    bound = TOLERANCE * max(1.0, float(expected.abs().max()))
    if not difference <= bound:
        raise ExportError(
            f"the exported network's logits differ by {difference:.3g}, above {bound:.3g}: "
            "nothing was written; please report it"
        )
    return difference
