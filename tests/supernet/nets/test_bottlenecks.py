"""MixPath's networks: built as described, equal outside the supernet, folded, exported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from bench.config.training import Calibration, Training
from bench.network.block import Block
from bench.network.block_costs import num_multiply_adds, num_parameters
from bench.network.known_networks import known_network
from bench.network.skeleton import BlockSkeleton
from bench.space.kernels import KernelSpace
from bench.space.mixpath import s1, s2, s3
from supernet.calibrate import calibrated
from supernet.nets import export as export_module
from supernet.nets.bottleneck_layers import Bottleneck, PathGroup
from supernet.nets.bottlenecks import BottleneckNet, supernet
from supernet.nets.export import ExportError, compare, export
from supernet.nets.extract import extract, fold, is_foldable, stand_alone
from supernet.runs import prepared
from supernet.shadow_bn import BATCH_NORMS, SHADOW, norm_under_test

if TYPE_CHECKING:
    from pathlib import Path

TINY = BlockSkeleton(width=0.1, depth=0.1, image_size=16, num_classes=5)
Build = Callable[[int, BlockSkeleton], KernelSpace]
SPACES: list[Build] = [s1, s2, s3]


def lived_in(space: KernelSpace, batch_norm: str = "shadow") -> BottleneckNet:
    """Build a supernet whose statistics and weights are away from their start."""
    torch.manual_seed(0)
    model, rng = supernet(space, norm_under_test(batch_norm)), np.random.default_rng(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        for _ in range(4):
            model(images(space), space.sample(rng))
    return model.eval()


def images(space: KernelSpace, batch: int = 6) -> torch.Tensor:
    size = space.template.image_size
    return torch.randn(batch, 3, size, size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", ["mixnet-s", "mixnet-m", "mobilenet-v2"])
def test_known_networks_are_built_as_counted(name: str) -> None:
    network = known_network(name)
    with torch.device("meta"):
        model = BottleneckNet(network).eval()
        x = torch.empty(1, 3, 224, 224)
    with FlopCounterMode(display=False) as counter:
        model(x)
    assert sum(p.numel() for p in model.parameters()) == num_parameters(network)
    assert counter.get_total_flops() == 2 * num_multiply_adds(network)


@pytest.mark.parametrize("build", SPACES)
@pytest.mark.parametrize("m", [1, 3])
def test_networks_are_built_as_counted(build: Build, m: int) -> None:
    space, rng = build(m, TINY), np.random.default_rng(2)
    for _ in range(3):
        architecture = space.sample(rng)
        with torch.device("meta"):
            model = stand_alone(space, architecture).eval()
            x = torch.empty(1, 3, 16, 16)
        with FlopCounterMode(display=False) as counter:
            model(x)
        assert sum(p.numel() for p in model.parameters()) == space.num_parameters(architecture)
        assert counter.get_total_flops() == 2 * space.num_multiply_adds(architecture)


@pytest.mark.parametrize("build", SPACES)
@pytest.mark.parametrize("batch_norm", BATCH_NORMS)
@torch.no_grad()
def test_a_network_taken_out_gives_what_the_supernet_gives(build: Build, batch_norm: str) -> None:
    space, rng = build(3, TINY), np.random.default_rng(3)
    model = lived_in(space, batch_norm)
    for _ in range(3):
        architecture = space.sample(rng)
        expected = model(images(space), architecture)
        assert expected.std() > 1e-3
        assert torch.allclose(
            extract(model, space, architecture)(images(space)), expected, atol=1e-5
        )


@torch.no_grad()
def test_a_network_taken_out_keeps_calibrated_statistics() -> None:
    space = s1(2, TINY)
    model, x = lived_in(space), images(space, 32)
    architecture = space.sample(np.random.default_rng(4))
    raw = model(x, architecture)
    with calibrated(model, lambda: model(x, architecture), Calibration()):
        expected = model(x, architecture)
        network = extract(model, space, architecture)
    assert not torch.allclose(raw, expected, atol=1e-3)
    assert torch.allclose(network(x), expected, atol=1e-5)


@torch.no_grad()
def test_the_supernet_is_left_as_it_was() -> None:
    space = s3(2, TINY)
    model = lived_in(space).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert extract(model, space, space.sample(np.random.default_rng(5))).training
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_pre_hooks for module in model.modules())


@torch.no_grad()
def test_s3_folds_into_one_kernel_a_group() -> None:
    space = s3(4, TINY)
    architecture = space.from_integers([14, 7, 3, 0] * space.num_layers)
    network = extract(lived_in(space), space, architecture)
    assert is_foldable(network)
    single = fold(network)
    assert not is_foldable(single)
    assert all(len(group) == 1 for block in single.network.blocks for group in block.groups)
    assert num_multiply_adds(single.network) < num_multiply_adds(network.network)
    assert torch.allclose(single(images(space)), network(images(space)), atol=1e-5)


@pytest.mark.parametrize("build", [s1, s2])
def test_what_has_activations_between_is_not_folded(build: Build) -> None:
    space = build(2, TINY)
    network = stand_alone(space, space.from_integers([0] * len(space.sizes)))
    assert not is_foldable(network)
    assert fold(network).network == network.network


def test_the_supernets_folding_equals_separate_kernels() -> None:
    space = s3(3, TINY)
    model = lived_in(space)
    path = space.from_integers([12, 5, 0, 9] * space.num_layers)
    folded = model(images(space), path)
    for module in model.modules():
        if isinstance(module, PathGroup):
            module.is_folding = False
    separate = model(images(space), path)
    assert torch.allclose(folded, separate, atol=1e-5)


def test_s1_block_by_hand() -> None:
    """project(sum of relu6(BN(depthwise))), then SBN number m', then the input added."""
    block = Block(
        in_channels=8, out_channels=8, groups=((3, 5, 7, 9),), expansion=3, activation="relu6"
    )
    torch.manual_seed(0)
    module: Any = Bottleneck(block, 3, 2, SHADOW).eval()
    x = torch.randn(2, 8, 6, 6)
    y = F.relu6(module.expand.norm(F.conv2d(x, module.expand.conv.weight)))
    group = module.groups[0]
    paths = [
        F.relu6(group.norms[k](F.conv2d(y, group.convs[k].weight, padding=p, groups=24)))
        for k, p in (("5", 2), ("9", 4))
    ]
    expected = x + module.norm.norms[1](F.conv2d(paths[0] + paths[1], module.project.weight))
    assert torch.allclose(module(x, ((5, 9),)), expected, atol=1e-6)


