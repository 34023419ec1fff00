"""The cell supernet: shape, counts, and that every part the paper depends on matters."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from bench.config.registry import PRESETS
from bench.network.cell_costs import num_parameters
from bench.network.skeleton import NASBENCH101, Skeleton
from bench.space.branches import Branches
from supernet.nets.cell_layers import MaxPool3x3
from supernet.nets.cells import CellNet
from supernet.shadow_bn import norm_under_test
from supernet.training.trainer import initialise
from tests.nasbench_oracle import copy_weights, network

GOLDEN = Path(__file__).parent / "golden" / "cell_net.json"
TINY = Skeleton(stem_channels=4, num_stacks=2, cells_per_stack=2, image_size=8, in_channels=1)
SPACE = Branches(4)


def build(batch_norm: str = "shadow", skeleton: Skeleton = TINY, m: int = 4) -> CellNet:
    model = initialise(lambda: CellNet(skeleton, Branches(m), norm_under_test(batch_norm)), seed=0)
    assert isinstance(model, CellNet)
    return model


def images(batch: int = 5) -> torch.Tensor:
    return torch.randn(batch, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def path(text: str) -> tuple[tuple[int, ...], ...]:
    return SPACE.path(SPACE.decode(text))


@pytest.mark.parametrize("batch_norm", ["single", "shadow", "shadow-sum", "none"])
@pytest.mark.parametrize("text", ["3---", "31--", "p3p1"])
def test_path_of_the_supernet_is_the_stand_alone_network_of_its_cell(
    batch_norm: str, text: str
) -> None:
    """Count the parameters a path trains: the cell's own, but for what node 5 differs in."""
    model = build(batch_norm)
    F.cross_entropy(model(images(), path(text)), torch.zeros(5).long()).backward()  # type: ignore[no-untyped-call]  # torch's
    used = sum(p.numel() for p in model.parameters() if p.grad is not None)
    channels = [cell.node.conv.out_channels for cell in model.cells()]
    differs = {"shadow-sum": 2 * sum(channels), "none": -sum(channels)}.get(batch_norm, 0)
    assert used - differs == num_parameters(SPACE.cell(SPACE.decode(text)), TINY)


def test_outputs_equal_nasbench_pytorchs_network_with_the_same_weights() -> None:
    model = build("single").eval()
    architecture = SPACE.decode("31-p")
    theirs = network(SPACE.cell(architecture), TINY).eval()
    copy_weights([m for m in _modules_in_order(model, "31-p") if list(m.parameters())], theirs)
    expected = theirs(images())
    assert torch.allclose(model(images(), SPACE.path(architecture)), expected, atol=1e-5)


def _modules_in_order(model: CellNet, text: str) -> list[nn.Module]:
    modules: list[nn.Module] = [model.stem_conv.conv, model.stem_conv.norm]
    operations = sorted((op, node) for node, ops in enumerate(path(text)) for op in ops)
    for cell in model.cells():
        operations_of: Any = cell.operations
        projections: Any = cell.projections
        node5: Any = cell.node
        for op, node in operations:
            block = operations_of[node][op]
            modules += [block.conv, block.norm] if op != 2 else []
        modules += [node5.conv, node5.norm.norm]
        for _, node in operations:
            modules += [projections[node].conv, projections[node].norm]
    return [*modules, model.classifier]


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_shadow_batch_norm_changes_exactly_the_paths_of_its_size(size: int) -> None:
    model = build().eval()
    texts = ["3---", "--1-", "31--", "p--3", "p13-", "3333"]
    before = {text: model(images(), path(text)) for text in texts}
    for cell in model.cells():
        norm: Any = cell.node.norm
        nn.init.constant_(norm.norms[size - 1].weight, 1.5)
    for text in texts:
        is_same = torch.equal(model(images(), path(text)), before[text])
        assert is_same == (sum(c != "-" for c in text) != size)


def test_one_path_makes_shadow_and_single_the_same_network() -> None:
    shadow, single = build("shadow", m=1), build("single", m=1)
    for text in ("3---", "---p"):
        assert torch.equal(shadow(images(), path(text)), single(images(), path(text)))


