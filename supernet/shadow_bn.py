"""Shadow batch normalisation: one batch norm per number of summed paths (MixPath, section 3.3).

SBN_k normalises the sums of k paths. The controls share its call, `norm(x, active)`, where
`active` is the sorted tuple of the indices of the summed paths:

    shadow       SBN_1 .. SBN_m, chosen by len(active)
    single       one batch norm for all (the paper's 'vanilla')
    combination  one for every combination of paths, which Lemma 2 says is not needed
    none         no batch norm, as the released code runs (its convolution has a bias instead)

A batch norm that a path does not use takes no part in the step: it gets no gradient, and an
optimiser that skips absent gradients gives it no decay and no momentum.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import nn

from bench.base.names import call_plugin, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import torch

Active = tuple[int, ...]


class ShadowBatchNorm(nn.Module):
    """One batch norm per number of summed paths.

    Raises:
        ValueError: fewer than one path.
    """

    def __init__(self, num_features: int, max_paths: int) -> None:
        super().__init__()
        if max_paths < 1:
            raise ValueError(f"max_paths={max_paths} must be at least 1")
        self.norms = nn.ModuleList(nn.BatchNorm2d(num_features) for _ in range(max_paths))

    def forward(self, x: torch.Tensor, active: Active) -> torch.Tensor:
        """Normalise a sum of len(active) paths.

        Raises:
            ValueError: no path, or more than there are batch norms for.
        """
        if not 1 <= len(active) <= len(self.norms):
            raise ValueError(
                f"{len(active)} summed paths: there are batch norms for 1..{len(self.norms)}"
            )
        out: torch.Tensor = self.norms[len(active) - 1](x)  # (B, C, H, W)
        return out


class SingleBatchNorm(nn.Module):
    """One batch norm for every path."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(num_features)

    def forward(self, x: torch.Tensor, active: Active) -> torch.Tensor:  # noqa: ARG002 (called as all are)
        """Normalise whatever the paths were."""
        out: torch.Tensor = self.norm(x)  # (B, C, H, W)
        return out


class CombinationBatchNorm(nn.Module):
    """One batch norm for every combination of paths.

    Args:
        num_features: channels.
        combinations: every `active` tuple that can occur.
    """

    def __init__(self, num_features: int, combinations: Iterable[Active]) -> None:
        super().__init__()
        self.norms = nn.ModuleDict({_key(c): nn.BatchNorm2d(num_features) for c in combinations})

    def forward(self, x: torch.Tensor, active: Active) -> torch.Tensor:
        """Normalise the sum of just these paths.

        Raises:
            ValueError: a combination that has no batch norm.
        """
        if _key(active) not in self.norms:
            raise ValueError(f"no batch norm for the combination of paths {active}")
        out: torch.Tensor = self.norms[_key(active)](x)  # (B, C, H, W)
        return out


class NoBatchNorm(nn.Module):
    """No batch norm: the sum as it is."""

    def forward(self, x: torch.Tensor, active: Active) -> torch.Tensor:  # noqa: ARG002 (called as all are)
        """Return the input."""
        return x


def combinations(groups: int, operations: int, max_paths: int) -> Iterable[Active]:
    """List every way to run up to `max_paths` paths, at most one operation in each group."""
    for k in range(1, max_paths + 1):
        for chosen in itertools.combinations(range(groups), k):
            for ops in itertools.product(range(operations), repeat=k):
                yield tuple(g * operations + op for g, op in zip(chosen, ops, strict=True))


BATCH_NORMS: dict[str, Callable[[int, int, Iterable[Active]], nn.Module]] = {
    "shadow": lambda channels, max_paths, _: ShadowBatchNorm(channels, max_paths),
    "single": lambda channels, _, __: SingleBatchNorm(channels),
    "combination": lambda channels, _, combos: CombinationBatchNorm(channels, combos),
    "none": lambda *_: NoBatchNorm(),
}
"""Factories (channels, largest number of summed paths, all combinations) -> norm(x, active)."""


SUM_SUFFIX = "-sum"


@dataclass(frozen=True)
class NormUnderTest:
    """Which batch norm follows a sum of paths, and where.

    Attributes:
        name: as in a recipe, without the suffix.
        factory: builds it, as those in BATCH_NORMS.
        is_on_sum: whether it sits on the sum itself, before the convolution that follows
            ('after the input edge of node 5', section 6), instead of after it (Algorithm 1).
    """

    name: str
    factory: Callable[[int, int, Iterable[Active]], nn.Module]
    is_on_sum: bool = False

    @property
    def is_absent(self) -> bool:
        """Whether there is none, so that the convolution needs a bias."""
        return self.name == "none"

    def build(self, channels: int, max_paths: int, combinations: Iterable[Active]) -> nn.Module:
        """Build it for sums of up to `max_paths` paths."""
        return call_plugin(self.name, "batch norm", self.factory, channels, max_paths, combinations)


def norm_under_test(name: str) -> NormUnderTest:
    """Look a recipe's batch norm up: a name in BATCH_NORMS or `package.module:name`, or with -sum.

    Raises:
        ValueError: an unknown name.
    """
    bare = name.removesuffix(SUM_SUFFIX)
    factory = load(bare, BATCH_NORMS, "batch norm")
    return NormUnderTest(bare, factory, is_on_sum=name.endswith(SUM_SUFFIX))


SHADOW = NormUnderTest("shadow", BATCH_NORMS["shadow"])
SINGLE = NormUnderTest("single", BATCH_NORMS["single"])
NONE = NormUnderTest("none", BATCH_NORMS["none"])


def _key(active: Active) -> str:
    return "-".join(map(str, active))
