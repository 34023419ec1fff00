"""`measure`: what the paper's figures need of the supernets of S1 and S2, and the figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.console import Console
from rich.progress import track

from bench.base.forecast import say_look
from bench.base.parallel import in_parallel, task
from bench.runs.find import check_files, find_trained
from bench.runs.progress import label
from bench.runs.run import RunFolderError
from bench.verbs.folders import as_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.runs.run import Run


class Measured(NamedTuple):
    """Attributes: the runs with their measurements, and paths of the figures without suffix."""

    runs: list[Run]
    figures: list[Path]


def measure(
    results: Path | str,
    *,
    only: Sequence[str] = (),
    num_models: int = 1000,
    limit: int | None = None,
    data: Path | str | None = None,
    jobs: int | None = None,
    device: str = "auto",
    threads: int = 1,
) -> Measured:
    """Measure what is missing of a results folder's supernets, and draw the paper's figures.

    Args:
        results: results folder with their run folders.
        only: names of measurements; none: all.
        num_models: architectures of Figure 6.
        limit: measure no more than so many supernets, for a quick look: no figure is then drawn.
        data: folder of the images, where the data set needs one.
        jobs: supernets at once; None: as many as cores and memory allow, or GPUs.
        device: 'auto', 'cpu', 'cuda', 'cuda:1', ...
        threads: of each process.

    Raises:
        ValueError: no trained supernet, or one whose kernels are summed in channel groups.
    """
    from analysis.figure import draw_all
    from analysis.registry import SUPERNETS
    from supernet.devices import choose_device
    from supernet.measure.measurements import named

    results, device = Path(results), choose_device(device)
    runs = _with_weights(results)
    measured = measure_runs(
        runs[:limit],
        named(only),
        num_models=num_models,
        data=as_path(data),
        jobs=jobs,
        device=device,
        threads=threads,
    )
    is_whole = len(measured) == len(runs)
    return Measured(measured, draw_all(results, SUPERNETS) if is_whole else [])


def command(*, dry_run: bool, **values: Any) -> None:
    """Measure, and name what was measured and drawn; or say what that would be."""
    runs = _with_weights(values["results"])
    if dry_run:
        from supernet.measure.measurements import named

        machine = {name: values[name] for name in ("data", "jobs", "device", "threads")}
        names, num_models = named(values["only"]), values["num_models"]
        print(*list_missing(runs[: values["limit"]], names, num_models, **machine), sep="\n")
        return
    measured = measure(**values)
    for run in measured.runs:
        print(f"measured {run.folder}")
    for path in measured.figures:
        print(f"drawn {path}.png")
    if (num := len(measured.runs)) < len(runs):
        print(say_look(num, len(runs), "supernets", "no figure is drawn"))


def list_missing(
    runs: Sequence[Run],
    names: Sequence[str],
    num_models: int,
    *,
    data: Path | None,
    jobs: int | None,
    device: str,
    threads: int,
) -> list[str]:
    """Say for each run what would be measured; nothing is written.

    Raises:
        ValueError: as `measured_at_once`.
    """
    from supernet.devices import choose_device
    from supernet.measure.measurements import missing

    lacking = [(run, missing(run, names, num_models)) for run in runs]
    todo = [run for run, what in lacking if what]
    at_once = measured_at_once(todo, data, jobs, choose_device(device), threads)
    told = [f"{label(run)}: {', '.join(what) or 'complete'}" for run, what in lacking]
    return [*told, f"{len(runs)} runs, {at_once} at once; nothing was written"]


def _with_weights(results: Path) -> list[Run]:
    """Find the trained supernets of a folder, their files checked.

    Raises:
        ValueError: there are none, or one is damaged.
    """
    runs = [run for run in find_trained(results) if run.has_weights]
    if not runs:
        raise RunFolderError(f"{results} holds no trained supernet: train one first")
    check_files(runs)
    return runs


def measure_runs(
    runs: Sequence[Run],
    names: Sequence[str],
    *,
    num_models: int,
    data: Path | None,
    jobs: int | None,
    device: str,
    threads: int,
) -> list[Run]:
    """Measure what is missing of runs, several at a time, showing how far it is.

    Raises:
        ValueError: so many at once need more memory than there is.
    """
    if not runs:
        return []
    tasks = (task(_measure, run, names, data, device, threads, num_models) for run in runs)
    at_once = measured_at_once(runs, data, jobs, device, threads)
    done = in_parallel(tasks, at_once, shared=runs[0].folder)
    return list(track(done, "measuring", total=len(runs), console=Console(stderr=True)))


def measured_at_once(
    runs: Sequence[Run], data: Path | None, jobs: int | None, device: str, threads: int
) -> int:
    """Return how many runs are measured at once.

    Raises:
        ValueError: as many as asked need more memory than there is, there are no such images, or a
            recipe scores in bf16 on a GPU that has none.
    """
    from supernet.devices import check_precision
    from supernet.fits import jobs_that_fit, most_needs
    from supernet.parts import resolve

    for run in runs:
        check_precision(run.recipe, device, is_trained=True)
    num_images = resolve(runs[0].recipe).open_images(data, "cpu").num_kept if runs else 0
    needed = most_needs(runs, num_images, is_measured=True)
    return jobs_that_fit("a measured run", jobs, device, threads, len(runs), needed)


def _measure(
    run: Run, names: Sequence[str], data: Path | None, device: str, threads: int, num_models: int
) -> Run:
    from supernet.measure.measurements import measure_run
    from supernet.seats import on_device

    with on_device(device) as own:
        return measure_run(run, names, data, own, threads, num_models)
