"""Augmentation of batches of uint8 images, on whatever device they lie."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

if TYPE_CHECKING:
    from bench.config.training import Training


def augment(
    pixels: torch.Tensor, training: Training, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Crop and flip a batch of uint8 pixels; draw its cutout mask.

    Args:
        pixels: uint8 tensor of shape (B, C, H, W).
        training: holds crop_padding, flip and cutout (the side of the square, in pixels).
        generator: CPU generator; its draws are the same on every device, and are sent there
            without waiting for what still runs.

    Returns:
        Augmented pixels, and the mask of shape (B, 1, H, W) to multiply the input with (None
        without cutout).
    """
    batch, _, height, width = pixels.shape
    device = pixels.device
    sent = partial(torch.Tensor.to, device=device, non_blocking=True)
    padding = training.crop_padding
    if padding or training.flip:
        shifts = sent(torch.randint(2 * padding + 1, (2, batch, 1), generator=generator))
        rows = shifts[0] + torch.arange(height, device=device)  # (B, H)
        columns = torch.arange(width, device=device).expand(batch, -1)
        if training.flip:
            is_flipped = sent(torch.randint(2, (batch, 1), generator=generator))
            columns = torch.where(is_flipped == 1, width - 1 - columns, columns)
        columns = shifts[1] + columns  # (B, W)
        padded = F.pad(pixels, (padding,) * 4)
        which = torch.arange(batch, device=device)[:, None, None]
        pixels = padded.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]]
        pixels = pixels.permute(0, 3, 1, 2)  # (B, C, H, W), channels last in memory
    if not training.cutout:
        return pixels, None
    centre = sent(torch.rand((2, batch, 1), generator=generator))
    spans = [
        _span(centre[axis], size, training.cutout) for axis, size in enumerate((height, width))
    ]
    mask = ~(spans[0][:, :, None] & spans[1][:, None, :])
    return pixels, mask[:, None].to(torch.float32)


def _span(centre: torch.Tensor, size: int, side: int) -> torch.Tensor:
    """Mark the positions of shape (B, size) that a square of this side covers on one axis."""
    start = (centre * size).long() - side // 2  # (B, 1)
    positions = torch.arange(size, device=centre.device)
    return (positions >= start) & (positions < start + side)
