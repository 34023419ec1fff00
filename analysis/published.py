"""Every value that the paper, or others, published and this project sets beside its own, once.

Chu et al., MixPath (arXiv 2001.05887); WHOLE_SPACE alone is by others. None of these was measured
here.
"""

from __future__ import annotations

from typing import NamedTuple

SOURCE = "Chu et al., MixPath (arXiv 2001.05887)"
COMPARISON = "compared there"
OURS_THERE = "the paper's own"


class Tau(NamedTuple):
    """A Kendall tau over 3 seeds: mean and standard deviation."""

    mean: float
    std: float


class Similarity(NamedTuple):
    """A cosine similarity over 10 images: mean and variance."""

    mean: float
    variance: float


class Cifar10(NamedTuple):
    """A row of Table 1: parameters and multiply-adds in millions, test error in %."""

    network: str
    parameters_m: float
    multiply_adds_m: float
    test_error: float
    kind: str
    reference: str


class SearchCost(NamedTuple):
    """Hours of one GPU that training a supernet and searching it took."""

    space: str
    hours: float
    device: str
    where: str


class ImageNet(NamedTuple):
    """A row of Table 2: multiply-adds and parameters in millions, accuracies in %, or None."""

    network: str
    multiply_adds_m: float
    parameters_m: float
    top1: float
    top5: float | None
    reference: str


TABLE1 = (
    Cifar10("NASNet-A", 3.3, 608, 2.65, "RL", COMPARISON),
    Cifar10("DARTS", 3.3, 528, 2.86, "GD", COMPARISON),
    Cifar10("SNAS", 2.9, 422, 2.98, "GD", COMPARISON),
    Cifar10("GDAS", 3.4, 519, 2.93, "GD", COMPARISON),
    Cifar10("P-DARTS", 3.4, 532, 2.50, "GD", COMPARISON),
    Cifar10("PC-DARTS", 3.6, 558, 2.57, "GD", COMPARISON),
    Cifar10("FairDARTS-a", 2.8, 371, 2.54, "GD", COMPARISON),
    Cifar10("MixNet-M", 5.1, 360, 2.10, "TF", COMPARISON),
    Cifar10("MixPath-a", 5.3, 473, 2.60, "OS", OURS_THERE),
    Cifar10("MixPath-b", 3.5, 299, 2.17, "TF", OURS_THERE),
)
"""CIFAR-10. GD: gradient based, OS: one shot, RL: reinforcement learning, TF: transferred."""

TABLE2 = (
    ImageNet("MobileNetV2", 300, 3.4, 72.0, 91.0, COMPARISON),
    ImageNet("DARTS (2nd order)", 595, 4.9, 73.1, None, COMPARISON),
    ImageNet("PDARTS (CIFAR-10)", 557, 4.9, 75.6, 92.6, COMPARISON),
    ImageNet("PCDARTS", 586, 5.3, 74.9, 92.2, COMPARISON),
    ImageNet("FairDARTS-C", 380, 4.2, 75.1, 92.4, COMPARISON),
    ImageNet("FBNet-B", 295, 4.5, 74.1, None, COMPARISON),
    ImageNet("MnasNet-A2", 340, 4.8, 75.6, 92.7, COMPARISON),
    ImageNet("MobileNetV3", 219, 5.4, 75.2, 92.2, COMPARISON),
    ImageNet("Proxyless-R", 320, 4.0, 74.6, 92.2, COMPARISON),
    ImageNet("FairNAS-A", 388, 4.6, 75.3, 92.4, COMPARISON),
    ImageNet("Single-Path", 365, 4.3, 75.0, 92.2, COMPARISON),
    ImageNet("SPOS", 328, 3.4, 74.9, 92.0, COMPARISON),
    ImageNet("MixNet-M", 360, 5.0, 77.0, 93.2, "compared there; 76.6 as retrained there"),
    ImageNet("AtomNAS-B", 326, 4.4, 75.5, 92.6, COMPARISON),
    ImageNet("EfficientNet B0", 390, 5.3, 76.3, 93.2, COMPARISON),
    ImageNet("SCARLET-A", 365, 6.7, 76.9, 93.4, COMPARISON),
    ImageNet("MixPath-A", 349, 5.0, 76.9, 93.4, OURS_THERE),
    ImageNet("MixPath-B", 378, 5.1, 76.7, 93.3, OURS_THERE),
)
"""ImageNet, 224 pixels."""

