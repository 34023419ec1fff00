"""Published networks in `bench.network.blocks` notation, with the costs that their papers give.

MixNet-S and -M: Tan and Le 2019, as in google's tensorflow/tpu (models/official/mnasnet/mixnet).
MobileNetV2: Sandler et al. 2018, Table 2.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from bench.base.names import unknown
from bench.network.blocks import Network, parse

TEXTS = {
    "mixnet-s": "stem_x224_i3_o16_s22"
    " | r1_k3_a1_p1_s11_e1_i16_o16"
    " | r1_k3_a1.1_p1.1_s22_e6_i16_o24"
    " | r1_k3_a1.1_p1.1_s11_e3_i24_o24"
    " | r1_k3.5.7_a1_p1_s22_e6_i24_o40_se0.5_sw"
    " | r3_k3.5_a1.1_p1.1_s11_e6_i40_o40_se0.5_sw"
    " | r1_k3.5.7_a1_p1.1_s22_e6_i40_o80_se0.25_sw"
    " | r2_k3.5_a1_p1.1_s11_e6_i80_o80_se0.25_sw"
    " | r1_k3.5.7_a1.1_p1.1_s11_e6_i80_o120_se0.5_sw"
    " | r2_k3.5.7.9_a1.1_p1.1_s11_e3_i120_o120_se0.5_sw"
    " | r1_k3.5.7.9.11_a1_p1_s22_e6_i120_o200_se0.5_sw"
    " | r2_k3.5.7.9_a1_p1.1_s11_e6_i200_o200_se0.5_sw"
    " | head_o1536_n1000",
    "mixnet-m": "stem_x224_i3_o24_s22"
    " | r1_k3_a1_p1_s11_e1_i24_o24"
    " | r1_k3.5.7_a1.1_p1.1_s22_e6_i24_o32"
    " | r1_k3_a1.1_p1.1_s11_e3_i32_o32"
    " | r1_k3.5.7.9_a1_p1_s22_e6_i32_o40_se0.5_sw"
    " | r3_k3.5_a1.1_p1.1_s11_e6_i40_o40_se0.5_sw"
    " | r1_k3.5.7_a1_p1_s22_e6_i40_o80_se0.25_sw"
    " | r3_k3.5.7.9_a1.1_p1.1_s11_e6_i80_o80_se0.25_sw"
    " | r1_k3_a1_p1_s11_e6_i80_o120_se0.5_sw"
    " | r3_k3.5.7.9_a1.1_p1.1_s11_e3_i120_o120_se0.5_sw"
    " | r1_k3.5.7.9_a1_p1_s22_e6_i120_o200_se0.5_sw"
    " | r3_k3.5.7.9_a1_p1.1_s11_e6_i200_o200_se0.5_sw"
    " | head_o1536_n1000",
    "mobilenet-v2": "stem_x224_i3_o32_s22_r6"
    " | r1_k3_s11_e1_i32_o16_r6"
    " | r2_k3_s22_e6_i16_o24_r6"
    " | r3_k3_s22_e6_i24_o32_r6"
    " | r4_k3_s22_e6_i32_o64_r6"
    " | r3_k3_s11_e6_i64_o96_r6"
    " | r3_k3_s22_e6_i96_o160_r6"
    " | r1_k3_s11_e6_i160_o320_r6"
    " | head_o1280_n1000",
}


class Published(NamedTuple):
    """Costs as a paper prints them, in millions; `decimals` is how many it gives of parameters."""

    parameters: float
    multiply_adds: float
    source: str


PUBLISHED = {
    "mixnet-s": Published(4.1, 256, "Tan and Le 2019, Table 2"),
    "mixnet-m": Published(5.0, 360, "Tan and Le 2019, Table 2"),
    "mobilenet-v2": Published(3.4, 300, "Sandler et al. 2018, Table 4"),
}


@cache
def known_network(name: str) -> Network:
    """Return a published network.

    Raises:
        ValueError: an unknown name.
    """
    if name not in TEXTS:
        raise unknown("network", name, TEXTS)
    return parse(TEXTS[name])
