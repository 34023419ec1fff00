"""`describe`: a network's layers and exact costs, by architecture, name or notation."""

from __future__ import annotations

import difflib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bench.base.names import unknown
from bench.network.block_costs import num_multiply_adds, num_operations, num_parameters
from bench.network.blocks import Network, parse
from bench.network.known_networks import PUBLISHED, TEXTS, known_network
from bench.runs.run import load_space
from bench.space.reconstruction import LABEL, RECONSTRUCTIONS, reconstruct
from bench.verbs.presets import changed, mixpath_preset

if TYPE_CHECKING:
    from collections.abc import Mapping


def describe(
    network: str,
    *,
    preset: str = "s1",
    m: int = 4,
    changes: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what there is to say of a network, JSON-ready.

    Args:
        network: an architecture (text or JSON), a name such as mixnet-m or mixpath-a, or MixNet's
            notation.
        preset: whose space an architecture is of.
        m: the space's largest number of kernels summed.
        changes: further fields of the preset's recipe, by name, such as width.

    Raises:
        ValueError: a text that is none of the three, a name misspelt, or outside the space.
    """
    if network in TEXTS:
        return {"published": _published(network)} | costs(known_network(network))
    if network in RECONSTRUCTIONS:
        return _reconstructed(network)
    if network.startswith("stem_"):
        return costs(parse(network))
    if difflib.get_close_matches(network, (*TEXTS, *RECONSTRUCTIONS)):
        raise unknown("network", network, (*TEXTS, *RECONSTRUCTIONS))
    recipe = changed(mixpath_preset(preset).recipe, {"m": m, **(changes or {})})
    space = load_space(recipe)
    architecture = space.decode(network)
    about = {"architecture": str(architecture), "json": architecture.to_json()}
    return about | costs(space.network(architecture))


def command(*, as_json: bool, **values: Any) -> None:
    """Print a network's layers and costs."""
    about = describe(**values)
    if as_json:
        print(json.dumps(about, indent=1))
        return
    for name, value in about.items():
        if name == "network":
            continue
        shown = f"{value:,}" if isinstance(value, int) else value
        print(f"{name.replace('_', ' ').removeprefix('num '):24} {shown}")


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


def _published(name: str) -> str:
    published = PUBLISHED[name]
    return (
        f"{published.parameters} M parameters, {published.multiply_adds:g} M multiply-adds "
        f"({published.source})"
    )


def _reconstructed(name: str) -> dict[str, Any]:
    found = reconstruct(name)
    about = {
        "label": f"{LABEL}: the member of {found.space.name} nearest the published costs",
        "architecture": str(found.architecture),
    }
    return about | costs(found.space.network(found.architecture))
