"""Spaces: counts of the paper, copies of cells, strings, the training sampler's law."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.space.branches import Branches, FirstBranches
from bench.space.registry import SPACES


@pytest.mark.parametrize(
    ("m", "num_architectures", "num_cells"), [(1, 12, 3), (2, 66, 9), (3, 174, 19), (4, 255, 34)]
)
def test_counts_of_the_paper(m: int, num_architectures: int, num_cells: int) -> None:
    space = Branches(m)
    architectures = space.architectures()
    assert len(architectures) == len(set(architectures)) == num_architectures
    assert len({space.cell(a).hash for a in architectures}) == num_cells


@pytest.mark.parametrize(
    ("m", "num_architectures", "num_lists"), [(1, 3, 3), (2, 15, 24), (3, 63, 225), (4, 255, 2712)]
)
def test_counts_as_released(m: int, num_architectures: int, num_lists: int) -> None:
    space = FirstBranches(m)
    assert len(space.architectures()) == num_architectures
    assert space.num_lists() == num_lists


@pytest.mark.parametrize("name", [name for name in SPACES if SPACES[name](1).is_enumerated])
@given(seed=st.integers(0, 2**32), m=st.integers(1, 4))
def test_samples_lie_in_the_space_and_survive_their_string(name: str, seed: int, m: int) -> None:
    space = SPACES[name](m)
    architecture = space.sample(np.random.default_rng(seed))
    assert architecture in space.architectures()
    assert space.decode(space.encode(architecture)) == architecture


def test_number_of_paths_is_uniform_and_so_are_nodes_and_operations() -> None:
    space, rng = Branches(4), np.random.default_rng(0)
    lists = [space.sample_list(rng) for _ in range(12_000)]
    lengths = Counter(map(len, lists))
    firsts = Counter(pairs[0] for pairs in lists)
    assert set(lengths) == {1, 2, 3, 4}
    assert max(abs(n - 3_000) for n in lengths.values()) < 5 * np.sqrt(3_000)
    assert len(firsts) == 12
    assert max(abs(n - 1_000) for n in firsts.values()) < 5 * np.sqrt(1_000)


def test_path_names_the_operations_of_every_node() -> None:
    space = Branches(4)
    assert space.path(space.decode("3-1p")) == ((0,), (), (1,), (2,))


def test_cell_is_the_published_one() -> None:
    space = Branches(4)
    assert space.cell(space.decode("-3--")).hash == "96794a104891b22bf4f2abbdd7c3e90f"
    assert space.cell(space.decode("3--3")) == space.cell(space.decode("-33-"))


@pytest.mark.parametrize("m", [0, 5, -1])
def test_m_outside_its_range_is_refused(m: int) -> None:
    with pytest.raises(ValueError, match=rf"m={m} is outside 1\.\.4"):
        Branches(m)


@pytest.mark.parametrize("text", ["3-1", "3-1x", "", "3-1p-"])
def test_string_that_is_no_architecture_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not 4 letters"):
        Branches(4).decode(text)


@pytest.mark.parametrize("text", ["----", "3311"])
def test_string_with_too_few_or_many_branches_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"branches, not 1\.\.2"):
        Branches(2).decode(text)
