"""What `retrain` and `transfer` share: one architecture trained, tested and exported."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bench.base.command import is_first_process
from bench.runs.about import is_folder_of, is_trained
from bench.runs.layout import NETWORK, final_folder
from bench.runs.lock import at_work
from bench.runs.origin import check_origin, origin_of
from bench.runs.progress import say_epochs, say_if_look
from bench.runs.run import FinalRun, open_final
from bench.verbs.complete import train_together
from bench.verbs.folders import as_path

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from bench.config.recipe import Final


class Exported(NamedTuple):
    """A network as one program.

    Attributes:
        path: the file.
        is_folded: whether each group's summed kernels became one.
        difference: largest difference of its logits from the network's.
    """

    path: Path
    is_folded: bool
    difference: float


class TrainedNetwork(NamedTuple):
    """A network trained, and what came out.

    Attributes:
        run: its run.
        evaluation: evaluation.csv: a row an epoch and kind of weights.
        exported: its program, where it was asked for.
    """

    run: FinalRun
    evaluation: pd.DataFrame
    exported: Exported | None


def train_network(
    results: Path,
    recipe: Final,
    *,
    export: bool,
    data: Path | str | None,
    seed: int,
    limit: int | None,
    device: str,
    threads: int,
) -> TrainedNetwork:
    """Train a network, going on where it stopped, and export it where asked.

    Args:
        results: results folder.
        recipe: how it is trained.
        export: also write the best weights as one program.
        data: folder of the images, where the data set needs one.
        seed: root of every random stream.
        limit: no more than so many of the recipe's epochs, for a quick look.
        device: 'auto', 'cpu', 'cuda', 'cuda:1', ...
        threads: of each process.

    Raises:
        ValueError: images that are missing or don't fit, a folder that holds another recipe, or a
            quick look that is to be exported.
    """
    from supernet.data.registry import data_source
    from supernet.devices import choose_device, name_of
    from supernet.final import train
    from supernet.parts import check_training

    check_training(recipe)
    if limit is not None and export:
        raise ValueError("a quick look is not exported: leave out --limit or --export")
    run = train_together(
        recipe,
        data_source(recipe),
        lambda own: open_final(results, recipe, seed, own, threads, name_of(own)),
        lambda run, pool, own_device, ranks: train(run, pool, own_device, ranks, limit),
        data=as_path(data),
        device=device,
        threads=threads,
    )
    is_asked = export and is_first_process()
    exported = export_network(run, choose_device(device)) if is_asked else None
    return TrainedNetwork(run, run.evaluation(), exported)


def forecast_network(
    results: Path,
    recipe: Final,
    *,
    data: Path | None,
    seed: int,
    limit: int | None,
    device: str,
    threads: int,
) -> str:
    """Check what `train_network` checks, and say what it would train; write nothing.

    Raises:
        ValueError: what `train_network` raises before it trains.
    """
    from supernet.data.registry import data_source
    from supernet.devices import check_precision, choose_device
    from supernet.forecast import network_epoch_s
    from supernet.parts import check_training

    check_training(recipe)
    device = choose_device(device)
    check_precision(recipe, device)
    run = FinalRun(final_folder(results, recipe, seed), recipe, seed)
    is_folder_of(run.folder, recipe, seed)
    pool = data_source(recipe)(data, device)
    if is_trained(run.folder):
        check_origin(run.folder, origin_of(recipe, pool.digest))
    return say_epochs(run, limit, lambda: network_epoch_s(run, pool, data, device, threads))


def export_network(run: FinalRun, device: str) -> Exported:
    """Write a network's best weights as one program, S3's summed kernels folded."""
    from supernet.final import build, read_best
    from supernet.nets.export import export
    from supernet.nets.extract import fold, is_foldable

    network = build(run, device)
    network.load_state_dict(read_best(run)["model"])
    network.eval()
    is_folded = is_foldable(network)
    path = run.folder / NETWORK
    with at_work(run.folder):
        difference = export(fold(network) if is_folded else network, path, network)
    return Exported(path, is_folded, difference)


def tell(final: TrainedNetwork) -> None:
    """Print what came out, on the first process alone."""
    if not is_first_process():
        return
    run, evaluation, exported = final
    last = evaluation.iloc[-1]
    print(
        f"{run.recipe.architecture}: top-1 {100 * last['accuracy']:.2f}%, top-5 "
        f"{100 * last['top5_accuracy']:.2f}% after epoch {last['epoch']:.0f} "
        f"({last['weights']}), best {100 * evaluation['accuracy'].max():.2f}%; in {run.folder}"
        f"{say_if_look(run, 'tables state its epochs')}"
    )
    if exported is not None:
        how = "with each group's kernels folded into one, " if exported.is_folded else ""
        difference = f"logits differ by {exported.difference:.1e} at most"
        print(f"exported to {exported.path}, {how}{difference}")
