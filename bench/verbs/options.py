"""Options that several command lines share: each is written, read and explained once.

A parser's result is passed on as keyword values, so an option's name in the parse result is that
of the function's parameter. Nothing here imports torch or pandas: --help stays quick.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from bench.base.checks import show
from bench.base.command import MOST, MOST_SEED, MOST_SEEDS, at_once, positive, seed, whole, words
from bench.base.stopping import read_duration
from bench.config.fields import field_types, read_changes

if TYPE_CHECKING:
    from collections.abc import Iterable

    Group = argparse._ActionsContainer

PLUG_IN = "package.module:name"


class _ReadChanges(argparse.Action):
    """Gathers the FIELD=VALUE texts of every --set into one dictionary."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 (argparse's signature)
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,  # noqa: ARG002 (argparse's signature)
    ) -> None:
        try:
            changes = read_changes(values)
        except ValueError as error:  # often a positional argument that --set has swallowed
            raise ValueError(f"{error}: put other arguments before --set") from None
        setattr(namespace, self.dest, {**getattr(namespace, self.dest), **changes})


class _List(argparse.Action):
    """Lists every choice and leaves, as --help does, whatever else is asked for."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,  # noqa: ARG002 (argparse's signature)
        values: Any,  # noqa: ARG002 (argparse's signature)
        option_string: str | None = None,  # noqa: ARG002 (argparse's signature)
    ) -> NoReturn:
        from bench.lists import every_choice

        print(every_choice(), flush=True)
        parser.exit()


def names(text: str) -> tuple[str, ...]:
    """Read an option that is a name or a list of them, such as `shadow,single`."""
    if not (found := _parts(text)):
        raise argparse.ArgumentTypeError(f"{text!r} has no name: give one, or a list")
    return found


def numbers(text: str) -> tuple[int, ...]:
    """Read an option that is a number or a list of them, such as `3,4`."""
    try:
        return tuple(whole(part, 1, MOST) for part in _parts(text) or [text])
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}, or a list such as 3,4") from None


def seeds(text: str) -> tuple[int, ...]:
    """Read --seeds: `3` is (0, 1, 2), `0,7` and `7,` are lists."""
    try:
        if "," not in text:
            return tuple(range(whole(text, 1, MOST_SEEDS)))
        found = tuple(whole(part, 0, MOST_SEED) for part in _parts(text))
    except argparse.ArgumentTypeError as error:
        told = "or a list of seeds from 0, such as 0,7 or, of one alone, 5000,"
        raise argparse.ArgumentTypeError(f"{error}, {told}") from None
    if not 1 <= len(found) <= MOST_SEEDS:
        raise argparse.ArgumentTypeError(
            f"{show(text)} must be 1 to {MOST_SEEDS:,} seeds, or a list of so many from 0"
        )
    return found


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part for part in words(text).split(",") if part)


def duration(text: str) -> int:
    """Read --time-limit, in seconds."""
    try:
        return read_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def add_m(p: Group, default: int | None, what: str = "kernels summed") -> None:
    """Add --m, one number; without a default the preset's holds."""
    told = "" if default else " (default: the preset's)"
    p.add_argument(
        "--m", type=positive, default=default, help=f"largest number of {what}, 1..4{told}"
    )


def add_ms(p: Group) -> None:
    """Add --m, several numbers."""
    p.add_argument(
        "--m", type=numbers, default="4", help="largest number of paths: 1..4, or a list: 3,4"
    )


def add_seed(p: Group) -> None:
    """Add --seed."""
    p.add_argument("--seed", type=seed, default=0, help="root of every random stream")


def add_seeds(p: Group) -> None:
    """Add --seeds."""
    p.add_argument(
        "--seeds", type=seeds, default="3", help="how many seeds (0, 1, ...), or a list: 0,7,"
    )


def add_preset(p: Group, presets: Iterable[str], default: str | None, told: str = "") -> None:
    """Add --preset; `told` says what holds where there is no default."""
    text = f"one of {', '.join(presets)}"
    p.add_argument("--preset", default=default, help=f"{text} (default: {told})" if told else text)


def add_net(p: Group) -> None:
    """Add --net."""
    p.add_argument(
        "--net",
        metavar="NAME",
        help=f"{PLUG_IN} of an own supernet (default: the preset's)",
    )


def add_sampler(p: Group) -> None:
    """Add --sampler."""
    text = (
        f"which path trains next: uniform, bernoulli, one-shot or {PLUG_IN} (default: the preset's)"
    )
    p.add_argument("--sampler", metavar="NAME", help=text)


