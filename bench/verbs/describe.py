"""`describe`: a network's layers and exact costs, by architecture, name or notation."""

from __future__ import annotations

import difflib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bench.base.names import load, unknown
from bench.config.fields import override, read_changes
from bench.config.registry import PRESETS
from bench.network.block_costs import num_multiply_adds, num_operations, num_parameters
from bench.network.blocks import Network, parse
from bench.network.known_networks import PUBLISHED, TEXTS, known_network
from bench.runs.run import load_space
from bench.space.reconstruction import LABEL, RECONSTRUCTIONS, reconstruct

if TYPE_CHECKING:
    import argparse


def describe(options: argparse.Namespace) -> None:
    """Print a network's layers and costs."""
    about = facts(options)
    if options.json:
        print(json.dumps(about, indent=1))
        return
    for name, value in about.items():
        if name == "network":
            continue
        shown = f"{value:,}" if isinstance(value, int) else value
        print(f"{name.replace('_', ' ').removeprefix('num '):24} {shown}")


def facts(options: argparse.Namespace) -> dict[str, Any]:
    """Return what is said of a network, JSON-ready.

    Raises:
        ValueError: a text that is none of the three, a name misspelt, or outside the space.
    """
    name = options.network
    about: dict[str, Any] = {}
    if name in TEXTS:
        network = known_network(name)
        published = PUBLISHED[name]
        about["published"] = (
            f"{published.parameters} M parameters, {published.multiply_adds:g} M multiply-adds "
            f"({published.source})"
        )
    elif name in RECONSTRUCTIONS:
        found = reconstruct(name)
        network = found.space.network(found.architecture)
        about["label"] = f"{LABEL}: the member of {found.space.name} nearest the published costs"
        about["architecture"] = str(found.architecture)
    elif name.startswith("stem_"):
        network = parse(name)
    elif difflib.get_close_matches(name, (*TEXTS, *RECONSTRUCTIONS)):
        raise unknown("network", name, (*TEXTS, *RECONSTRUCTIONS))
    else:
        changes = read_changes(options.changes)
        preset = load(options.preset, PRESETS, "preset")()
        recipe = override(replace(preset.recipe, m=options.m), changes)
        space = load_space(recipe)
        architecture = space.decode(name)
        network = space.network(architecture)
        about["architecture"] = str(architecture)
        about["json"] = architecture.to_json()
    return about | costs(network)


def costs(network: Network) -> dict[str, Any]:
    """Return a network's exact costs, also with S3's summed kernels folded."""
    about: dict[str, Any] = {
        "num_parameters": num_parameters(network),
        "num_multiply_adds": num_multiply_adds(network),
        "num_operations": num_operations(network),
        "image_size": network.image_size,
        "description": str(network),
        "network": network.to_json(),
    }
    folded = fold_description(network)
    if folded != network:
        about["foldable"] = (
            "each group's summed kernels are linear and fold into one: "
            f"{num_parameters(folded):,} parameters, {num_multiply_adds(folded):,} multiply-adds"
        )
    return about


def fold_description(network: Network) -> Network:
    """Return the description with each bare group's kernels folded into its largest."""
    return replace(
        network,
        blocks=tuple(
            replace(b, groups=tuple((max(group),) for group in b.groups)) if b.is_bare else b
            for b in network.blocks
        ),
    )
