"""Protocols: how the scores of a run and a table become a tau, as values to choose and print.

A protocol says which architectures enter, whether copies of one cell are averaged or kept, what
counts as truth, what is dropped; `entries` does what it says. Adding one is an entry of PROTOCOLS,
or a `Protocol` in a user's module, named `package.module:name` on the command line.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.base.checks import check_choice, check_least

if TYPE_CHECKING:
    from bench.space.space import CellSpace

SELECTIONS = ("all", "sampler", "ordered-lists")
COPIES = ("average", "keep")
TRUTH_SPLITS = ("test", "valid")
TRUTH_REPEATS = ("mean", "random")


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How scores become a tau.

    Attributes:
        recipe: name of the recipe whose runs it ranks.
        selection: `all` architectures; `sampler`, distinct ones as training samples them;
            `ordered-lists`, distinct (node, operation) lists, so that an architecture can recur.
        num_drawn: how many are drawn, or all where there are fewer; 0 where all enter.
        copies: `average` the scores of the architectures that are one cell, or `keep` them.
        truth_split: `test` or `valid`.
        truth_repeats: `mean` of a cell's repeats, or a `random` one, anew for every entry.
        truth_budget: epochs that the truth was trained for; None: the table's largest number.
        drop_lowest: how many are dropped, those of the lowest uncalibrated accuracy.

    Raises:
        ValueError: a field that is none of its choices, or a number below its least.
    """

    name: str
    recipe: str = "sound"
    selection: str = "all"
    num_drawn: int = 0
    copies: str = "average"
    truth_split: str = "test"
    truth_repeats: str = "mean"
    truth_budget: int | None = None
    drop_lowest: int = 0

    def __post_init__(self) -> None:
        check_choice(
            self,
            selection=SELECTIONS,
            copies=COPIES,
            truth_split=TRUTH_SPLITS,
            truth_repeats=TRUTH_REPEATS,
        )
        check_least(self, 0 if self.selection == "all" else 1, "num_drawn")
        check_least(self, 0, "drop_lowest")


PROTOCOLS = {
    "sound": Protocol(name="sound"),
    # The paper's '70 sampled models', most of which are copies of a few cells.
    "paper": Protocol(name="paper", selection="sampler", num_drawn=70, copies="keep"),
    # What the released code does, point by point.
    "authors": Protocol(
        name="authors",
        recipe="authors",
        selection="ordered-lists",
        num_drawn=100,
        copies="keep",
        truth_split="valid",
        truth_repeats="random",
        drop_lowest=30,
    ),
}

FOR_GIVEN = Protocol(name="given", recipe="unknown")
"""How scores that were given are ranked, whatever made them: as under `sound`."""


def for_given(truth_split: str = "test", truth_budget: int | None = None) -> Protocol:
    """Return how given scores are ranked against one of a table's truths, named by what differs.

    Raises:
        ValueError: a split that is none.
    """
    split = "" if truth_split == FOR_GIVEN.truth_split else f"-{truth_split}"
    budget = f"-{truth_budget}-epochs" if truth_budget else ""
    name = f"{FOR_GIVEN.name}{split}{budget}"
    return replace(FOR_GIVEN, name=name, truth_split=truth_split, truth_budget=truth_budget)


def describe(protocol: Protocol) -> str:
    """Spell a protocol out in one sentence."""
    parts = [
        {
            "all": "every architecture",
            "sampler": f"min({protocol.num_drawn}, all) distinct architectures, "
            "drawn by the training sampler",
            "ordered-lists": f"min({protocol.num_drawn}, all) distinct ordered lists of "
            "(node, operation), drawn by the training sampler",
        }[protocol.selection]
    ]
    if protocol.drop_lowest:
        parts.append(f"the {protocol.drop_lowest} of lowest uncalibrated accuracy dropped")
    parts.append(f"copies of one cell {'averaged' if protocol.copies == 'average' else 'kept'}")
    repeats = {"mean": "mean {} accuracy", "random": "{} accuracy of one random repeat per entry"}
    split = {"valid": "validation"}.get(protocol.truth_split, protocol.truth_split)
    truth = repeats[protocol.truth_repeats].format(split)
    budget = f" after {protocol.truth_budget} epochs" if protocol.truth_budget else ""
    return "; ".join([*parts, f"truth = {truth}{budget}"])


def check(protocol: Protocol, space: CellSpace) -> None:
    """Refuse, before anything is trained, a space too small for a protocol.

    Raises:
        ValueError: the protocol drops all that the space can offer, or selects lists where the
            space has none.
    """
    if protocol.selection == "ordered-lists":
        num_lists = getattr(space, "num_lists", None)
        if num_lists is None or not hasattr(space, "sample_list"):
            raise ValueError(
                f"protocol {protocol.name!r} draws ordered lists, which space {space.name!r} "
                "lacks: give the space sample_list, from_list and num_lists, or use another "
                "protocol"
            )
        num = num_lists()
    else:
        num = len(space.architectures())
    num_entries = min(num, protocol.num_drawn or num)
    require_enough(num_entries, protocol, f"space {space.name!r}, m={space.m}")


def require_enough(num: int, protocol: Protocol, where: str) -> None:
    """Refuse to drop so many that fewer than two entries are left."""
    if num - protocol.drop_lowest < 2:
        raise ValueError(
            f"protocol {protocol.name!r} drops the lowest {protocol.drop_lowest}, but {where} "
            f"offers {num}: use a larger m, or another protocol"
        )