def add_data_set(p: Group, data_sets: str, told: str = "the preset's") -> None:
    """Add --data-set, of these."""
    text = f"{data_sets} or {PLUG_IN} (default: {told})"
    p.add_argument("--data-set", metavar="NAME", help=text)


def add_data(p: Group) -> None:
    """Add --data."""
    text = "folder of the images; digits and mnist5k need none (default: cifar10 is downloaded)"
    p.add_argument("--data", type=Path, metavar="FOLDER", help=text)


def add_changes(p: Group, recipe: Any) -> None:
    """Add --set for the fields of a recipe: any number of FIELD=VALUE after each."""
    fields = ", ".join(name for name, _ in field_types(recipe))
    p.add_argument(
        "--set",
        dest="changes",
        nargs="+",
        action=_ReadChanges,
        default={},
        metavar="FIELD=VALUE",
        help="change the recipe: several after one --set or one each, other arguments before it "
        f"(default: nothing). Fields: {fields}",
    )


def add_out(p: Group, told: str) -> None:
    """Add --out, a results folder."""
    p.add_argument("--out", type=Path, metavar="FOLDER", help=f"results folder (default: {told})")


def add_table(p: Group) -> None:
    """Add --table, the truth."""
    text = "HDF5 table with the truth (default: the preset's)"
    p.add_argument("--table", metavar="FILE", help=text)


def add_other_truth(p: Group) -> None:
    """Add --other-truth."""
    text = "the table may be the truth of other images or another network: every table says so then"
    p.add_argument("--other-truth", action="store_true", help=text)


def add_export(p: Group) -> None:
    """Add --export."""
    p.add_argument("--export", action="store_true", help="write network.pt2 (torch.export)")


def add_images(p: Group, recipe: Any, data_set: str = "the preset's") -> None:
    """Add what a verb that trains asks of its images and recipe; `data_set` holds by default."""
    add_data_set(p, "cifar10, imagenet, folder, digits", data_set)
    add_data(p)
    p.add_argument("--skip-broken", action="store_true", help="replace images that don't decode")
    add_changes(p, recipe)
    add_seed(p)


def add_machine(p: Group) -> None:
    """Add where it runs: --device and --threads."""
    add_device(p)
    p.add_argument("--threads", type=at_once, default=1, help="threads of each process")


def add_device(p: Group) -> None:
    """Add --device and --time-limit."""
    text = "auto, cpu, cuda (every GPU, a run each), cuda:1, ..."
    p.add_argument("--device", default="auto", help=text)
    p.add_argument(
        "--time-limit",
        type=duration,
        metavar="TIME",
        help="stop then, with everything saved and exit code 75: 90s, 25m, 1h30m, 1:30:00 "
        "(default: none)",
    )


def add_jobs(p: Group, what: str) -> None:
    """Add --jobs."""
    text = f"{what} at once (default: as many as cores and memory allow, or GPUs)"
    p.add_argument("--jobs", type=at_once, help=text)


def add_cells(p: Group, default: str, told: str) -> None:
    """Add --cells and --limit; `told` says what is done with the cells."""
    text = f"{told}: sample:NUM or sample:NUM:SEED of the table's, or a file of hashes, one a line"
    text += "" if default else " (default: all scored)"
    p.add_argument("--cells", default=default, metavar="SAMPLE", help=text)
    add_limit(p, "of the cells")


def add_limit(p: Group, what: str) -> None:
    """Add --limit; `what` there is no more than so many of."""
    text = f"no more than N {what}, for a quick look that says so (default: all)"
    p.add_argument("--limit", type=positive, metavar="N", help=text)


def add_only(p: Group) -> None:
    """Add --only, of measurements."""
    text = "measure just these, such as curve,similarity (default: all)"
    p.add_argument("--only", type=names, default=(), metavar="NAME,...", help=text)


def add_dry_run(p: Group, told: str = "how long") -> None:
    """Add --dry-run; `told` is what it says beside what would run."""
    text = f"check all, say what would run and {told}"
    p.add_argument("--dry-run", action="store_true", help=text)


def add_list(p: Group) -> None:
    """Add --list."""
    text = "list every name that can be chosen"
    p.add_argument(
        "--list",
        action=_List,
        nargs=0,
        dest=argparse.SUPPRESS,
        default=argparse.SUPPRESS,
        help=text,
    )
