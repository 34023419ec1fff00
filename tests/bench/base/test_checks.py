"""Checks: what is refused, and in which words."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bench.base.checks import check_choice, check_least


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
