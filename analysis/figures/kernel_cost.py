"""What mixing kernels costs: multiply-adds of an inverted bottleneck (the paper's section 3.1).

    c = 2 H W C_in C_mid + sum over kernels of k^2 H W C_mid

for equal input and output channels. Kernels that share the C_mid channels as parallel paths add
up; where C_in is much larger than half the sum of k^2 they are nearly free.

    python -m analysis.figures.kernel_cost --channels 96 --expansion 6 --size 16 --kernels 3,5,7
"""

from __future__ import annotations

import sys

if __name__ == "__main__":  # imports what is below as a module, where Ctrl-C is heard
    from bench.base.start import run_module

    sys.exit(run_module("analysis.figures.kernel_cost"))

from typing import TYPE_CHECKING

import pandas as pd

from analysis import style
from analysis.figure import Analysis
from bench.base.command import Parser, positive

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

MIXTURES = ((3,), (5,), (3, 5), (3, 5, 7), (3, 5, 7, 9))
CHANNELS = tuple(range(8, 329, 8))
S1_CHANNELS = (48, 320)


def num_multiply_adds(channels: int, expansion: int, size: int, kernels: Sequence[int]) -> int:
    """Count the multiply-adds of one block with equal input and output channels.

    Args:
        channels: C_in = C_out.
        expansion: C_mid / C_in.
        size: H = W, in pixels.
        kernels: of the depthwise paths in parallel.
    """
    middle, area = expansion * channels, size * size
    return 2 * area * channels * middle + sum(k * k for k in kernels) * area * middle


def relative_cost(channels: int, kernels: Sequence[int]) -> float:
    """Return the cost over that of one 3x3 kernel; expansion and size cancel."""
    one = num_multiply_adds(channels, 1, 1, (3,))
    return num_multiply_adds(channels, 1, 1, kernels) / one


def compute(_: Path) -> pd.DataFrame:
    """Return the relative cost by mixture and number of channels; it needs no results."""
    rows = [
        {
            "kernels": " + ".join(map(str, kernels)),
            "channels": channels,
            "relative_cost": relative_cost(channels, kernels),
        }
        for kernels in MIXTURES
        for channels in CHANNELS
    ]
    return pd.DataFrame(rows)


def draw(frame: pd.DataFrame, ax: Axes) -> Axes:
    """Draw the relative cost against the channels, a line per mixture."""
    names = list(frame["kernels"].unique())
    for i, name in enumerate(names):
        same = frame[frame["kernels"] == name]
        color, label = style.shade(i + 1, len(names)), f"kernels {name}"
        ax.plot(same["channels"], same["relative_cost"], color=color, linewidth=1.6, label=label)
    ax.axvspan(*S1_CHANNELS, color=style.color("random"), zorder=0, linewidth=0)
    top = ax.get_xaxis_transform()
    ax.text(S1_CHANNELS[0] + 4, 0.97, "channels of S1", transform=top, va="top", fontsize=8)
    ax.set(xlabel="input channels", ylabel="multiply-adds\n(one 3x3 kernel = 1)", ylim=(0.9, 4))
    ax.legend(fontsize=8)
    return ax


def command(argv: Sequence[str] | None = None) -> None:
    """Print the multiply-adds of one block."""
    p = Parser(prog="python -m analysis.figures.kernel_cost", description=__doc__)
    p.add_argument("--channels", type=positive, required=True, help="input and output channels")
    p.add_argument("--expansion", type=positive, default=6, help="middle over input channels")
    p.add_argument("--size", type=positive, required=True, help="height and width in pixels")
    p.add_argument("--kernels", default="3", help="kernel sizes in parallel, such as 3,5,7")
    options = p.parse_args(argv)
    kernels = [positive(text) for text in options.kernels.split(",")]
    cost = num_multiply_adds(options.channels, options.expansion, options.size, kernels)
    ratio = relative_cost(options.channels, kernels)
    print(f"{cost:,} multiply-adds, {ratio:.3f} of one 3x3 kernel's")


ANALYSIS = Analysis(
    title="What mixing kernels costs (section 3.1)",
    caption="Multiply-adds of an inverted bottleneck with parallel depthwise kernels against one "
    "3x3 kernel, by the paper's formula. "
    "python -m analysis.figures.kernel_cost --channels 96 --size 16 --kernels 3,5,7 counts one "
    "block.",
    compute=compute,
    draw=draw,
    height=2.5,
    summarise=lambda frame: frame,
)
