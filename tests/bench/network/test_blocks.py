"""Networks of blocks: notation, golden counts against timm and papers, and wrong texts."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import timm
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from bench.network.block import ACTIVATIONS, Block, DescriptionError, parse_blocks
from bench.network.block_costs import num_multiply_adds, num_operations, num_parameters
from bench.network.blocks import Network, parse
from bench.network.known_networks import PUBLISHED, known_network
from bench.network.scaling import round_channels, scale

TIMM = {"mixnet-s": "mixnet_s", "mixnet-m": "mixnet_m", "mobilenet-v2": "mobilenetv2_100"}
STEM, HEAD = "stem_x32_i3_o8_s11", "head_o16_n10"


@pytest.mark.parametrize("name", TIMM)
def test_costs_are_timms(name: str) -> None:
    network = known_network(name)
    with torch.device("meta"):
        model = timm.create_model(TIMM[name]).eval()
        images = torch.empty(1, 3, 224, 224)
    with FlopCounterMode(display=False) as counter:
        model(images)
    assert num_parameters(network) == sum(p.numel() for p in model.parameters())
    assert 2 * num_multiply_adds(network) == counter.get_total_flops()


@pytest.mark.parametrize(
    ("name", "parameters", "multiply_adds", "operations"),
    [
        ("mixnet-s", 4_134_606, 239_173_360, 255_525_640),
        ("mixnet-m", 5_014_382, 339_172_672, 360_098_416),
        ("mobilenet-v2", 3_504_872, 300_774_272, 313_558_176),
    ],
)
def test_golden_costs(name: str, parameters: int, multiply_adds: int, operations: int) -> None:
    network = known_network(name)
    assert num_parameters(network) == parameters
    assert num_multiply_adds(network) == multiply_adds
    assert num_operations(network) == operations


@pytest.mark.parametrize("name", ["mixnet-s", "mixnet-m"])
def test_mixnets_meet_their_paper(name: str) -> None:
    network, published = known_network(name), PUBLISHED[name]
    assert round(num_parameters(network) / 1e6, 1) == published.parameters
    assert round(num_operations(network) / 1e6) == published.multiply_adds


def test_mobilenet_v2_meets_its_paper() -> None:
    network = known_network("mobilenet-v2")
    assert num_parameters(network) / 1e6 == pytest.approx(3.45, abs=0.06)  # 3.4 to 3.5
    assert num_multiply_adds(network) / 1e6 == pytest.approx(300, rel=0.005)


@pytest.mark.parametrize("name", TIMM)
def test_known_networks_print_and_parse(name: str) -> None:
    network = known_network(name)
    assert parse(str(network)) == network
    assert Network.from_json(json.loads(json.dumps(network.to_json()))) == network


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(ValueError, match="did you mean 'mixnet-m'"):
        known_network("mixnetm")


kernels = st.lists(st.sampled_from([1, 3, 5, 7, 9, 11]), min_size=1, max_size=3, unique=True)


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    return Block(
        in_channels=8 * draw(st.integers(1, 5)),
        out_channels=8 * draw(st.integers(1, 5)),
        groups=tuple(map(tuple, draw(st.lists(kernels, min_size=1, max_size=5)))),
        stride=draw(st.integers(1, 2)),
        expansion=draw(st.integers(1, 6)),
        expand_groups=draw(st.sampled_from([1, 2, 4])),
        project_groups=draw(st.sampled_from([1, 2, 4])),
        squeeze=draw(st.sampled_from([0.0, 0.25, 0.5])),
        activation=draw(st.sampled_from(list(ACTIVATIONS))),
        is_bare=draw(st.booleans()),
    )


@given(st.lists(blocks(), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_networks_print_and_parse(parts: list[Block]) -> None:
    chained, channels = [], 8
    for block in parts:
        chained.append(replace(block, in_channels=channels, expansion=8))
        channels = block.out_channels
    network = Network(blocks=tuple(chained), stem_channels=8, head_channels=16)
    assert parse(str(network)) == network
    assert Network.from_json(json.loads(json.dumps(network.to_json()))) == network


@given(blocks())
@settings(max_examples=60, deadline=None)
def test_the_split_is_even_and_whole(block: Block) -> None:
    sizes = block.split()
    assert sum(sizes) == block.mid_channels
    assert len(set(sizes[1:])) <= 1
    assert sizes[0] == max(sizes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("k3_s11_e1_i8", "lacks field 'o'"),
        ("k3_s11_e1_i8_o8_zz", "'zz' is no field"),
        ("k3_s11_e1.5_i8_o8", "MixNet's notation"),
        ("k4_s11_e1_i8_o8", "kernels must be odd"),
        ("k3+3_s11_e1_i8_o8", "each once a group"),
        ("k3_s11_e0_i8_o8", "must be at least 1"),
        ("k3.3.3_s11_e1_i2_o8", "1..2 groups"),
        ("r9999999_k3_s11_e1_i8_o8", "1 to 1,000 repeats"),
        ("r0_k3_s11_e1_i8_o8", "1 to 1,000 repeats"),
        (f"k3_s11_e1_i8_o{'9' * 400}", "at most 1,000,000, and the squeeze"),
        (f"k{'9' * 400}_s11_e1_i8_o8", "at most 1,000,000"),
        (f"k3_s11_e1_i8_o8_se{'9' * 400}", "ratio at most 1"),
        ("k3_s11_e1_i8_o8_" + "z" * 900, r"'zzz.*\.\.\. is no field"),
        ("k3" + "+3" * 50_000, "at most 1,000 characters a block"),
        ("k3_a1.1.1_s11_e1_i8_o8", "8 channels can't be split into 3 groups"),
    ],
)
def test_wrong_blocks_are_refused(text: str, message: str) -> None:
    with pytest.raises(DescriptionError, match=message) as caught:
        parse_blocks(text)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mixnet", "is not 'stem_"),
        (f"{STEM} | k3_s11_e1_i9_o8 | {HEAD}", "block 0 takes 9 channels but gets 8"),
        (f"stem_x32_i3_s11 | k3_s11_e1_i8_o8 | {HEAD}", "lacks field 'o'"),
        (f"stem_x0_i3_o8_s11 | k3_s11_e1_i8_o8 | {HEAD}", "image size 0"),
        (f"stem_x9_i3_o8_s00 | k3_s11_e1_i8_o8 | {HEAD}", "stem stride 0: 1 to 1,000,000"),
        (f"{STEM} | k3_s11_e1_i8_o8 | head_o16_n{'9' * 400}", r"classes 99999.*: 1 to 1,000,000"),
        (" | ".join([STEM, *["r900_k3_s11_e1_i8_o8"] * 2, HEAD]), "1,800 blocks: at most 1,000"),
        ("x" * 100_000, "is not 'stem_"),
        (f"stem_{'x' * 100_000} | k3_s11_e1_i8_o8 | {HEAD}", "at most 1,000 characters"),
    ],
)
def test_wrong_networks_are_refused(text: str, message: str) -> None:
    with pytest.raises(DescriptionError, match=message) as caught:
        parse(text)
    assert len(str(caught.value)) < 400


def test_wrong_values_are_refused() -> None:
    network = parse(f"{STEM} | k3_s11_e1_i8_o8 | {HEAD}")
    with pytest.raises(DescriptionError, match="at least one block"):
        replace(network, blocks=())
    with pytest.raises(DescriptionError, match="activation 'tanh' is none of"):
        replace(network.blocks[0], activation="tanh")
    with pytest.raises(DescriptionError, match="JSON is no network"):
        Network.from_json({"blocks": [], "colour": "red"})


def test_scaling() -> None:
    network = known_network("mixnet-m")
    assert scale(network, 1.0, 1.0) == network
    small = scale(network, 0.25, 0.5)
    assert len(small.blocks) == 1 + 1 + 4 * 2  # stages of 1, 2, 4, 4, 4, 4, halved and rounded up
    assert [block.stride for block in small.blocks].count(2) == 4
    assert num_parameters(small) < num_parameters(network) / 8


@given(st.integers(1, 400).map(lambda n: 8 * n), st.floats(0.05, 4.0))
def test_scaled_channels_are_near_and_whole(channels: int, width: float) -> None:
    scaled = round_channels(channels, width)
    assert scaled % 8 == 0
    assert scaled >= 0.9 * channels * width
    assert scaled <= max(1.1 * channels * width + 8, 8)
