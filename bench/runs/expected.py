"""What scores must hold beside what their schema says: the space's architectures, each as it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bench.runs.schemas import FlawError

if TYPE_CHECKING:
    import pandas as pd

    from bench.space.space import CellSpace

HEADER = 1
"""Lines above the first row."""


def check_cells(frame: pd.DataFrame, space: CellSpace, *, is_whole: bool = True) -> None:
    """Refuse scores that are not those of a space's architectures, raw and calibrated.

    Args:
        frame: scores.csv, or the part of it that was written, no two rows of the same scores.
        space: of cells.
        is_whole: whether every architecture must be there.

    Raises:
        FlawError: an unknown architecture, another cell's hash, or scores that are missing.
    """
    hashes = {space.encode(a): space.cell(a).hash for a in space.architectures()}
    texts = list(frame["architecture"])
    for row, (text, found) in enumerate(zip(texts, frame["cell_hash"], strict=True), HEADER + 1):
        if text not in hashes:
            raise FlawError(row, f"architecture {text!r} is none of the space's {len(hashes)}")
        if found != hashes[text]:
            raise FlawError(row, f"architecture {text!r} has the hash of another cell")
    if is_whole and len(frame) < 2 * len(hashes):
        known = set(zip(texts, frame["calibrated"], strict=True))
        lacking = [(text, how) for text in hashes for how in (False, True)]
        text, how = next(pair for pair in lacking if pair not in known)
        raise FlawError(
            len(frame) + HEADER,
            f"{len(frame)} scores of {2 * len(hashes)}, without those of architecture {text!r} "
            f"calibrated {how}",
        )


def check_kernels(frame: pd.DataFrame, space: Any) -> None:
    """Refuse scores of architectures that a space of kernels has not, or with others' costs.

    Raises:
        FlawError: the first of them.
    """
    names = ["architecture", "num_parameters", "num_multiply_adds"]
    for row, found in enumerate(frame[names].to_dict("records"), HEADER + 1):
        text = found["architecture"]
        try:
            own = space.identity(space.decode(text))
        except ValueError as error:
            raise FlawError(row, str(error)) from error
        if found != own:
            raise FlawError(row, f"architecture {text!r} is not {found}, but {own}")


def check_numbered(frame: pd.DataFrame, name: str, least: int = 0, most: float = math.inf) -> None:
    """Refuse a column that is not 1, 2, 3, ..., or ends too early or too late.

    Raises:
        FlawError: the first row that is not.
    """
    for number, found in enumerate(frame[name], 1):
        if found != number:
            raise FlawError(number + HEADER, f"column {name!r}: {found} where {number} comes")
    if len(frame) < least:
        raise FlawError(len(frame) + HEADER, f"column {name!r} ends before {least}")
    if len(frame) > most:
        raise FlawError(int(most) + HEADER + 1, f"column {name!r} goes on after {most}")
