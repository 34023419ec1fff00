"""Which devices there are, and whether a run can have the one asked for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import torch

from bench.base.parallel import default_jobs

if TYPE_CHECKING:
    from bench.config.recipe import StandAlone, Trained

FIRST_WITH_BF16 = 8
"""Major compute capability of Ampere, whose tensor cores were the first to have bfloat16."""


def choose_device(name: str) -> str:
    """Resolve 'auto', 'cpu', 'cuda' or 'cuda:1'; 'cuda' stays as it is where there are several.

    Raises:
        ValueError: a device that torch does not know or this machine lacks.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        if reason := _why_not(device):
            raise ValueError(f"device {name!r} can't be used: {reason}, or --device cpu")
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"device {name!r} can't be used: {reason}") from error
    return str(device)


def gpus(device: str) -> list[str]:
    """List the GPUs that a chosen device may be: every visible one, the one named, or none."""
    if not device.startswith("cuda"):
        return []
    if device != "cuda":
        return [device]
    return [f"cuda:{index}" for index in range(torch.cuda.device_count())]


def name_of(device: str) -> str:
    """Return what the maker of a chosen device calls it, of GPUs each kind once; '' for a CPU."""
    names = [torch.cuda.get_device_name(gpu) for gpu in gpus(device)]
    return ", ".join(dict.fromkeys(names))


def jobs_at_once(asked: int | None, device: str, num_threads: int, num: int) -> int:
    """Return how many of `num` jobs run at once: as many as asked, or as fill this machine."""
    return min(asked or default_jobs(len(gpus(device)), num_threads), max(num, 1))


def check_precision(recipe: Trained | StandAlone, device: str, *, is_trained: bool = False) -> None:
    """Refuse bf16 on a GPU that has no arithmetic for it.

    Args:
        recipe: what trains, and what scores.
        device: a chosen one.
        is_trained: whether weights are there already, and only score.

    Raises:
        ValueError: it has none.
    """
    precisions = {"score_precision": getattr(recipe, "score_precision", "fp32")}
    if not is_trained:
        precisions = {"precision": recipe.training.precision} | precisions
    asked = [name for name, precision in precisions.items() if precision == "bf16"]
    if not asked or getattr(torch.version, "hip", None):
        return
    remedy = f"--set {' '.join(f'{name}=fp32' for name in asked)}"
    for gpu in gpus(device):
        major, minor = torch.cuda.get_device_capability(gpu)
        if major < FIRST_WITH_BF16:
            raise ValueError(
                f"{asked[0]}=bf16, but {gpu} ({torch.cuda.get_device_name(gpu)}, compute "
                f"capability {major}.{minor}) has no bfloat16 arithmetic: "
                f"{'another --device, such as cpu' if is_trained else remedy}"
            )


def _why_not(device: torch.device) -> str:
    """Say why there is no such GPU; empty if there is, or it is another kind of device."""
    if device.type != "cuda":
        return ""
    if not torch.backends.cuda.is_built():  # type: ignore[no-untyped-call]  # torch's
        return (
            f"PyTorch {torch.__version__} is built without CUDA: install a build with it "
            "(https://pytorch.org/get-started)"
        )
    count, visible = torch.cuda.device_count(), os.environ.get("CUDA_VISIBLE_DEVICES")
    if not count and visible is not None:
        return f"CUDA_VISIBLE_DEVICES={visible!r} leaves no GPU to be seen: unset it"
    if not count:
        return "PyTorch finds no GPU or no driver for it: see whether nvidia-smi lists it"
    if device.index is not None and device.index >= count:
        names = (
            "is 1 GPU, cuda:0" if count == 1 else f"are {count} GPUs, cuda:0 to cuda:{count - 1}"
        )
        return f"there {names}: name one of them"
    return ""
