"""S1, S2, S3 and their architectures: counts, draws, texts, integers, and what is refused."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.network.block_costs import num_multiply_adds, num_operations, num_parameters
from bench.network.known_networks import known_network
from bench.network.skeleton import CIFAR10, BlockSkeleton
from bench.space.architecture import ArchitectureError, KernelArchitecture, parse_architecture
from bench.space.mixpath import s1, s2, s3
from bench.space.reconstruction import (
    MIXPATH_B,
    Reconstruction,
    distance,
    kernel_shares,
    nearest,
    reconstruct,
)
from bench.space.registry import build_space

if TYPE_CHECKING:
    from bench.space.kernels import KernelSpace

TINY = BlockSkeleton(width=0.25, depth=0.01, image_size=32, num_classes=10)
SPACES = [(s1, 12, 8, 10), (s2, 18, 4, 10), (s3, 18, 4**4, 10**4)]


@pytest.mark.parametrize(("build", "layers", "one", "two"), SPACES)
def test_sizes_of_the_spaces(build: type, layers: int, one: int, two: int) -> None:
    assert build(1).num_layers == layers
    assert build(1).count() == one**layers  # section 4.1: 8^12 for S1
    assert build(2).count() == ((2 if build is s1 else 1) * two) ** layers
    if build is s2:
        assert build(4).count() == 15**layers  # section 4.2: 'about 16^18'


def test_published_costs_lie_inside() -> None:
    """MixPath-a has 5.3 M and 473 M, which S1's layout can give."""
    space = s1(4)
    costs = [
        (space.num_parameters(a), space.num_multiply_adds(a))
        for a in (space.from_integers([0] * 24), space.from_integers([1, 14] * 12))
    ]
    assert costs[0] == (2_887_434, 242_772_480)
    assert costs[0][0] < 5.3e6 < costs[1][0]
    assert costs[0][1] < 473e6 < costs[1][1]


@given(st.data(), st.sampled_from([s1, s2, s3]), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_every_vector_of_integers_is_an_architecture(
    data: st.DataObject, build: type, m: int
) -> None:
    space: KernelSpace = build(m)
    values = [data.draw(st.integers(0, size - 1)) for size in space.sizes]
    architecture = space.from_integers(values)
    assert space.to_integers(architecture) == values
    assert space.decode(space.encode(architecture)) == architecture
    assert space.decode(architecture.to_json()) == architecture
    assert space.path(architecture) == architecture
    assert hash(architecture) == hash(space.decode(str(architecture)))


def test_enumeration_is_whole_and_without_repeats() -> None:
    space = s1(1, TINY)
    every = list(space.architectures())
    assert len(every) == len(set(every)) == space.count() == 8**5
    space = s3(1, TINY)
    first = list(itertools.islice(space.architectures(), 300))
    assert len(set(first)) == 300


@pytest.mark.parametrize("build", [s1, s2, s3])
def test_draws_are_uniform_in_number_then_in_kernels(build: type) -> None:
    space, rng = build(3, TINY), np.random.default_rng(0)
    groups = Counter(space.sample(rng)[0].kernels[-1] for _ in range(6_000))
    by_number = Counter[int]()
    for group, count in groups.items():
        by_number[len(group)] += count
    assert all(abs(count - 2000) < 200 for count in by_number.values())
    assert len(groups) == 14
    assert all(abs(count - 2000 / [4, 6, 4][len(g) - 1]) < 120 for g, count in groups.items())


def test_layers_draw_their_own_numbers_of_kernels() -> None:
    rng = np.random.default_rng(1)
    architecture = s3(2).sample(rng)
    assert {len(group) for layer in architecture for group in layer.kernels} == {1, 2}
    assert {layer.expansion for layer in s1(2).sample(rng)} == {3, 6}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "layer 1 '' is not like"),
        ("e3k3_e3k3", "is not like"),
        ("k4", "is not like"),
        ("k53", "ascending"),
        ("k33", "ascending"),
        ("{", "is not JSON"),
        ('{"layers": [3]}', "is not JSON"),
        ('{"layers": [{"kernels": [[4]]}]}', "ascending"),
        ('{"layers": [{"kernels": [[]]}]}', "ascending"),
    ],
)
def test_wrong_texts_are_refused(text: str, message: str) -> None:
    with pytest.raises(ArchitectureError, match=message):
        parse_architecture(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("e3k3-" * 20_000, "has 100,000 characters: at most 4,000"),
        ('{"layers": ' + "[" * 3_000, "is not JSON such as"),
        ('{"layers": [{"expansion": Infinity, "kernels": [[3]]}]}', "is not JSON such as"),
    ],
)
def test_texts_without_end_are_refused_in_a_line(text: str, message: str) -> None:
    with pytest.raises(ArchitectureError, match=message) as caught:
        parse_architecture(text)
    assert len(str(caught.value)) < 4_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("e3k3-e3k3", "has 2 layers, s1 here has 5"),
        ("k3-e3k3-e3k3-e3k3-e3k3", "layer 1 has expansion 0, not 3 or 6"),
        ("e3k3-e3k3.5-e3k3-e3k3-e3k3", "layer 2 has 2 channel groups, not 1"),
        ("e3k3-e3k3-e3k357-e3k3-e3k3", "layer 3 has 3 kernels in a group, m=2"),
    ],
)
def test_architectures_outside_the_space_are_refused(text: str, message: str) -> None:
    with pytest.raises(ArchitectureError, match=message):
        s1(2, TINY).decode(text)


