"""`retrain`: a found network, trained from scratch or from a run's weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.config.registry import PRESETS
from bench.runs.layout import results_of_search
from bench.runs.run import RunFolderError, load_space, read_trained
from bench.runs.searches import read_search
from bench.space.reconstruction import RECONSTRUCTIONS, reconstruct
from bench.verbs.final import TrainedNetwork, forecast_network, tell, train_network
from bench.verbs.folders import results_folder, shortened
from bench.verbs.presets import changed, differences, mixpath_preset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.config.recipe import Final, Recipe


def retrain(
    architecture: str | None = None,
    *,
    search: Path | str | None = None,
    max_multiply_adds: float | None = None,
    start: Path | str | None = None,
    export: bool = False,
    m: int | None = None,
    preset: str | None = None,
    data_set: str | None = None,
    data: Path | str | None = None,
    changes: Mapping[str, Any] | None = None,
    skip_broken: bool = False,
    out: Path | str | None = None,
    seed: int = 0,
    limit: int | None = None,
    device: str = "auto",
    threads: int = 1,
) -> TrainedNetwork:
    """Train a found network, going on where it stopped.

    Args:
        architecture: text, JSON, or the name of a reconstruction; or else
        search: a search's folder, whose most accurate network is taken.
        max_multiply_adds: the most that network may cost, in millions.
        start: a run folder whose weights it starts from; None: from scratch.
        export: also write the best weights as one program.
        m: largest number of kernels summed; None: the search's or the preset's.
        preset: whose final recipe it is; None: of the preset like the search's supernet, or s1.
        data_set: a data set, by name or as `package.module:name`.
        data: folder of the images, where the data set needs one.
        changes: further fields of the recipe, by name.
        skip_broken: replace images that don't decode.
        out: results folder; None: the search's.
        seed: root of every random stream.
        limit: no more than so many of the recipe's epochs, for a quick look.
        device: 'auto', 'cpu', 'cuda', 'cuda:1', ...
        threads: of each process.

    Raises:
        ValueError: not one of architecture and search, a name, field or value that is none, or a
            folder that holds something else.
    """
    results, recipe = _asked(
        architecture,
        search=search,
        max_multiply_adds=max_multiply_adds,
        start=start,
        m=m,
        preset=preset,
        data_set=data_set,
        changes=changes,
        skip_broken=skip_broken,
        out=out,
    )
    return train_network(
        results,
        recipe,
        export=export,
        data=data,
        seed=seed,
        limit=limit,
        device=device,
        threads=threads,
    )


def command(*, dry_run: bool, export: bool, **values: Any) -> None:
    """Train, and say what came out; or say what that would be."""
    if not dry_run:
        tell(retrain(export=export, **values))
        return
    trained = {name: values.pop(name) for name in ("data", "seed", "limit", "device", "threads")}
    print(forecast_network(*_asked(**values), **trained))


def _asked(
    architecture: str | None,
    *,
    search: Path | str | None,
    max_multiply_adds: float | None,
    start: Path | str | None,
    m: int | None,
    preset: str | None,
    data_set: str | None,
    changes: Mapping[str, Any] | None,
    skip_broken: bool,
    out: Path | str | None,
) -> tuple[Path, Final]:
    """Return the results folder and the recipe that were asked for."""
    found = None if search is None else Path(search)
    source = None if found is None else read_trained(found.resolve().parent).recipe
    preset = preset or (preset_of(source) if source else "s1")
    usual = mixpath_preset(preset).final
    assert usual is not None  # mixpath_preset sees to it
    named = {"m": m, "data_set": data_set, "skip_broken": skip_broken or None}
    recipe = changed(_base(usual, source, architecture), {**named, **(changes or {})})
    recipe = replace(recipe, architecture=_choose(recipe, architecture, found, max_multiply_adds))
    if start is not None:
        recipe = replace(recipe, start=str(start))
    if out is None and found is not None:
        out = shortened(results_of_search(found.resolve()))
    return results_folder(out, preset, _differences(recipe, usual)), recipe


def preset_of(recipe: Recipe) -> str:
    """Return the preset whose supernets are most like a recipe: of its size, or of its space."""
    fitting = [n for n, make in PRESETS.items() if make().recipe.space == recipe.space]
    sized = [n for n in fitting if PRESETS[n]().recipe.skeleton == recipe.skeleton]
    return (sized or fitting)[0]


def _base(usual: Final, source: Recipe | None, architecture: str | None) -> Final:
    """Return the preset's recipe in the space that the architecture comes from."""
    if source is not None:
        return replace(
            usual,
            space=source.space,
            m=source.m,
            skeleton=replace(source.skeleton, dropout=usual.skeleton.dropout),
            data_set=source.data_set,
        )
    if architecture in RECONSTRUCTIONS:
        space = reconstruct(architecture).space
        return replace(usual, space=space.name, m=space.m)
    return usual


def _choose(
    recipe: Final, architecture: str | None, search: Path | None, most: float | None
) -> str:
    """Return the architecture that is named, or the search's best, checked."""
    space = load_space(recipe)
    if architecture is not None and search is None:
        if architecture in RECONSTRUCTIONS:
            return str(reconstruct(architecture).architecture)
        return str(space.decode(architecture))
    if search is None or architecture is not None:
        raise ValueError("name either --architecture TEXT or --search FOLDER")
    _, found = read_search(search)
    if most is not None:
        found = found[found["num_multiply_adds"] <= 1e6 * most]
    if not len(found):
        raise RunFolderError(f"{search} found no network of at most {most:g} M multiply-adds")
    best = found.sort_values(["accuracy", "num_multiply_adds"], ascending=[False, True])
    return str(space.decode(best.iloc[0]["architecture"]))


def _differences(recipe: Final, usual: Final) -> list[str]:
    """List what differs from the preset but for what is trained."""
    same = replace(
        usual, architecture=recipe.architecture, start=recipe.start, m=recipe.m, space=recipe.space
    )
    return differences(recipe, same)
