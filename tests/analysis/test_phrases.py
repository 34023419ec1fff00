"""How things are written out."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from analysis.phrases import (
    describe_tau,
    interval,
    name_ms,
    name_protocol,
    name_row,
    number,
    signed,
    yes,
)

NAN = float("nan")


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        ([4, 4], "m = 4"),
        ([3, 2], "m = 2 and 3"),
        ([2, 4], "m = 2 and 4"),
        ([1, 2, 3, 4], "m = 1 to 4"),
        ([1, 2, 4], "m = 1, 2 and 4"),
    ],
)
def test_a_range_is_named_only_where_none_is_left_out(ms: list[int], text: str) -> None:
    assert name_ms(ms) == text


def test_what_is_not_known_is_a_dash() -> None:
    assert number(NAN) == interval(NAN, NAN, number) == "-"
    assert interval(0.1, 0.25, number) == "[0.100, 0.250]"


def test_minus_zero_is_zero() -> None:
    assert number(-1e-6) == "0.000"


@pytest.mark.parametrize("nothing", [pd.NA, None, NAN])
def test_calibrated_in_words(nothing: Any) -> None:
    assert name_row({"bn": "shadow", "calibrated": True}) == "shadow BN, calibrated"
    assert name_row({"bn": "own", "calibrated": False}) == "own, raw"
    assert [yes(True), yes(False), yes(nothing)] == ["yes", "no", "-"]
    row = {"bn": "-", "scorer": "num_parameters", "calibrated": nothing}
    assert name_row(row) == "parameter count"


def test_tau_with_its_interval_where_it_has_one() -> None:
    row = {"tau_mean": 0.7004, "tau_low": 0.6, "tau_high": 0.75}
    assert describe_tau(row) == "0.70 [0.60, 0.75]"
    assert describe_tau(row | {"tau_low": NAN}) == "0.70"
    assert describe_tau(row | {"tau_mean": NAN, "tau_low": NAN}) == "-"


def test_no_end_of_an_interval_and_no_difference_is_minus_zero() -> None:
    row = {"tau_mean": -0.001, "tau_low": -0.004, "tau_high": -0.0}
    assert describe_tau(row) == "0.00 [-0.004, 0.00]"
    assert signed(-0.0004) == "+0.000"
    assert signed(-0.004) == "-0.004"
    assert signed(NAN) == "-"


def test_an_own_protocol_is_named() -> None:
    assert name_protocol("mine") == "protocol mine"
    assert name_protocol("sound").startswith("recipe sound, protocol sound: every architecture")
