"""One point of a MixPath space as a value: per layer an expansion, and kernels per channel group.

Short text, layers joined by '-', kernels of a group as digits, groups by '.':

    e3k35-e6k7-e3k3      S1: expansion 3 or 6, kernels 3 and 5 summed in the first layer
    k35-k7-k3            S2: kernels alone
    k3.5.57.9-...        S3: four channel groups

and JSON: {"layers": [{"expansion": 3, "kernels": [[3, 5]]}, ...]}, expansion 0 where the space
fixes it. Whether an architecture lies in a space is the space's to say.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from bench.base.checks import show

KERNELS = (3, 5, 7, 9)
MOST_CHARACTERS = 4_000
"""Of an architecture's text or JSON; the largest of S3 has a third of that."""

_OF_JSON = (ValueError, KeyError, TypeError, AttributeError)
_LAYER = re.compile(r"(?:e(?P<expansion>\d+))?k(?P<kernels>[3579]+(?:\.[3579]+)*)")


class ArchitectureError(ValueError):
    """A text that is no architecture, or an architecture outside a space."""


class Layer(NamedTuple):
    """One searched layer.

    Attributes:
        expansion: the chosen expansion, or 0 where the space fixes it.
        kernels: per channel group the ascending sizes of the kernels summed.
    """

    expansion: int
    kernels: tuple[tuple[int, ...], ...]


class KernelArchitecture(tuple[Layer, ...]):
    """The layers, first to last: hashable, so also the path of a forward pass."""

    __slots__ = ()

    def __str__(self) -> str:
        return "-".join(
            (f"e{layer.expansion}" if layer.expansion else "")
            + "k"
            + ".".join("".join(map(str, group)) for group in layer.kernels)
            for layer in self
        )

    def to_json(self) -> str:
        """Write as JSON."""
        layers = [{"expansion": e, "kernels": [list(g) for g in kernels]} for e, kernels in self]
        return json.dumps({"layers": layers})


def parse_architecture(text: str) -> KernelArchitecture:
    """Read the short text, or JSON where it starts with '{'.

    Raises:
        ArchitectureError: anything else, a kernel twice in a group or in descending order.
    """
    if len(text) > MOST_CHARACTERS:
        raise ArchitectureError(
            f"architecture {show(text)} has {len(text):,} characters: at most {MOST_CHARACTERS:,}"
        )
    if text.lstrip().startswith("{"):
        return _from_json(text)
    layers = []
    for index, part in enumerate(text.split("-")):
        match = _LAYER.fullmatch(part)
        if match is None:
            raise ArchitectureError(
                f"architecture {text!r}: layer {index + 1} {part!r} is not like 'e3k35' or 'k3.57'"
            )
        kernels = tuple(tuple(map(int, group)) for group in match["kernels"].split("."))
        layers.append(Layer(int(match["expansion"] or 0), kernels))
    return _checked(KernelArchitecture(layers), text)


def _from_json(text: str) -> KernelArchitecture:
    try:
        layers = [
            Layer(
                int(layer.get("expansion", 0)), tuple(tuple(map(int, g)) for g in layer["kernels"])
            )
            for layer in json.loads(text)["layers"]
        ]
    except (*_OF_JSON, OverflowError, RecursionError) as error:  # Infinity; thousands of brackets
        raise ArchitectureError(
            f"architecture {text!r} is not JSON such as "
            f'{{"layers": [{{"expansion": 3, "kernels": [[3, 5]]}}]}}: {error}'
        ) from error
    return _checked(KernelArchitecture(layers), text)


def _checked(architecture: KernelArchitecture, text: str) -> KernelArchitecture:
    for index, layer in enumerate(architecture):
        for group in layer.kernels:
            if not group or list(group) != sorted(set(group)) or set(group) - set(KERNELS):
                raise ArchitectureError(
                    f"architecture {text!r}: kernels {list(group)} of layer {index + 1} are not "
                    f"ascending ones of {KERNELS}"
                )
    return architecture
