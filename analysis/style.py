"""One look for every figure: colours, names, sizes, units, and files with reproducible bytes.

Colours are Okabe and Ito's, which colour-blind readers can tell apart; a method has the same one
everywhere. Figures are 850 pixels wide at 100 dpi, as a README shows them, and saved at 200.
"""

from __future__ import annotations

import io
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.colors import to_hex

from bench.base.files import replacing
from bench.ranking.baselines import BASELINE_LABELS, STRUCTURE

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = {
    "shadow": "#0072B2",
    "shadow-sum": "#56B4E9",
    "combination": "#CC79A7",
    "single": "#D55E00",
    "single-sum": "#E69F00",
    "none": "#009E73",
    "one-shot-single": "#000000",
    "bernoulli-shadow": "#332288",
    "bernoulli-single": "#882255",
    "num_parameters": "#555555",
    "num_multiply_adds": "#555555",
    "num_conv3x3": "#555555",
    "conv3x3_then_maxpool3x3": "#555555",
    **dict.fromkeys(STRUCTURE, "#555555"),
    "given": "#0072B2",
    "random": "#E3E3E3",
    "ceiling": "#000000",
    "paper": "#555555",
}
OTHER_COLOR = "#8A6FB0"
LIGHTEST = 0.85
LABELS = BASELINE_LABELS | {
    "negative_loss": "negative loss",
    "shadow": "shadow BN",
    "shadow-sum": "shadow BN on the sum",
    "combination": "BN per combination",
    "single": "single BN",
    "single-sum": "single BN on the sum",
    "none": "no BN",
    "one-shot-single": "One-Shot",
    "bernoulli-shadow": "shadow BN, Bernoulli paths",
    "bernoulli-single": "single BN, Bernoulli paths",
}
WIDTH = 8.5
DPI = 200
_RC: dict[Any, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "figure.dpi": 100,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "legend.frameon": False,
    "savefig.dpi": DPI,
    "svg.hashsalt": "mixpath-bench",  # else every file has random ids
}


def context() -> AbstractContextManager[None]:
    """Return the context in which figures are made and saved; no setting outlives it."""
    return mpl.rc_context(_RC)


def color(name: str) -> str:
    """Return the colour of a method; own ones share one."""
    return COLORS.get(name, OTHER_COLOR)


def label(name: str) -> str:
    """Return the name of a method or scorer for a reader."""
    return LABELS.get(name, name)


def order(name: str) -> int:
    """Return a method's place among all; own ones come last."""
    return list(COLORS).index(name) if name in COLORS else len(COLORS)


def shade(place: int, num: int) -> str:
    """Return the colour of number `place` of 1..num, of things that come in an order: dark first.

    The lightest yellow of the map is left out: on white it can't be seen.
    """
    fraction = LIGHTEST * (place - 1) / max(num - 1, 1)
    return to_hex(mpl.colormaps["viridis"](fraction))


def heading(ax: Axes, text: str) -> None:
    """Write what a panel shows above it."""
    ax.set_title(text, loc="left", fontsize=8)


def percent(fraction: float, digits: int = 1) -> str:
    """Write a fraction in percent."""
    return f"{100 * fraction:.{digits}f}%"


def save(figure: Figure, path: Path) -> None:
    """Save a figure as PNG and SVG, without dates and versions, whole or not at all.

    Args:
        figure: what to save.
        path: without suffix.
    """
    for suffix in (".png", ".svg"):
        with replacing(path.with_name(path.name + suffix)) as part:
            part.write_bytes(_render(figure, suffix[1:]))


def data_uri(path: Path) -> str:
    """Return an SVG file as an address that holds the file itself, for a self-contained page."""
    return "data:image/svg+xml;base64," + b64encode(path.read_bytes()).decode()


def _render(figure: Figure, kind: str) -> bytes:
    metadata: dict[str, Any] = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}
    buffer = io.BytesIO()
    with context():
        figure.savefig(buffer, format=kind, metadata=metadata[kind])
    return buffer.getvalue()
