"""Jacobians: forward mode against reverse mode, the compression, and the estimate's error."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from bench.network.skeleton import Skeleton
from bench.space.branches import Branches
from supernet.measure.inner_products import cosine, jackknife
from supernet.measure.jacobian import measure
from supernet.measure.linear_jacobian import (
    grid_seeds,
    inner_products,
    num_seeds,
    pair_products,
    random_seeds,
)
from supernet.nets.cells import BranchSum, CellNet
from supernet.nets.supernet import pairs
from supernet.shadow_bn import norm_under_test
from tests.measured_run import snapshots_of, train_run

SPACE = Branches(2)
PATH = ((1,), (), (2,), ())

Function = Callable[[torch.Tensor], torch.Tensor]


def network(batch_norm: str = "shadow", size: int = 8, channels: int = 2) -> CellNet:
    """Make a network whose batch norms do something, in eval mode."""
    torch.manual_seed(0)
    skeleton = Skeleton(stem_channels=channels, cells_per_stack=1, image_size=size, in_channels=1)
    model = CellNet(skeleton, SPACE, norm_under_test(batch_norm)).eval().requires_grad_(False)
    for norm in (m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        norm.get_buffer("running_mean").uniform_(-0.2, 0.2)
        norm.get_buffer("running_var").uniform_(0.3, 2.0)
        norm.weight.uniform_(0.5, 1.5)
    return model


def outputs_of(place: BranchSum, x: torch.Tensor) -> list[torch.Tensor]:
    return place.outputs(place.inputs(x, [PATH] * len(x)))


def exact(place: BranchSum, image: torch.Tensor) -> dict[Any, float]:
    """Return cosines of whole Jacobians by reverse mode, a row at a time, the slow way."""

    def jacobian(function: object) -> torch.Tensor:
        full = torch.autograd.functional.jacobian(function, image)  # type: ignore[no-untyped-call]  # torch's
        return torch.as_tensor(full).double().flatten()

    found = {}
    for kind, i, j in list(pairs(place, SPACE.m))[::7]:
        for where, (f, g) in sides(place, kind, i, j).items():
            a, b = jacobian(f), jacobian(g)
            found[kind, i, j, where] = (a @ b / (a.norm() * b.norm())).item()
    return found


def sides(place: BranchSum, kind: str, i: int, j: int) -> dict[str, tuple[Function, Function]]:
    """Return the two functions of an image that a comparison is of, raw and normed."""
    both = kind == "sum"
    members = [i, j] if both else [j]

    def second(x: torch.Tensor) -> torch.Tensor:
        y = outputs_of(place, x)
        return y[i] + y[j] if both else y[j]

    return {
        "raw": (lambda x: outputs_of(place, x)[i], second),
        "normed": (
            lambda x: place.normed(outputs_of(place, x)[i], [i]),
            lambda x: place.normed(second(x), members),
        ),
    }


@pytest.mark.parametrize(
    ("batch_norm", "cell"),
    [("shadow", 0), ("shadow", 1), ("combination", 0), ("single-sum", 0), ("none", 2)],
)
def test_compressed_forward_mode_is_reverse_mode(batch_norm: str, cell: int) -> None:
    model = network(batch_norm)
    image = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    place = model.path_sums()[cell]
    grams = inner_products(place, image, PATH, grid_seeds(image, place.receptive_field))
    found = {
        key: cosine(products).item()
        for key, products in pair_products(place, {k: g.sum(0) for k, g in grams.items()}, SPACE.m)
    }
    for key, value in exact(place, image).items():
        assert found[key] == pytest.approx(value, abs=1e-5, nan_ok=True), key


def test_compression_saves_passes_and_loses_nothing() -> None:
    """More seeds, one for every pixel, give the same inner products."""
    model, image = network(size=16), torch.rand(1, 1, 16, 16)
    few, every = (
        inner_products(model.path_sums()[0], image, PATH, grid_seeds(image, window))
        for window in (5, 16)
    )
    assert len(few["raw"]) == 25
    assert len(every["raw"]) == 256
    for place in few:
        assert torch.allclose(few[place].sum(0), every[place].sum(0), rtol=1e-4, atol=1e-6)


def test_too_narrow_a_window_is_wrong() -> None:
    """The trap: with pixels closer than the receptive field, columns mix."""
    model, image = network(size=16), torch.rand(1, 1, 16, 16)
    right, wrong = (
        inner_products(model.path_sums()[0], image, PATH, grid_seeds(image, window))
        for window in (5, 3)
    )
    assert not torch.allclose(right["raw"].sum(0), wrong["raw"].sum(0), rtol=1e-2)


@pytest.mark.parametrize(("cell", "side"), [(0, 5), (1, 10), (2, 20)])
def test_receptive_fields_hold_all_that_an_output_sees(cell: int, side: int) -> None:
    model = network(size=32)
    place = model.path_sums()[cell]
    assert place.receptive_field == side
    x = torch.rand(1, 1, 32, 32, requires_grad=True)
    outputs = outputs_of(place, x)
    middle = outputs[0].shape[2] // 2
    total = torch.stack([out[:, :, middle, middle].sum() for out in outputs]).sum()
    total.backward()  # type: ignore[no-untyped-call]  # torch's
    assert x.grad is not None
    rows, columns = torch.nonzero(x.grad[0, 0], as_tuple=True)
    assert max(int(rows.max() - rows.min()), int(columns.max() - columns.min())) < side


def test_a_colour_image_of_32_pixels_takes_75_passes_at_the_first_cell() -> None:
    x = torch.rand(1, 3, 32, 32)
    assert num_seeds(x, 5) == len(grid_seeds(x, 5)) == 75
    assert torch.equal(grid_seeds(x, 5).sum(0), torch.ones(3, 32, 32)), "every pixel once"


def test_random_directions_estimate_the_exact_cosine_within_their_error() -> None:
    model, image = network(size=16, channels=16), torch.rand(1, 1, 16, 16)
    place, seeds = model.path_sums()[0], grid_seeds(image, 5)
    grams = inner_products(model.path_sums()[0], image, PATH, seeds)
    exact_grams = {place: gram.sum(0) for place, gram in grams.items()}
    drawn = random_seeds(image, torch.Generator().manual_seed(3))
    projected = inner_products(model.path_sums()[0], image, PATH, drawn)
    deviations = []
    for (key, products), (_, truth) in zip(
        pair_products(place, projected, SPACE.m),
        pair_products(place, exact_grams, SPACE.m),
        strict=True,
    ):
        estimate, error = jackknife(products)
        assert 0 < error < 0.3, key
        deviations.append(((estimate - cosine(truth)) / error).item())
    assert np.abs(deviations).max() < 6
    assert np.sqrt(np.mean(np.square(deviations))) < 2


def test_the_jackknife_is_that_of_leaving_one_out_by_hand() -> None:
    products = torch.rand(3, 7, dtype=torch.float64) + 1
    keep = [[i for i in range(7) if i != left] for left in range(7)]
    without = torch.stack([cosine(products[:, index].sum(1)) for index in keep])
    estimate, error = jackknife(products)
    assert error.item() == pytest.approx((6 * without.var(correction=0)).sqrt().item())
    assert estimate.item() == pytest.approx(
        (7 * cosine(products.sum(1)) - 6 * without.mean()).item()
    )


def test_measure_says_which_are_exact(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots = snapshots_of(train_run(tmp_path_factory.mktemp("results"), m=2))
    whole = measure(snapshots)
    assert whole["is_exact"].all()
    assert (whole["error"] == 0).all()
    monkeypatch.setattr("supernet.measure.linear_jacobian.MAX_SEEDS", 30)
    mixed = measure(snapshots)
    assert mixed.groupby("cell")["is_exact"].all().tolist() == [True, False, False]
    assert (mixed[~mixed["is_exact"]]["error"] > 0).all()
    both = whole.merge(mixed, on=["epoch", "cell", "kind", "first", "second", "place"])
    difference = (both["mean_x"] - both["mean_y"]).abs()
    assert (difference < 6 * both["error_y"] + 1e-9).mean() > 0.99


@pytest.mark.slow
def test_the_exact_first_cell_of_ten_colour_images_takes_under_a_minute() -> None:
    skeleton = Skeleton(stem_channels=16, cells_per_stack=1)
    model = CellNet(skeleton, SPACE).eval().requires_grad_(False)
    images = torch.rand(10, 3, 32, 32)
    started = time.process_time()
    for i in range(10):
        inner_products(model.path_sums()[0], images[[i]], PATH, grid_seeds(images, 5))
    assert time.process_time() - started < 60