def test_s3_block_by_hand() -> None:
    """Groups of bare sums, each its SBN number m', then activation, squeeze, project, BN."""
    block = Block(
        in_channels=8,
        out_channels=16,
        groups=((3, 5, 7, 9),) * 4,
        expansion=2,
        stride=2,
        squeeze=0.5,
        activation="swish",
        is_bare=True,
    )
    torch.manual_seed(0)
    module: Any = Bottleneck(block, 2, 2, SHADOW).eval()
    x = torch.randn(2, 8, 6, 6)
    kernels = ((3,), (3, 9), (7,), (5, 7))
    y = F.silu(module.expand.norm(module.expand.conv(x)))
    outputs = []
    for group, part, chosen in zip(module.groups, y.chunk(4, 1), kernels, strict=True):
        total = sum(group.convs[str(k)](part) for k in chosen)
        outputs.append(group.norm.norms[len(chosen) - 1](total))
    y = F.silu(torch.cat(outputs, 1))
    gate = F.silu(module.squeeze.reduce(y.mean((2, 3), keepdim=True)))
    y = y * torch.sigmoid(module.squeeze.expand(gate))
    expected = module.norm.norm(module.project(y))
    assert torch.allclose(module(x, kernels), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("build", "per_layer"),
    [(s1, {"3": 2, "6": 2}), (s2, {"": 2}), (s3, {"": 4 * 2})],
)
def test_shadow_batch_norms_are_where_the_paper_has_them(
    build: Build, per_layer: dict[str, int]
) -> None:
    """There are m a layer and expansion in S1, m a layer in S2, m a group in S3."""
    space = build(2, TINY)
    model = supernet(space)
    for layer in model.layers[space.num_fixed :]:
        assert isinstance(layer, nn.ModuleDict)
        counts = [
            sum(
                ".norms." in f".{name}" and ".groups.0.norms." not in f".{name}"
                for name, m in block.named_modules()
                if isinstance(m, nn.BatchNorm2d)
            )
            for block in layer.values()
        ]
        assert counts == list(per_layer.values())


