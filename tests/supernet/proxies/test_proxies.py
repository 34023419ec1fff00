"""Each proxy on a case solved by hand, and for what is known of it."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from bench.network.skeleton import Skeleton
from supernet.nets.cell_layers import ConvBnRelu
from supernet.nets.cell_network import CellNetwork
from supernet.proxies.jacobian import K, correlation_score
from supernet.proxies.layers import remove_batch_norms, weighted_layers
from supernet.proxies.patterns import agreements
from supernet.proxies.registry import PROXIES
from supernet.proxies.zen import STEP
from tests.graphs import FIRST_CELL

SMALL = Skeleton(stem_channels=6, num_stacks=2, cells_per_stack=1, image_size=8)
A, B, X = 0.7, -0.4, 1.5  # two weights and an image of one pixel


def score(name: str, network: nn.Module, x: torch.Tensor, labels: torch.Tensor) -> float:
    return PROXIES[name](network, x, labels)


def two_logits() -> tuple[nn.Linear, float]:
    """Make logits (A x, B x), and the probability of the second for X."""
    network = nn.Linear(1, 2, bias=False)
    with torch.no_grad():
        network.weight.copy_(torch.tensor([[A], [B]]))
    return network, 1 / (1 + math.exp((A - B) * X))


def cell_network(seed: int = 0) -> CellNetwork:
    torch.manual_seed(seed)
    return CellNetwork(FIRST_CELL, SMALL)


def batch(num: int = 6, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(num, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
    return x, torch.arange(num) % 10


def solved() -> dict[str, float]:
    """For an image X of label 0: dL/dw = p X (-1, 1), H = X^2 p (1 - p) ((1, -1), (-1, 1))."""
    p = two_logits()[1]
    return {
        "grad_norm": math.sqrt(2) * p * X,
        "snip": p * X * (abs(A) + abs(B)),
        "grasp": 2 * X**3 * (1 - p) * p**2 * (A - B),
        "fisher": ((p * A * X) ** 2 + (p * B * X) ** 2) / 2,
        "synflow": math.log(abs(A) + abs(B)),
    }


@pytest.mark.parametrize(("name", "expected"), solved().items())
def test_two_weights_by_hand(name: str, expected: float) -> None:
    network, _ = two_logits()
    found = score(name, network, torch.tensor([[X]]), torch.tensor([0]))
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "factor"), [("grad_norm", 1), ("snip", 1), ("grasp", 1), ("fisher", 1 / 4)]
)
def test_an_image_twice(name: str, factor: float) -> None:
    """The loss is a mean; in fisher each image has its half of it, squared."""
    network, _ = two_logits()
    found = score(name, network, torch.tensor([[X], [X]]), torch.tensor([0, 0]))
    assert found == pytest.approx(factor * solved()[name], rel=1e-5)


def test_fisher_sums_over_pixels_before_it_squares() -> None:
    """A 1x1 convolution w of two pixels (1, -2), pooled by their mean, is the first logit."""
    network = nn.Sequential(conv := nn.Conv2d(1, 2, 1, bias=False), nn.AvgPool2d((1, 2)))
    with torch.no_grad():
        conv.weight.copy_(torch.tensor([A, B]).view(2, 1, 1, 1))
    network.append(nn.Flatten())
    p = 1 / (1 + math.exp((A - B) * -0.5))
    found = score("fisher", network, torch.tensor([[[[1.0, -2.0]]]]), torch.tensor([0]))
    assert found == pytest.approx(((p * A * -0.5) ** 2 + (p * B * -0.5) ** 2) / 2, rel=1e-5)


def test_synflow_by_hand() -> None:
    """R = (1 + 2) 3 = 9, and each of the two layers conserves it."""
    first, second = nn.Linear(2, 1, bias=False), nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        first.weight.copy_(torch.tensor([[1.0, -2.0]]))
        second.weight.fill_(-3.0)
    network = nn.Sequential(first, second)
    x, labels = torch.tensor([[0.3, 9.0]]), torch.tensor([0])
    assert score("synflow", network, x, labels) == pytest.approx(math.log(18))


def test_synflow_sees_neither_images_nor_signs_nor_batch_norms() -> None:
    network, (x, labels) = cell_network(), batch()
    expected = score("synflow", copy.deepcopy(network), x, labels)
    other = copy.deepcopy(network)
    with torch.no_grad():
        for module in other.modules():
            if isinstance(module, nn.Conv2d):
                module.weight.neg_()
            if isinstance(module, nn.BatchNorm2d):
                module.weight.fill_(5.0)
    assert score("synflow", other, x + 3, labels) == expected


def test_synflow_of_a_deep_network_is_finite() -> None:
    """In single precision a sum of exp(90) or more is infinite."""
    network = nn.Sequential(*(nn.Linear(100, 100, bias=False) for _ in range(60)))
    with torch.no_grad():
        for layer in weighted_layers(network):
            layer.weight.fill_(1.0)
    expected = math.log(60) + 61 * math.log(100)
    found = score("synflow", network, torch.ones(1, 100), torch.tensor([0]))
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("correlation", [0.0, 0.5, -0.9])
def test_jacob_cov_of_two_images(correlation: float) -> None:
    """The eigenvalues of two images' correlations are 1 + r and 1 - r."""
    across, along = np.array([1.0, -1, 0, 0]), np.array([0.0, 0, 1, -1])
    second = correlation * across + math.sqrt(1 - correlation**2) * along
    values = (1 + correlation + K, 1 - correlation + K)
    expected = -sum(math.log(v) + 1 / v for v in values)
    assert correlation_score(np.stack([across, 7 * second + 2])) == pytest.approx(expected)


