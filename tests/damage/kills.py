"""Commands killed at random and started again, until they end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.damage.trials import Trial


@dataclass(frozen=True)
class Command:
    """A command that is killed.

    Attributes:
        name: in the table.
    """

    name: str


COMMANDS: Sequence[Command] = ()


def kill(command: Command, folder: Path, times: int, seed: int) -> Iterator[Trial]:
    """Kill a command so many times."""
    raise NotImplementedError
