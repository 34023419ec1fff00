"""Files of a run rewritten with their digests, as if a command had written them so."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

import torch

from bench.runs.digests import write_kept
from bench.runs.layout import RUN
from supernet.training.checkpoints import OF

if TYPE_CHECKING:
    from pathlib import Path


def rewrite_recipe(folder: Path, **fields: Any) -> None:
    """Change fields of the recipe in a folder's run.json."""
    about = json.loads((folder / RUN).read_text())
    about["recipe"] |= fields
    write_kept(json.dumps(about), folder / RUN)


def forget_whose(path: Path) -> None:
    """Make a checkpoint as they were before each named its run."""
    state, buffer = torch.load(path, weights_only=True), BytesIO()
    torch.save({name: value for name, value in state.items() if name != OF}, buffer)
    write_kept(buffer.getvalue(), path)
