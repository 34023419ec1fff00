"""`transfer`: a trained network, fine-tuned on another data set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.config.block_presets import DROPOUT, transfer_training
from bench.config.recipe import Final
from bench.runs.run import FinalRun, read_final
from bench.verbs.final import TrainedNetwork, forecast_network, tell, train_network
from bench.verbs.folders import shortened
from bench.verbs.presets import changed

if TYPE_CHECKING:
    from collections.abc import Mapping


def transfer(
    network: Path | str,
    *,
    export: bool = False,
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
    """Fine-tune a trained network on another data set, going on where it stopped.

    Args:
        network: run folder of a network, whose best weights it starts from.
        export: also write the best weights as one program.
        data_set: by name or as `package.module:name`; None: CIFAR-10.
        data: folder of the images, where the data set needs one.
        changes: further fields of the recipe, by name.
        skip_broken: replace images that don't decode.
        out: results folder; None: the network's.
        seed: root of every random stream.
        limit: no more than so many of the recipe's epochs, for a quick look.
        device: 'auto', 'cpu', 'cuda', 'cuda:1', ...
        threads: of each process.

    Raises:
        ValueError: no folder of a trained network, or a name, field or value that is none.
    """
    results, recipe = _asked(
        network, data_set=data_set, changes=changes, skip_broken=skip_broken, out=out
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
    """Fine-tune, and say what came out; or say what that would be."""
    if not dry_run:
        tell(transfer(export=export, **values))
        return
    trained = {name: values.pop(name) for name in ("data", "seed", "limit", "device", "threads")}
    print(forecast_network(*_asked(**values), **trained))


def _asked(
    network: Path | str,
    *,
    data_set: str | None,
    changes: Mapping[str, Any] | None,
    skip_broken: bool,
    out: Path | str | None,
) -> tuple[Path, Final]:
    """Return the results folder and the recipe that were asked for."""
    folder = Path(network)
    named = {"data_set": data_set, "skip_broken": skip_broken or None}
    recipe = changed(_recipe(read_final(folder)), {**named, **(changes or {})})
    return Path(out) if out is not None else shortened(folder.resolve().parent), recipe


def _recipe(source: FinalRun) -> Final:
    """Return the recipe: CIFAR-10's images, enlarged to what the network was trained on."""
    return Final(
        name="transfer",
        space=source.recipe.space,
        m=source.recipe.m,
        architecture=source.recipe.architecture,
        start=str(source.folder),
        resize=source.recipe.skeleton.image_size,
        skeleton=replace(source.recipe.skeleton, image_size=32, num_classes=10, dropout=DROPOUT),
        training=transfer_training(),
    )