@pytest.mark.parametrize("build", SPACES)
def test_a_step_touches_only_its_path(build: Build) -> None:
    space = build(2, TINY)
    model = supernet(space)
    zeros = space.from_integers([0] * len(space.sizes))  # expansion 3 in S1; kernel 3 alone
    model(images(space), zeros).sum().backward()
    touched = {name for name, p in model.named_parameters() if p.grad is not None}
    network = stand_alone(space, zeros)
    assert sum(model.get_parameter(name).numel() for name in touched) == sum(
        p.numel() for p in network.parameters()
    )


def test_every_choice_changes_the_output() -> None:
    """Trap: no kernel, expansion or number of paths is silently ignored."""
    for build in SPACES:
        space = build(2, TINY)
        model, base = lived_in(space), [0] * len(space.sizes)
        start = model(images(space), space.from_integers(base))
        for position, size in enumerate(space.sizes):
            for value in range(1, size):
                changed = [*base[:position], value, *base[position + 1 :]]
                other = model(images(space), space.from_integers(changed))
                assert not torch.allclose(start, other, atol=1e-7), (space.name, position, value)


def test_stem_and_body_are_the_network() -> None:
    space = s2(2, TINY)
    model = lived_in(space)
    path = space.sample(np.random.default_rng(6))
    x = images(space)
    assert torch.equal(model.body(model.stem(x), path), model(x, path))


def test_a_path_of_another_length_is_refused() -> None:
    space = s2(1, TINY)
    with pytest.raises(ValueError, match="path has 0 layers, the network"):
        supernet(space)(images(space))


def test_batch_norms_are_set() -> None:
    model = stand_alone(s1(1, TINY), s1(1, TINY).from_integers([0] * 10))
    prepared(model, Training(bn_momentum=0.01, bn_epsilon=1e-3), "cpu")
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    assert {(m.momentum, m.eps) for m in norms} == {(0.01, 1e-3)}


def test_export_is_loaded_back_and_equal(tmp_path: Path) -> None:
    space = s3(2, TINY)
    architecture = space.sample(np.random.default_rng(7))
    whole = extract(lived_in(space), space, architecture)
    network = fold(whole).train().to(memory_format=torch.channels_last)
    path = tmp_path / "network.pt2"
    assert export(network, path, whole) <= 1e-5
    assert network.training
    with pytest.raises(ExportError, match="logits differ"):
        export(network, tmp_path / "other.pt2", stand_alone(space, architecture).eval())
    loaded = torch.export.load(path).module()
    x = images(space, 5)  # a batch of another size than the one exported with
    with torch.no_grad():
        assert torch.allclose(loaded(x), network.eval()(x), atol=1e-5)


def test_an_export_that_differs_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_module, "TOLERANCE", -1.0)
    space = s1(1, replace(TINY, width=0.05))
    network = stand_alone(space, space.from_integers([0] * 10))
    with pytest.raises(ExportError, match="nothing was written"):
        export(network, tmp_path / "network.pt2")
    assert not list(tmp_path.iterdir())


def test_nan_is_a_difference() -> None:
    with pytest.raises(ExportError, match="differ by nan"):
        compare(torch.zeros(2), torch.tensor([0.0, torch.nan]))