def test_an_expansion_where_it_is_fixed_is_refused() -> None:
    with pytest.raises(ArchitectureError, match="not none, it is fixed"):
        s2(1, TINY).decode("-".join(["e3k3"] * s2(1, TINY).num_layers))


def test_wrong_spaces_are_refused() -> None:
    with pytest.raises(ValueError, match=r"m=5 is outside 1\.\.4"):
        s1(5)
    with pytest.raises(ValueError, match=r"unknown space .*'s4'"):
        build_space("s4", 1, CIFAR10)
    with pytest.raises(ValueError, match=r"width=0 must be at least 0\.001"):
        BlockSkeleton(width=0)


def costs(found: Reconstruction) -> tuple[int, int, int]:
    network = found.space.network(found.architecture)
    return num_parameters(network), num_operations(network), num_multiply_adds(network)


def test_mixpath_a_reconstructed_in_mixnets_count() -> None:
    """The paper: 349 M, and 'MixNet-M uses 10M more', which has 360 M in that count alone."""
    found = reconstruct("mixpath-a")
    assert found.label == "reconstruction"
    parameters, operations, multiply_adds = costs(found)
    assert (parameters, operations, multiply_adds) == (4_999_774, 348_993_840, 328_068_096)
    assert (round(parameters / 1e6, 1), round(operations / 1e6)) == (5.0, 349)
    mixnet = known_network("mixnet-m")
    assert round(num_operations(mixnet) / 1e6) == 360
    assert round(num_multiply_adds(mixnet) / 1e6) == 339


def test_mixpath_b_reconstructed() -> None:
    found = reconstruct("mixpath-b")
    assert costs(found) == (5_097_478, 378_036_336, 355_205_472)
    shares = kernel_shares(found.architecture)
    assert shares[5] == pytest.approx(0.60, abs=0.01)
    assert shares[7] == pytest.approx(0.22, abs=0.005)
    with_3 = [layer.kernels[0] for layer in found.architecture if 3 in layer.kernels[0]]
    lone = [kernels for kernels in with_3 if len(kernels) == 1]
    assert len(lone) < len(with_3) / 2  # '3x3 kernels are mainly used in parallel with large one'


def test_the_descent_ends_where_no_single_change_helps() -> None:
    space = s2(2)
    start = space.from_integers([0] * 18)
    found = nearest(space, start, MIXPATH_B)
    least = distance(space, found, MIXPATH_B)
    assert least < distance(space, start, MIXPATH_B)
    values = space.to_integers(found)
    for position, size in enumerate(space.sizes):
        for value in range(size):
            changed = space.from_integers([*values[:position], value, *values[position + 1 :]])
            assert distance(space, changed, MIXPATH_B) >= least - 1e-9


def test_an_unknown_reconstruction_is_refused() -> None:
    with pytest.raises(ValueError, match="did you mean 'mixpath-b'"):
        reconstruct("mixpath_b")


def test_architectures_are_plain_tuples() -> None:
    assert isinstance(parse_architecture("k3-k5"), KernelArchitecture)
    assert parse_architecture("k3-k5") == ((0, ((3,),)), (0, ((5,),)))
