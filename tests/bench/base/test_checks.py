"""Checks: what is refused, and in which words."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from bench.base.checks import check_bounds, check_choice, check_least


@dataclass(frozen=True)
class Config:
    """Two fields to check."""

    epochs: int = 1
    copies: str = "keep"


def test_good_fields_pass() -> None:
    check_least(Config(), 1, "epochs")
    check_choice(Config(), copies=("average", "keep"))


@pytest.mark.parametrize(
    ("epochs", "least", "message"),
    [(0, 1, "epochs=0 must be at least 1"), (-1, 0, "epochs=-1 must not be negative")],
)
def test_a_small_number_is_refused(epochs: int, least: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        check_least(Config(epochs=epochs), least, "epochs")


@pytest.mark.parametrize(
    ("copies", "message"),
    [
        ("kep", r"copies='kep' is not average or keep: did you mean 'keep'\?"),
        ("x", "copies='x' is not average or keep"),
        (None, "copies=None is not average or keep"),
    ],
)
def test_another_choice_is_refused_with_the_nearest(copies: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        check_choice(Config(copies=copies), copies=("average", "keep"))


@pytest.mark.parametrize(
    ("value", "most", "message"),
    [
        (0, 9, "epochs=0 must be at least 1"),
        (10, 9, "epochs=10 must be at most 9"),
        (int("9" * 40), 1_000_000, "epochs=9{20} must be at most 1,000,000$"),
        (1.5, 9, "epochs=1.5 must be a whole number from 1 to 9"),
        (True, 9, "epochs=True must be a whole number from 1 to 9"),
        ("3", 9, "epochs='3' must be a whole number from 1 to 9"),
        (None, 9.0, "epochs=None must be a number from 1 to 9.0"),
        (True, 9.0, "epochs=True must be a number"),
        (float("nan"), 9.0, "epochs=nan must be a number from 1 to 9.0"),
        (float("inf"), 9.0, "epochs=inf must be at most 9.0"),
        (float("-inf"), 9.0, "epochs=-inf must be at least 1"),
    ],
)
def test_numbers_have_bounds(value: object, most: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_bounds(SimpleNamespace(epochs=value), epochs=(1, most))


@pytest.mark.parametrize(("value", "most"), [(1, 9), (9, 9), (1, 9.0), (8.5, 9.0)])
def test_numbers_within_bounds_pass(value: float, most: float) -> None:
    check_bounds(SimpleNamespace(epochs=value), epochs=(1, most))
