"""Every name that a command line takes, with a line on each.

    python -m bench.lists | less

The same as `--list` of bench/rank.py and others.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":  # imports what is below as a module, where Ctrl-C is heard
    from bench.base.start import run_module

    sys.exit(run_module("bench.lists"))

from typing import TYPE_CHECKING, Any

from bench.base.command import run_command
from bench.base.parser import CommandParser

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    return run_command(command, argv)


def command(argv: Sequence[str] | None = None) -> None:
    """Print every choice."""
    parser().parse_args(argv)
    print(every_choice())


def parser() -> CommandParser:
    """Describe the command line."""
    return CommandParser(prog="python -m bench.lists", description=__doc__)


def every_choice() -> str:
    """Write every registry's names and what they stand for."""
    return "\n\n".join(
        "\n".join([f"{title}:", *(_line(name, text) for name, text in names.items())])
        for title, names in _registries()
    )


def _registries() -> Iterator[tuple[str, dict[str, str]]]:
    from analysis.registry import PAGE
    from bench.base.parallel import BACKENDS
    from bench.config.registry import PRESETS
    from bench.ranking.baselines import BASELINE_LABELS, BASELINES, STRUCTURE
    from bench.ranking.correlation import QUALITY
    from bench.ranking.protocol import PROTOCOLS, describe
    from bench.search.algorithms import ALGORITHMS
    from bench.space.registry import SPACES
    from supernet.data.registry import DATA_SETS
    from supernet.measure.measurements import MEASUREMENTS
    from supernet.nets.registry import NETS
    from supernet.proxies.registry import PROXIES
    from supernet.sampling import SAMPLERS
    from supernet.shadow_bn import BATCH_NORMS
    from supernet.training.optimizers import OPTIMIZERS

    yield "presets", _documented(PRESETS)
    yield "spaces", _documented(SPACES)
    yield "nets", _documented(NETS)
    norms = {name: make(1, 1, [(0,)]) for name, make in BATCH_NORMS.items()}
    yield "batch norms", _documented(norms)
    yield "samplers", _documented(SAMPLERS)
    yield "optimisers", _documented(OPTIMIZERS)
    yield "data sets", _documented(DATA_SETS)
    files = {name: f"into {one.schema.name} of a run" for name, one in MEASUREMENTS.items()}
    yield "measurements", files
    yield "zero-cost proxies", _documented(PROXIES)
    yield "searches", _documented(ALGORITHMS)
    yield "backends", _documented(BACKENDS)
    yield "protocols", {name: describe(one) for name, one in PROTOCOLS.items()}
    yield "statistics", _documented(QUALITY)
    yield "baselines", {name: BASELINE_LABELS[name] for name in BASELINES}
    yield "baselines of given scores", {name: BASELINE_LABELS[name] for name in STRUCTURE}
    yield (
        "sections of the page",
        {name: one.title.format(ms="each m") for name, one in PAGE.items()},
    )


def _documented(registry: Mapping[str, Any]) -> dict[str, str]:
    """Return the first line of each entry's docstring."""
    return {name: (one.__doc__ or "").strip().split("\n")[0] for name, one in registry.items()}


def _line(name: str, text: str) -> str:
    return f"  {name:22} {text}".rstrip()
