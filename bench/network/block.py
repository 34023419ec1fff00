"""One block, an inverted bottleneck with mixed depthwise kernels: its text and its exact costs.

Another kind of block is a field here, with its token and costs; its weights are in
`supernet.nets.bottleneck_layers`, and a space chooses it (`bench.space.mixpath`). The notation is
MixNet's (Tan and Le 2019), widened by '+' for summed kernels:

    r3_k3.5+7_a1.1_p1.1_s22_e6_i32_o40_se0.5_sw_bare

r repeats, k depthwise kernels ('.' parts channel groups, '+' joins kernels summed in one group),
a and p groups of the expanding and projecting 1x1 convolution ('1.1' is two), s stride, e
expansion (1: no expanding convolution), i and o channels in and out, se squeeze-excite ratio of
the channels in; sw swish, r6 ReLU6, else ReLU; bare: a group's kernels are summed before one
batch norm, where each otherwise has its own batch norm and activation. Repeats after the first
have stride 1 and i = o. What costs count is said in `bench.network.block_costs`.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace

from bench.base.checks import show

ACTIVATIONS = {"relu": "", "relu6": "r6", "swish": "sw"}
"""Names of activations, and the token that each has in the text."""

MOST = 1_000_000
"""Of whatever is counted: channels, pixels, classes."""

MOST_BLOCKS = 1_000
MOST_CHARACTERS = 1_000
"""Of a block's text, the stem's or the head's."""

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
        self._check_numbers()
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

    def _check_numbers(self) -> None:
        numbers = [
            *(self.in_channels, self.out_channels, self.stride, self.expansion),
            *(self.expand_groups, self.project_groups),
            *(kernel for group in self.groups for kernel in group),
        ]
        if min(numbers) < 1 or max(numbers) > MOST or not 0 <= self.squeeze <= 1:
            raise DescriptionError(
                f"block {asdict(self)!s:.200}: every number must be at least 1 and at most "
                f"{MOST:,}, and the squeeze-excite's ratio at most 1"
            )

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


def parse_blocks(text: str) -> list[Block]:
    """Read one segment: a block and its repeats.

    Raises:
        DescriptionError: a text in another notation.
    """
    fields = text_fields(text, text)
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
        repeats = int(fields.get("r", "1"))
        if not 1 <= repeats <= MOST_BLOCKS:
            raise DescriptionError(f"block {show(text)}: 1 to {MOST_BLOCKS:,} repeats")
        repeat = replace(block, stride=1, in_channels=block.out_channels)
        return [block] + [repeat] * (repeats - 1)
    except KeyError as error:
        raise DescriptionError(f"block {show(text)} lacks field {error}") from None
    except DescriptionError:
        raise
    except ValueError as error:
        raise DescriptionError(f"block {show(text)} is not in MixNet's notation: {error}") from None


def block_multiply_adds(block: Block, before: int, size: int) -> int:
    """Count the multiply-adds of one block, given the image size before and after it."""
    mid = block.mid_channels
    total = size**2 * mid * block.out_channels // block.project_groups
    if block.expansion != 1:
        total += before**2 * block.in_channels * mid // block.expand_groups
    for channels, kernels in zip(block.split(), block.groups, strict=True):
        total += size**2 * channels * sum(k * k for k in kernels)
    return total + 2 * mid * block.squeeze_channels


def block_parameters(block: Block) -> int:
    """Count the trainable parameters of one block."""
    mid, squeeze = block.mid_channels, block.squeeze_channels
    total = mid * block.out_channels // block.project_groups + 2 * block.out_channels
    if block.expansion != 1:
        total += block.in_channels * mid // block.expand_groups + 2 * mid
    for channels, kernels in zip(block.split(), block.groups, strict=True):
        num_norms = 1 if block.is_bare else len(kernels)
        total += channels * (sum(k * k for k in kernels) + 2 * num_norms)
    if squeeze:
        total += 2 * mid * squeeze + squeeze + mid
    return total


def block_operations(block: Block, before: int, size: int) -> int:
    """Count what MixNet's paper counts of one block besides its multiply-adds."""
    cost = 3 if block.activation == "swish" else 2
    num_norms = 1 if block.is_bare else sum(map(len, block.groups)) / len(block.groups)
    inner = size**2 * num_norms + (before**2 if block.expansion != 1 else 0)
    total = int(cost * block.mid_channels * inner) + size**2 * block.out_channels
    return total + (size**2 * block.mid_channels if block.squeeze else 0)


def text_fields(whole: str, text: str) -> dict[str, str]:
    """Split 'k3.5_s22_sw' into its fields by letter."""
    if len(text) > MOST_CHARACTERS:
        raise DescriptionError(f"{show(whole)}: at most {MOST_CHARACTERS:,} characters a block")
    activations = {token: name for name, token in ACTIVATIONS.items() if token}
    fields = {"activation": "relu"}
    for part in text.split("_"):
        match = _FIELD.fullmatch(part)
        if part in activations:
            fields["activation"] = activations[part]
        elif part == "bare":
            fields["bare"] = ""
        elif match is None:
            raise DescriptionError(
                f"{show(whole)}: {show(part)} is no field such as k3.5, s22, e6 or i24"
            )
        else:
            fields[match["name"]] = match["value"]
    return fields


def _ones(groups: int) -> str:
    return ".".join(["1"] * groups)
