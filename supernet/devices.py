"""Which device and how many threads a run gets."""

from __future__ import annotations

import torch


def choose_device(name: str) -> str:
    """Resolve 'auto', 'cpu', 'cuda' or 'cuda:1'.

    Raises:
        ValueError: a device that torch does not know or this machine lacks.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"device {name!r} can't be used: {reason}") from error
    return str(torch.device(name))
