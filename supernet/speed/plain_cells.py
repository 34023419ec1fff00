"""The cells' supernet as it is usually written: contiguous, PyTorch's pool, a loop over paths."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F

from supernet.nets.cells import BranchCell, CellNet, active_paths

if TYPE_CHECKING:
    from bench.config.training import Training
    from bench.space.branches import Path as NetPath

POOL = 2
"""The operation that is a 3x3 max-pool; the others are convolutions."""


class PlainLoop:
    """The same supernet as usually written: contiguous, PyTorch's pool, a loop over paths."""

    def __init__(self, model: CellNet, training: Training) -> None:
        self.model = copy.deepcopy(model).to(memory_format=torch.contiguous_format)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), training.lr, momentum=0.9, weight_decay=3e-4
        )

    def forward(self, x: torch.Tensor, path: NetPath) -> torch.Tensor:
        """Return logits of shape (B, 10) for contiguous images (B, 3, 32, 32)."""
        x = conv_bn_relu(self.model.stem_conv, x)
        for layer in self.model.layers:
            x = run_cell(layer, x, path) if isinstance(layer, BranchCell) else layer(x)
        out: torch.Tensor = self.model.classifier(x.mean((2, 3)))
        return out

    def step(self, x: torch.Tensor, labels: torch.Tensor, path: NetPath) -> None:
        """Take one training step."""
        self.model.train()
        self.optimizer.zero_grad()
        F.cross_entropy(self.forward(x, path), labels).backward()  # type: ignore[no-untyped-call]  # torch's
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimizer.step()

    def score(self, x: torch.Tensor, labels: torch.Tensor, path: NetPath) -> None:
        """Measure accuracy and loss of one architecture."""
        self.model.eval()
        with torch.no_grad():
            logits = self.forward(x, path)
            F.cross_entropy(logits, labels).item()
            (logits.argmax(1) == labels).float().mean().item()


def run_cell(cell: Any, x: torch.Tensor, path: NetPath) -> torch.Tensor:
    """Run one cell, path by path, and add the paths up."""
    total: torch.Tensor | int = 0
    for node, operations in enumerate(path):
        for op in operations:
            h = conv_bn_relu(cell.projections[node], x)
            is_pool = op == POOL
            branch = cell.operations[node][op]
            total = total + (F.max_pool2d(h, 3, 1, 1) if is_pool else conv_bn_relu(branch, h))
    return torch.relu_(cell.node.norm(cell.node.conv(total), active_paths(path)))


def conv_bn_relu(module: Any, x: torch.Tensor) -> torch.Tensor:
    """Run one after the other."""
    return torch.relu_(module.norm(module.conv(x)))
