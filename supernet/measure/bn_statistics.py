"""Running mean, running variance, weight and bias of every shadow batch norm (section 4.4).

Lemma 2 says what to expect of SBN_1 / SBN_k where all paths give similar features: mean 1/k,
variance 1/k^2, weight and bias 1. The control with one batch norm is written too, as k = 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from torch import nn

from supernet.shadow_bn import CombinationBatchNorm, ShadowBatchNorm, SingleBatchNorm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from supernet.measure.snapshots import Snapshots

COLUMNS = ("block", "num_paths", "combination", "channel", "mean", "variance", "weight", "bias")


def measure(snapshots: Snapshots) -> pd.DataFrame:
    """Read the statistics of the final weights."""
    return read_statistics(snapshots.model(snapshots.final_epoch))


def read_statistics(model: nn.Module) -> pd.DataFrame:
    """Read the batch norms under test wherever they are in a model.

    Returns:
        A row per block (numbered in the model's order), batch norm and channel. `num_paths` is 0
        for a batch norm that serves every number of paths; `combination` names the paths of one
        that serves a single combination.
    """
    families = (ShadowBatchNorm, SingleBatchNorm, CombinationBatchNorm)
    blocks = [module for module in model.modules() if isinstance(module, families)]
    rows = [
        {"block": block, "num_paths": num_paths, "combination": combination} | row
        for block, family in enumerate(blocks)
        for num_paths, combination, norm in _members(family)
        for row in _rows(norm)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _members(family: nn.Module) -> Iterator[tuple[int, str, nn.BatchNorm2d]]:
    if isinstance(family, SingleBatchNorm):
        yield 0, "", family.norm
    elif isinstance(family, ShadowBatchNorm):
        for k, norm in enumerate(family.norms, start=1):
            assert isinstance(norm, nn.BatchNorm2d)
            yield k, "", norm
    elif isinstance(family, CombinationBatchNorm):
        for key, norm in family.norms.items():
            assert isinstance(norm, nn.BatchNorm2d)
            yield key.count("-") + 1, key, norm


def _rows(norm: nn.BatchNorm2d) -> Iterator[dict[str, float]]:
    values = norm.running_mean, norm.running_var, norm.weight, norm.bias
    columns = [value.detach().double().cpu().tolist() for value in values if value is not None]
    for channel, (mean, variance, weight, bias) in enumerate(zip(*columns, strict=True)):
        yield {
            "channel": channel,
            "mean": mean,
            "variance": variance,
            "weight": weight,
            "bias": bias,
        }
