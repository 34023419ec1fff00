"""Networks of inverted bottlenecks with mixed depthwise kernels, written as short text.

The notation is MixNet's (Tan and Le 2019), a block a segment, widened by '+' for summed kernels:

    r3_k3.5+7_a1.1_p1.1_s22_e6_i32_o40_se0.5_sw_bare

r repeats, k depthwise kernels ('.' parts channel groups, '+' joins kernels summed in one group),
a and p groups of the expanding and projecting 1x1 convolution ('1.1' is two), s stride, e
expansion (1: no expanding convolution), i and o channels in and out, se squeeze-excite ratio of
the channels in; sw swish, r6 ReLU6, else ReLU; bare: a group's kernels are summed before one
batch norm, where each otherwise has its own batch norm and activation. A network is

    stem_x224_i3_o24_s22 | BLOCK | ... | head_o1536_n1000

with x the image size and n the classes. Repeats after the first have stride 1 and i = o.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ACTIVATIONS = {"relu": "", "relu6": "r6", "swish": "sw"}
"""Names of activations, and the token that each has in the text."""

_FIELD = re.compile(r"(?P<name>se|[a-z])(?P<value>[\d.+]+)")


class DescriptionError(ValueError):
    """A text or value that describes no network."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """An inverted bottleneck: expand (1x1), depthwise kernels, squeeze-excite, project (1x1).

    Attributes:
        groups: per depthwise channel group the kernel sizes whose outputs are summed.
        squeeze: squeeze-excite channels as a fraction of the channels in; 0: none.
        is_bare: a group's kernels are summed bare, before one batch norm.
    """

    in_channels: int
    out_channels: int
    groups: tuple[tuple[int, ...], ...] = ((3,),)
    stride: int = 1
    expansion: int = 1
    expand_groups: int = 1
    project_groups: int = 1
    squeeze: float = 0.0
    activation: str = "relu"
    is_bare: bool = False

    def __post_init__(self) -> None:
        numbers = (self.in_channels, self.out_channels, self.stride, self.expansion)
        if min(*numbers, self.expand_groups, self.project_groups) < 1:
            raise DescriptionError(f"block {asdict(self)}: every number must be at least 1")
        if not self.groups or not all(self.groups) or len(self.groups) > self.mid_channels:
            raise DescriptionError(
                f"groups {self.groups}: 1..{self.mid_channels} groups of at least one kernel"
            )
        if any(k % 2 == 0 or group.count(k) > 1 for group in self.groups for k in group):
            raise DescriptionError(f"groups {self.groups}: kernels must be odd, each once a group")
        if self.activation not in ACTIVATIONS:
            raise DescriptionError(
                f"activation {self.activation!r} is none of {', '.join(ACTIVATIONS)}"
            )
        for channels, groups in (
            (self.in_channels, self.expand_groups),
            (self.mid_channels, self.expand_groups),
            (self.mid_channels, self.project_groups),
            (self.out_channels, self.project_groups),
        ):
            if channels % groups:
                raise DescriptionError(f"{channels} channels can't be split into {groups} groups")

    @property
    def mid_channels(self) -> int:
        """Channels of the depthwise kernels."""
        return self.in_channels * self.expansion

    @property
    def squeeze_channels(self) -> int:
        """Channels inside the squeeze-excite; 0: none."""
        return max(int(self.in_channels * self.squeeze), 1) if self.squeeze else 0

    @property
    def has_residual(self) -> bool:
        """Whether the input is added to the output."""
        return self.stride == 1 and self.in_channels == self.out_channels

    def split(self) -> list[int]:
        """Give each group's depthwise channels; the first takes the remainder, as MixNet does."""
        size, rest = divmod(self.mid_channels, len(self.groups))
        return [size + rest] + [size] * (len(self.groups) - 1)

    def __str__(self) -> str:
        kernels = ".".join("+".join(map(str, group)) for group in self.groups)
        parts = [f"k{kernels}", f"a{_ones(self.expand_groups)}", f"p{_ones(self.project_groups)}"]
        parts += [f"s{self.stride}{self.stride}", f"e{self.expansion}"]
        parts += [f"i{self.in_channels}", f"o{self.out_channels}"]
        parts += [f"se{self.squeeze:g}"] if self.squeeze else []
        parts += [ACTIVATIONS[self.activation], "bare" if self.is_bare else ""]
        return "_".join(part for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class Network:
    """Stem (3x3 convolution), blocks, head (1x1 convolution), average pool, dense layer."""

    blocks: tuple[Block, ...]
    stem_channels: int
    head_channels: int
    stem_stride: int = 2
    image_size: int = 224
    in_channels: int = 3
    num_classes: int = 1000
    activation: str = "relu"

    def __post_init__(self) -> None:
        channels = self.stem_channels
        for index, block in enumerate(self.blocks):
            if block.in_channels != channels:
                raise DescriptionError(
                    f"block {index} takes {block.in_channels} channels but gets {channels}"
                )
            channels = block.out_channels
        if not self.blocks:
            raise DescriptionError("a network needs at least one block")
        if self.image_size < 1 or self.num_classes < 1:
            raise DescriptionError(
                f"image size {self.image_size}, classes {self.num_classes}: >= 1"
            )

    def sizes(self) -> Iterator[tuple[Block, int, int]]:
        """Yield every block with the image size before and after it, in pixels."""
        size = after(self.image_size, self.stem_stride)
        for block in self.blocks:
            out = after(size, block.stride)
            yield block, size, out
            size = out

    def __str__(self) -> str:
        token = ACTIVATIONS[self.activation]
        stem = f"stem_x{self.image_size}_i{self.in_channels}_o{self.stem_channels}"
        stem += f"_s{self.stem_stride}{self.stem_stride}" + (f"_{token}" if token else "")
        head = f"head_o{self.head_channels}_n{self.num_classes}"
        return " | ".join([stem, *_merged(self.blocks), head])

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return asdict(self)

    @staticmethod
    def from_json(values: dict[str, Any]) -> Network:
        """Rebuild from `to_json`'s values, also after a passage through JSON text.

        Raises:
            DescriptionError: fields missing, unknown or of another type.
        """
        try:
            blocks = tuple(
                Block(**{**block, "groups": tuple(tuple(g) for g in block["groups"])})
                for block in values["blocks"]
            )
            return Network(**{**values, "blocks": blocks})
        except (KeyError, TypeError) as error:
            raise DescriptionError(f"JSON is no network: {error}") from error


def after(size: int, stride: int) -> int:
    """Return the image size after a convolution with padding kernel // 2."""
    return (size - 1) // stride + 1


def parse(text: str) -> Network:
    """Read a network from text.

    Raises:
        DescriptionError: a text in another notation, or channels that don't fit.
    """
    segments = [part.strip() for part in text.split("|")]
    stem, head = segments[0], segments[-1]
    if len(segments) < 3 or not stem.startswith("stem_") or not head.startswith("head_"):
        raise DescriptionError(f"{text!r} is not 'stem_... | BLOCK | ... | head_...'")
    start, end = _fields(stem, stem[5:]), _fields(head, head[5:])
    try:
        return Network(
            blocks=tuple(block for part in segments[1:-1] for block in parse_blocks(part)),
            stem_channels=int(start["o"]),
            stem_stride=int(start["s"][0]),
            image_size=int(start["x"]),
            in_channels=int(start["i"]),
            activation=start["activation"],
            head_channels=int(end["o"]),
            num_classes=int(end["n"]),
        )
    except KeyError as error:
        raise DescriptionError(f"{stem!r} or {head!r} lacks field {error}") from None


def parse_blocks(text: str) -> list[Block]:
    """Read one segment: a block and its repeats.

    Raises:
        DescriptionError: a text in another notation.
    """
    fields = _fields(text, text)
    try:
        block = Block(
            in_channels=int(fields["i"]),
            out_channels=int(fields["o"]),
            groups=tuple(tuple(map(int, g.split("+"))) for g in fields["k"].split(".")),
            stride=int(fields["s"][0]),
            expansion=int(fields["e"]),
            expand_groups=len(fields.get("a", "1").split(".")),
            project_groups=len(fields.get("p", "1").split(".")),
            squeeze=float(fields.get("se", 0)),
            activation=fields["activation"],
            is_bare="bare" in fields,
        )
        repeat = replace(block, stride=1, in_channels=block.out_channels)
        return [block] + [repeat] * (int(fields.get("r", "1")) - 1)
    except KeyError as error:
        raise DescriptionError(f"block {text!r} lacks field {error}") from None
    except DescriptionError:
        raise
    except ValueError as error:
        raise DescriptionError(f"block {text!r} is not in MixNet's notation: {error}") from None


def _fields(whole: str, text: str) -> dict[str, str]:
    """Split 'k3.5_s22_sw' into its fields by letter."""
    activations = {token: name for name, token in ACTIVATIONS.items() if token}
    fields = {"activation": "relu"}
    for part in text.split("_"):
        match = _FIELD.fullmatch(part)
        if part in activations:
            fields["activation"] = activations[part]
        elif part == "bare":
            fields["bare"] = ""
        elif match is None:
            raise DescriptionError(f"{whole!r}: {part!r} is no field such as k3.5, s22, e6 or i24")
        else:
            fields[match["name"]] = match["value"]
    return fields


def _merged(blocks: tuple[Block, ...]) -> list[str]:
    """Write blocks, joining repeats of one with stride 1 and i = o."""
    segments: list[tuple[int, Block]] = []
    for block in blocks:
        if segments and segments[-1][1] == block and block.has_residual:
            segments[-1] = (segments[-1][0] + 1, block)
        else:
            segments.append((1, block))
    return [f"r{count}_{block}" for count, block in segments]


def _ones(groups: int) -> str:
    return ".".join(["1"] * groups)
