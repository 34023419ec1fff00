"""The whole campaign: inputs shared out over the kinds of files, then the kills."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.damage.kills import COMMANDS, kill
from tests.damage.kinds import KINDS
from tests.damage.quiet import quiet
from tests.damage.trials import inputs, try_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.damage.trials import Trial


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """How much is tried.

    Attributes:
        inputs: damaged files in all.
        kills: killed commands in all.
        commands: of the inputs, how many go through the command line too.
        seed: an input depends on it, on its kind and on its number alone.
        only: a part of the names of kinds and commands; empty: all.
    """

    inputs: int
    kills: int
    commands: int
    seed: int = 0
    only: str = ""


def run_campaign(campaign: Campaign, scratch: Path, done: Sequence[Trial] = ()) -> Iterator[Trial]:
    """Try everything but what is done, saying on standard error how far it is."""
    kinds = [kind for kind in KINDS if campaign.only in kind.name]
    commands = [command for command in COMMANDS if campaign.only in command.name]
    known = {(trial.kind, trial.number) for trial in done}
    made: dict[Callable[[Path], object], Path] = {}
    by_command = _shares(campaign.commands, sum(kind.command is not None for kind in kinds))
    for index, (kind, share) in enumerate(
        zip(kinds, _shares(campaign.inputs, len(kinds)), strict=True)
    ):
        num_commands = by_command.pop() if kind.command else 0
        if todo := list(inputs(kind, share, num_commands, known)):
            if kind.make not in made:
                made[kind.make] = _made(kind.make, scratch / f"made{len(made)}")
            place = scratch / f"kind{index}"
            yield from try_kind(kind, made[kind.make], place, todo, campaign.seed)
        print(f"{kind.name} done", file=sys.stderr)
    for index, (command, share) in enumerate(
        zip(commands, _shares(campaign.kills, len(commands)), strict=True)
    ):
        num = share - sum(trial.kind == command.trials for trial in done)
        yield from kill(command, scratch / f"kill{index}", num, campaign.seed)
        print(f"{command.name} done", file=sys.stderr)


def _shares(total: int, parts: int) -> list[int]:
    """Split a number into near-equal parts."""
    return [total * (i + 1) // parts - total * i // parts for i in range(parts)]


def _made(make: Callable[[Path], Any], folder: Path) -> Path:
    folder.mkdir()
    with quiet():
        make(folder)
    return folder