def test_jacob_cov_of_a_linear_network_is_the_lowest() -> None:
    """All images have one Jacobian: eigenvalues N, and 0 for all others."""
    network = nn.Linear(5, 2)
    x = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    expected = -(math.log(3) + 1 / 3 + 2 * (math.log(K) + 1 / K))
    labels = torch.zeros(3).long()
    assert score("jacob_cov", network, x, labels) == pytest.approx(expected, rel=1e-6)
    deeper = nn.Sequential(nn.Linear(5, 9), nn.ReLU(), nn.Linear(9, 2))
    assert score("jacob_cov", deeper, x, labels) > expected


def test_jacob_cov_of_a_constant_jacobian_is_none() -> None:
    assert math.isnan(correlation_score(np.array([[1.0, 1, 1], [1, 2, 3]])))


def test_naswot_by_hand() -> None:
    """The codes (1, 0) and (0, 1) agree nowhere, each with itself twice: det K = 4."""
    layer = ConvBnRelu(1, 2, 1)
    remove_batch_norms(layer)
    with torch.no_grad():
        layer.conv.weight.copy_(torch.tensor([1.0, -1.0]).view(2, 1, 1, 1))
    x = torch.tensor([2.0, -3.0]).view(2, 1, 1, 1)
    assert score("naswot", layer, x, torch.tensor([0, 1])) == pytest.approx(math.log(4))


def test_naswot_counts_every_relu() -> None:
    network, (x, labels) = cell_network(), batch()
    units: list[int] = []
    for module in network.modules():
        if isinstance(module, ConvBnRelu):
            module.register_forward_hook(lambda _, __, y: units.append(y[0].numel()))
    network(x)
    assert agreements(torch.ones(2, sum(units))).diagonal().tolist() == [sum(units)] * 2
    found = score("naswot", network, x, labels)
    assert 0 < found <= len(x) * math.log(sum(units))  # Hadamard: at most the diagonal's product


def test_naswot_of_an_image_twice_is_minus_infinity() -> None:
    x, labels = batch()
    assert score("naswot", cell_network(), x[[0, 1, 1]], labels[:3]) == -math.inf


class Scaled(nn.Module):
    """Features that are the image times a factor, perhaps normalised."""

    def __init__(self, factor: float, norm: nn.Module) -> None:
        super().__init__()
        self.factor, self.norm = factor, norm

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return what zen compares."""
        return self.norm(self.factor * x)  # type: ignore[no-any-return]  # torch's


def zen(network: Any) -> float:
    torch.manual_seed(4)
    return score("zen", network, *batch(32))


def test_zen_by_hand() -> None:
    """A change of 0.01 e, three times as large behind a factor of 3."""
    torch.manual_seed(4)
    _, change = torch.randn(32, 3, 8, 8), torch.randn(32, 3, 8, 8)
    expected = math.log(3 * STEP * float(change.flatten(1).norm(dim=1).mean()))
    assert zen(Scaled(3.0, nn.Identity())) == pytest.approx(expected, rel=1e-4)


def test_zen_counts_back_what_batch_norm_takes_away() -> None:
    with_norm, without = zen(Scaled(30.0, nn.BatchNorm2d(3))), zen(Scaled(30.0, nn.Identity()))
    assert with_norm == pytest.approx(without, abs=0.01)


def test_zen_counts_back_every_batch_norm() -> None:
    """One that multiplies by 4 before a second: 30 and 4 are both taken away, both counted back."""
    first, second = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
    with torch.no_grad():
        first.weight.fill_(4.0)
    twice, plain = Scaled(30.0, nn.Sequential(first, second)), Scaled(120.0, nn.Identity())
    assert zen(twice) == pytest.approx(zen(plain), abs=0.01)


def test_zen_draws_its_own_weights_and_images() -> None:
    assert zen(cell_network(0)) == zen(cell_network(1))


@pytest.mark.parametrize("name", ["grad_norm", "snip", "fisher", "jacob_cov", "naswot"])
def test_the_order_of_images_does_not_matter(name: str) -> None:
    x, labels = batch()
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    found = score(name, cell_network(), x[order], labels[order])
    assert found == pytest.approx(score(name, cell_network(), x, labels), rel=1e-3)


def test_grasp_is_how_the_gradient_s_norm_changes() -> None:
    """-w (H g) is minus half the slope of ||g||^2 as all weights grow by the same share."""
    network, (x, labels) = cell_network().double(), batch()
    x = x.double()

    def squared_norm(scale: float) -> float:
        other = copy.deepcopy(network)
        with torch.no_grad():
            for layer in weighted_layers(other):
                layer.weight.mul_(scale)
        loss = nn.functional.cross_entropy(other(x), labels)
        weights = [layer.weight for layer in weighted_layers(other)]
        return float(sum(g.pow(2).sum() for g in torch.autograd.grad(loss, weights)))

    slope = (squared_norm(1 + 1e-5) - squared_norm(1 - 1e-5)) / 2e-5
    assert score("grasp", network, x, labels) == pytest.approx(-slope / 2, rel=1e-4)


def test_batch_norms_are_removed_wherever_they_are() -> None:
    network = cell_network()
    remove_batch_norms(network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