def test_places_and_controls_differ_in_their_outputs() -> None:
    names = ["shadow", "shadow-sum", "single-sum", "none"]
    models = {name: build(name) for name in names}
    outputs = {}
    for name, model in models.items():
        for _ in range(3):  # training moves the statistics of the sizes apart
            model(images(), path("31--"))
            model(images(), path("3---"))
        outputs[name] = model.eval()(images(), path("31--"))
    for i, name in enumerate(names):
        for other in names[i + 1 :]:
            assert not torch.allclose(outputs[name], outputs[other]), (name, other)


@pytest.mark.parametrize("text", ["3---", "1p--", "p13-", "3333"])
def test_every_branch_changes_the_output(text: str) -> None:
    model = build().eval()
    for node, letter in enumerate(text):
        if letter != "-" and text.count("-") < 3:
            without = text[:node] + "-" + text[node + 1 :]
            assert not torch.allclose(model(images(), path(text)), model(images(), path(without)))


def test_unused_parameters_get_no_gradient_no_decay_and_no_momentum() -> None:
    from bench.config.training import Training
    from supernet.training.optimizers import build_optimizer

    model = build()
    optimizer = build_optimizer(model, Training(weight_decay=0.5, lr=0.1))
    labels = torch.zeros(5).long()
    for text in ("3311", "31--"):  # the first step gives every momentum a value
        before = {name: value.clone() for name, value in model.state_dict().items()}
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(images(), path(text)), labels).backward()  # type: ignore[no-untyped-call]  # torch's
        buffers = {id(p): s["momentum_buffer"].clone() for p, s in optimizer.state.items()}
        optimizer.step()
    used = {name for name, p in model.named_parameters() if p.grad is not None}
    unused = {name for name, p in model.named_parameters() if p.grad is None}
    assert any("operations.2.1" in name for name in unused)
    for name, parameter in model.named_parameters():
        is_same = torch.equal(parameter.detach(), before[name])
        assert is_same == (name in unused), name
        if name in unused and id(parameter) in buffers:
            now = optimizer.state[parameter]["momentum_buffer"]
            assert torch.equal(now, buffers[id(parameter)])
    assert used


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("batch_norm", ["shadow", "single-sum", "none"])
def test_what_paths_share_and_the_rest_make_the_whole(training: bool, batch_norm: str) -> None:
    model = build(batch_norm)
    with torch.no_grad():
        for text in ("3---", "31p3"):
            for _ in range(2):
                model(images(), path(text))
        model.train(training)
        for text in ("3---", "--p-", "31p3"):
            whole = model(images(), path(text))
            assert torch.equal(model.rest(model.shared(images()), path(text)), whole)


def test_max_pool_without_gradients_equals_pytorchs() -> None:
    for shape in [(2, 3, 8, 8), (1, 2, 5, 7), (2, 3, 1, 1), (1, 1, 2, 1)]:
        x = torch.randn(shape)
        assert torch.equal(MaxPool3x3()(x), F.max_pool2d(x, 3, stride=1, padding=1))


def golden() -> dict[str, float]:
    """Measure what the golden file holds; `python -m tests.bless` writes it."""
    figures: dict[str, float] = {}
    for name in ("digits", "cifar10-small", "paper"):
        recipe = PRESETS[name]().recipe
        for batch_norm in ("shadow", "shadow-sum", "single", "none"):
            with torch.device("meta"):
                model = CellNet(recipe.skeleton, SPACE, norm_under_test(batch_norm))
            count = sum(p.numel() for p in model.parameters())
            figures[f"parameters, {name}, {batch_norm}"] = count
    for text in ("3---", "31p3"):
        loss = F.cross_entropy(build()(images(), path(text)), torch.arange(5)).item()
        figures[f"first loss, {text}"] = loss
    return figures


def test_parameter_counts_and_first_losses_are_golden() -> None:
    assert golden() == pytest.approx(json.loads(GOLDEN.read_text()), rel=1e-4)


def test_skeleton_is_nasbench101s() -> None:
    with torch.device("meta"):
        model = CellNet(replace(NASBENCH101, cells_per_stack=3), Branches(4))
    assert [cell.node.conv.out_channels for cell in model.cells()] == [128] * 3 + [256] * 3 + [
        512
    ] * 3


def test_unknown_batch_norm_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'shadow'"):
        build("shadoww")
