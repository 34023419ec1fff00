"""`describe`: a network by name, architecture or notation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bench.verbs.describe import describe

if TYPE_CHECKING:
    from collections.abc import Callable


def test_describe(run: Callable[..., str]) -> None:
    assert "5,014,382" in run("describe", "mixnet-m")
    assert "reconstruction" in run("describe", "mixpath-a")
    five_layers = ["--json", "--set", "depth=0.01"]
    about = json.loads(run("describe", "e3k35-e3k3-e3k3-e3k3-e3k3", *five_layers))
    assert about["architecture"].startswith("e3k35")
    assert (
        run("describe", "stem_x32_i3_o8_s11 | k3+5_s11_e2_i8_o8_bare | head_o8_n2").count(
            "fold into one"
        )
        == 1
    )


def test_in_three_lines() -> None:
    about = describe("mixnet-m")
    assert about["num_parameters"] == 5_014_382
    assert about["num_multiply_adds"] > 3e8
    small = describe("e3k35-e3k3-e3k3-e3k3-e3k3", changes={"depth": 0.01, "width": 0.5})
    assert (
        small["num_parameters"]
        < describe("e3k35-e3k3-e3k3-e3k3-e3k3", preset="s1", changes={"depth": 0.01})[
            "num_parameters"
        ]
    )
    with pytest.raises(ValueError, match="did you mean 'mixnet-s'"):
        describe("mixnet")
