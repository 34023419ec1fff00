"""The presets and recipes by name: adding one is a function that returns it and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.config.block_presets import s1_preset, s1_small_preset, s2_preset, s3_preset
from bench.config.cell_presets import authors, cifar10_small, digits, paper, sound

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.config.recipe import Preset, Recipe

PRESETS: dict[str, Callable[[], Preset]] = {
    "digits": digits,
    "cifar10-small": cifar10_small,
    "paper": paper,
    "s1": s1_preset,
    "s1-small": s1_small_preset,
    "s2": s2_preset,
    "s3": s3_preset,
}
"""With a table of truth (`bench/run.py`), or with a final recipe (`bench/mixpath.py`)."""

RECIPES: dict[str, Callable[[Recipe], Recipe]] = {"sound": sound, "authors": authors}
"""What a protocol makes of a preset's recipe."""
