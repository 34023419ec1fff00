"""Shadow batch norm: which batch norm acts, and that the others are left alone."""

import pytest
import torch
from torch import nn

from supernet.shadow_bn import (
    BATCH_NORMS,
    CombinationBatchNorm,
    NoBatchNorm,
    ShadowBatchNorm,
    SingleBatchNorm,
    combinations,
)


def images(seed: int = 0) -> torch.Tensor:
    return torch.randn(6, 3, 4, 4, generator=torch.Generator().manual_seed(seed))


def test_one_path_equals_a_vanilla_batch_norm_exactly() -> None:
    shadow, vanilla = ShadowBatchNorm(3, max_paths=1), nn.BatchNorm2d(3)
    for seed in range(3):
        assert torch.equal(shadow(images(seed), (2,)), vanilla(images(seed)))
    for mine, theirs in zip(
        shadow.state_dict().values(), vanilla.state_dict().values(), strict=True
    ):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("changed", [1, 2, 3])
def test_changing_one_batch_norm_changes_just_the_sums_of_that_size(changed: int) -> None:
    shadow = ShadowBatchNorm(3, max_paths=3).eval()
    actives = [(0,), (5,), (0, 5), (0, 2, 5)]
    before = [shadow(images(), active) for active in actives]
    norm = shadow.norms[changed - 1]
    assert isinstance(norm, nn.BatchNorm2d)
    nn.init.constant_(norm.weight, 2.0)
    after = [shadow(images(), active) for active in actives]
    for active, old, new in zip(actives, before, after, strict=True):
        assert torch.equal(old, new) == (len(active) != changed)


def test_statistics_of_unused_batch_norms_stay() -> None:
    shadow = ShadowBatchNorm(3, max_paths=2)
    shadow(images(), (0, 1))
    seen = [int(norm.get_buffer("num_batches_tracked")) for norm in shadow.norms]
    assert seen == [0, 1]


def test_combination_tells_combinations_of_one_size_apart() -> None:
    norm = CombinationBatchNorm(3, combinations(2, 2, 2)).eval()
    first = norm.norms["0"]
    assert isinstance(first, nn.BatchNorm2d)
    nn.init.constant_(first.weight, 2.0)
    assert not torch.equal(norm(images(), (0,)), norm(images(), (1,)))
    assert torch.equal(norm(images(), (1,)), norm(images(), (2,)))


def test_combinations_are_all_architectures() -> None:
    assert len(list(combinations(4, 3, 4))) == 255
    assert list(combinations(2, 2, 1)) == [(0,), (1,), (2,), (3,)]


def test_single_and_none_do_not_look_at_the_paths() -> None:
    single = SingleBatchNorm(3).eval()
    assert torch.equal(single(images(), (0,)), single(images(), (0, 1, 2)))
    assert torch.equal(NoBatchNorm()(images(), (0,)), images())


def test_dictionary_has_the_four() -> None:
    built = {name: make(3, 2, [(0,), (1,), (0, 1)]) for name, make in BATCH_NORMS.items()}
    counts = {name: sum(p.numel() for p in module.parameters()) for name, module in built.items()}
    assert counts == {"shadow": 12, "single": 6, "combination": 18, "none": 0}


@pytest.mark.parametrize("active", [(), (0, 1, 2)])
def test_number_of_paths_without_a_batch_norm_is_refused(active: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=rf"{len(active)} summed paths: there are batch norms"):
        ShadowBatchNorm(3, max_paths=2)(images(), active)


def test_unknown_combination_is_refused() -> None:
    with pytest.raises(ValueError, match="no batch norm for the combination"):
        CombinationBatchNorm(3, [(0,)])(images(), (1,))


def test_no_path_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="max_paths=0"):
        ShadowBatchNorm(3, max_paths=0)
