"""Colours of things that come in an order (numbers of paths, cells), from dark to light."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib.colors import to_hex

LIGHTEST = 0.85


def shade(place: int, num: int) -> str:
    """Return the colour of number `place` of 1..num."""
    fraction = LIGHTEST * (place - 1) / max(num - 1, 1)
    return to_hex(mpl.colormaps["viridis"](fraction))