TABLE3 = {
    (4, "shadow", False): Tau(0.393, 0.017),
    (4, "shadow", True): Tau(0.597, 0.037),
    (4, "single", False): Tau(0.167, 0.038),
    (4, "single", True): Tau(0.368, 0.134),
    (3, "shadow", False): Tau(0.318, 0.034),
    (3, "shadow", True): Tau(0.592, 0.024),
    (3, "single", False): Tau(0.045, 0.060),
    (3, "single", True): Tau(0.430, 0.031),
}
"""By m, batch norm and calibrated: NAS-Bench-101, CIFAR-10."""

FIGURE5 = {"mean": 0.5, "variance": 0.25, "weight": 1.0, "bias": 1.0}
"""Where the ratios SBN_1 / SBN_2 centre: S1, first layer, m = 2, CIFAR-10."""

TABLE4 = {"features": Similarity(0.9342, 6e-5), "jacobian": Similarity(0.9042, 1e-5)}
"""One path against the sum of two: S1, first block, m = 2, CIFAR-10."""


class WholeSpace(NamedTuple):
    """A correlation with the accuracies of NAS-Bench-101, by others."""

    method: str
    value: float
    std: float | None
    statistic: str
    cells: str
    source: str


_ZERO_COST = "mohsaied/zero-cost-nas (Abdelfattah et al., ICLR 2021)"
_SHARE = "recomputed from the raw files of to_share_or_not_to_share (Pourchot et al. 2020)"
_ONE_NET = "1,000 random cells, 5 runs; 16 stem channels, 432 epochs"
WHOLE_SPACE = (
    WholeSpace("supernet, BN re-estimated", 0.387, 0.043, "tau", _ONE_NET, _SHARE),
    WholeSpace("supernet, raw", 0.156, 0.043, "tau", _ONE_NET, _SHARE),
    WholeSpace("parameter count", 0.307, None, "tau", "the same 1,000 cells", _SHARE),
    WholeSpace("grasp", 0.448, None, "|Spearman|", "all cells", _ZERO_COST),
    WholeSpace("jacob_cov", 0.378, None, "|Spearman|", "all cells", _ZERO_COST),
    WholeSpace("synflow", 0.372, None, "|Spearman|", "all cells", _ZERO_COST),
    WholeSpace("fisher", 0.257, None, "|Spearman|", "all cells", _ZERO_COST),
    WholeSpace("grad_norm", 0.198, None, "|Spearman|", "all cells", _ZERO_COST),
    WholeSpace("snip", 0.164, None, "|Spearman|", "all cells", _ZERO_COST),
)
"""NAS-Bench-101's whole space, each under its own protocol: to be set beside, not compared.
Those of zero-cost proxies are absolute values (SamsungLabs/zero-cost-nas, issue 4)."""

SEARCH_COST = (
    SearchCost("s1", 19.0, "Tesla V100", "section 4.1: training and random search"),
    SearchCost("s2", 240.0, "Tesla V100", "section 4.2: 10 GPU days for each m"),
    SearchCost("s3", 240.0, "Tesla V100", "section 4.2: 10 GPU days for each m"),
)
"""What searching cost; of NAS-Bench-101's supernets (section 6) it says nothing."""


def shadow_minus_single(m: int, calibrated: bool) -> float | None:
    """Return the effect of shadow batch norm in Table 3, None where it has no such row."""
    shadow, single = (TABLE3.get((m, bn, calibrated)) for bn in ("shadow", "single"))
    if shadow is None or single is None:
        return None
    return round(shadow.mean - single.mean, 3)  # to the digits that both are published with
