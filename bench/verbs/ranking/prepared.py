"""What was asked of a ranking, looked up and checked before anything is trained."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.base.names import load
from bench.config.fields import to_dict
from bench.config.registry import PRESETS, RECIPES
from bench.ranking.about import check_same_table
from bench.ranking.baselines import load_baselines
from bench.ranking.protocol import PROTOCOLS, Protocol, check
from bench.ranking.truth import check_cells, check_truth
from bench.runs.run import load_space
from bench.table.table import open_table
from bench.verbs.complete import known_images, open_all_images, plan_runs
from bench.verbs.folders import results_folder
from bench.verbs.presets import changed, differences, ranking_preset

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bench.config.recipe import Recipe
    from bench.ranking.baselines import Baseline
    from bench.runs.run import Run
    from bench.table.table import Table

BATCH_NORMS = {"sound": ("shadow", "single"), "authors": ("none", "shadow")}
"""Batch norms by default: in the released code shadow batch norm is never called ('none')."""


class Ready(NamedTuple):
    """A ranking of which all that can be known before training was looked at."""

    results: Path
    truth: Table
    protocols: Sequence[Protocol]
    baselines: Mapping[str, Baseline]
    planned: Sequence[Run]
    images: str
    num_images: int
    device: str
    note: str


@contextmanager
def prepared(
    preset: str,
    *,
    m: Sequence[int],
    seeds: Sequence[int],
    batch_norms: Sequence[str] | None,
    protocols: Sequence[str],
    fields: Mapping[str, Any],
    baselines: Sequence[str],
    data: Path | None,
    table: Path | str | None,
    other_truth: bool,
    allow_missing: bool,
    out: Path | str | None,
    device: str,
    is_here: bool = True,
) -> Iterator[Ready]:
    """Check what was asked for; the arguments are those of `rank`, `fields` the recipe's changes.

    Where the runs are not to be made on this machine, their device is left to those that make them.

    Raises:
        ValueError: what `rank` raises before it trains.
    """
    from supernet.devices import check_precision, choose_device

    chosen = ranking_preset(preset)
    recipe = changed(chosen.recipe, fields)
    loaded = [load(name, PROTOCOLS, "protocol") for name in protocols]
    results = results_folder(out, preset, fields)
    own = load_baselines(results, baselines)
    with open_table(str(table or chosen.table)) as truth:
        check_same_table(results, truth)
        recipes = _recipes(recipe, loaded, m, batch_norms)
        _check_kept(recipe, recipes, fields)
        for protocol, one in recipes:
            check(protocol, load_space(one))
            check_cells(truth, one, allow_missing=allow_missing)
        presets = [chosen, *(make() for make in PRESETS.values())]
        if is_here:
            device = choose_device(device)
            for _, one in recipes:
                check_precision(one, device)
        planned = plan_runs(results, [one for _, one in recipes], seeds)
        images, num_images = open_all_images(planned, data)
        known = known_images(results, planned, images)
        note = check_truth(truth, known, presets, is_meant=other_truth)
        yield Ready(results, truth, loaded, own, planned, images, num_images, device, note)


def changed_fields(
    changes: Mapping[str, Any] | None, scorers: Sequence[str], **named: str | None
) -> dict[str, Any]:
    """Gather the fields of the recipe that are not the preset's."""
    fields = {name: value for name, value in named.items() if value is not None}
    return {**(changes or {}), **fields} | ({"scorers": tuple(scorers)} if scorers else {})


def _recipes(
    recipe: Recipe,
    protocols: Sequence[Protocol],
    m: Sequence[int],
    batch_norms: Sequence[str] | None,
) -> list[tuple[Protocol, Recipe]]:
    """Return a recipe per protocol, m and batch norm, as the protocol wants it."""
    return [
        (protocol, replace(RECIPES[protocol.recipe](recipe), m=number, batch_norm=norm))
        for protocol in protocols
        for number in m
        for norm in batch_norms or BATCH_NORMS[protocol.recipe]
    ]


def _check_kept(
    recipe: Recipe, recipes: Sequence[tuple[Protocol, Recipe]], asked: Iterable[str]
) -> None:
    """Refuse a field that was asked for and that a protocol's own recipe fixes otherwise."""
    for protocol, one in recipes:
        if lost := [name for name in differences(recipe, one) if name in asked]:
            fixed = ", ".join(f"{name}={to_dict(one)[name]}" for name in lost)
            raise ValueError(
                f"protocol {protocol.name!r} has a recipe of its own, in which {fixed}: leave "
                f"{', '.join(lost)} out, or rank it in a command of its own"
            )
