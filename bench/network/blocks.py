"""Networks of blocks, written as short text: a stem, a block a segment, a head.

    stem_x224_i3_o24_s22 | BLOCK | ... | head_o1536_n1000

with x the image size and n the classes; `bench.network.block` says how a block is written.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bench.base.checks import show
from bench.network.block import (
    ACTIVATIONS,
    MOST,
    MOST_BLOCKS,
    Block,
    DescriptionError,
    parse_blocks,
    text_fields,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBERS = (
    "stem_channels",
    "head_channels",
    "stem_stride",
    "image_size",
    "in_channels",
    "num_classes",
)


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
        if len(self.blocks) > MOST_BLOCKS:
            raise DescriptionError(f"{len(self.blocks):,} blocks: at most {MOST_BLOCKS:,}")
        for name in NUMBERS:
            if not 1 <= (value := getattr(self, name)) <= MOST:
                words = name.removeprefix("num_").replace("_", " ")
                raise DescriptionError(f"{words} {value!s:.20}: 1 to {MOST:,}")

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
        raise DescriptionError(f"{show(text)} is not 'stem_... | BLOCK | ... | head_...'")
    start, end = text_fields(stem, stem[5:]), text_fields(head, head[5:])
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
        raise DescriptionError(f"{show(stem)} or {show(head)} lacks field {error}") from None


def _merged(blocks: tuple[Block, ...]) -> list[str]:
    """Write blocks, joining repeats of one with stride 1 and i = o."""
    segments: list[tuple[int, Block]] = []
    for block in blocks:
        if segments and segments[-1][1] == block and block.has_residual:
            segments[-1] = (segments[-1][0] + 1, block)
        else:
            segments.append((1, block))
    return [f"r{count}_{block}" for count, block in segments]
