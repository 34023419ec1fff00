"""What the analyses need of a run's weights, measured into CSV files in its run folder.

    bn_statistics           statistics of the batch norms under test (section 4.4)
    combination_statistics  how far combinations of paths spread around their number (Lemma 2)
    lemma_2                 statistics of paths and of pairs, and what would make Lemma 2 false
    similarity, jacobian    cosine similarities of features and of Jacobians (section 7.1)
    curve                   accuracy of a fixed sample of architectures by epoch (section 3.2)
    calibration_sweep       images, batches, reset and split of calibration, one at a time
    accuracies              accuracy of many architectures, where not all can be scored (Figure 6)

A file that exists is not measured again, and of one that was stopped (`pieces`) no piece. Each
measurement starts from the weights alone, and has
the run's number of threads, so that it gives the same bytes in whatever order they are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from bench.base.names import unknown
from bench.base.stopping import check
from bench.runs import schemas
from bench.runs.lock import at_work
from bench.runs.origin import check_origin, origin_of
from supernet.measure import (
    accuracies,
    bn_statistics,
    calibration_sweep,
    combination_statistics,
    curve,
    jacobian,
    lemma_2,
    similarity,
)
from supernet.measure.pieces import Pieces
from supernet.measure.snapshots import Snapshots
from supernet.parts import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import pandas as pd

    from bench.runs.run import Run

ACCURACIES = "accuracies"
NUM_MODELS = 1000
"""Architectures of Figure 6."""


@dataclass(frozen=True)
class Measurement:
    """One measurement.

    Attributes:
        schema: of its file.
        measure: (snapshots, number of architectures to sample) -> the rows of its file.
        needs_all: whether it needs a space that is enumerated.
        is_sample: whether it stands in for scoring such a space whole.
    """

    schema: schemas.Schema
    measure: Callable[[Snapshots, int], pd.DataFrame]
    needs_all: bool = False
    is_sample: bool = False


def _whole(
    measure: Callable[[Snapshots], pd.DataFrame],
) -> Callable[[Snapshots, int], pd.DataFrame]:
    return lambda snapshots, _: measure(snapshots)


MEASUREMENTS = {
    "bn_statistics": Measurement(schemas.BN_STATISTICS, _whole(bn_statistics.measure)),
    "combination_statistics": Measurement(
        schemas.COMBINATION_STATISTICS, _whole(combination_statistics.measure), needs_all=True
    ),
    "lemma_2": Measurement(schemas.LEMMA_2, _whole(lemma_2.measure)),
    "similarity": Measurement(schemas.SIMILARITY, _whole(similarity.measure)),
    "jacobian": Measurement(schemas.JACOBIAN, _whole(jacobian.measure)),
    "curve": Measurement(schemas.CURVE, _whole(curve.measure)),
    "calibration_sweep": Measurement(
        schemas.CALIBRATION_SWEEP, _whole(calibration_sweep.measure), needs_all=True
    ),
    ACCURACIES: Measurement(schemas.ACCURACIES, accuracies.measure, is_sample=True),
}
"""By name; the schema names the file."""


def named(names: Sequence[str]) -> list[str]:
    """Return these measurements' names, all where none is named.

    Raises:
        ValueError: one is unknown.
    """
    for name in names:
        if name not in MEASUREMENTS:
            raise unknown("measurement", name, MEASUREMENTS)
    return list(names or MEASUREMENTS)


def missing(run: Run, names: Iterable[str], num_models: int = NUM_MODELS) -> list[str]:
    """List which of these measurements a run has not, or has of fewer architectures.

    Raises:
        DamagedFileError: one that it has is not as it was written.
    """
    applying = [
        name
        for name in names
        if not (
            MEASUREMENTS[name].is_sample
            if run.space.is_enumerated
            else MEASUREMENTS[name].needs_all
        )
    ]
    return [name for name in applying if not _is_measured(run, name, num_models)]


def measure_run(
    run: Run,
    names: Sequence[str],
    data_path: Path | None,
    device: str,
    num_threads: int,
    num_models: int = NUM_MODELS,
) -> Run:
    """Measure what is missing of a run.

    Raises:
        ValueError: a net whose paths can't be compared, other images or code than the run's, or
            another command at work on it.
        Stopped: it was asked for; the next call goes on from the pieces that were measured.
    """
    if not missing(run, names, num_models):
        return run
    torch.set_num_threads(num_threads)
    with at_work(run.folder):
        pool = resolve(run.recipe).open_images(data_path, device)
        check_origin(run.folder, origin_of(run.recipe, pool.digest))
        pieces = Pieces(run.folder, missing(run, MEASUREMENTS, num_models))
        snapshots = Snapshots(run, pool.data(), device, pieces)
        for name in missing(run, names, num_models):  # by another command meanwhile
            check()
            with pieces.of(name):
                frame = MEASUREMENTS[name].measure(snapshots, num_models)
            schemas.write(frame, _file(run, name), MEASUREMENTS[name].schema)
            pieces.forget(name)
    return run


def _is_measured(run: Run, name: str, num_models: int) -> bool:
    path = _file(run, name)
    if not path.is_file():
        return False
    rows = schemas.read(path, MEASUREMENTS[name].schema)
    if name != ACCURACIES:
        return True
    return bool(rows["architecture"].nunique() >= min(num_models, run.space.count()))


def _file(run: Run, name: str) -> Path:
    return run.folder / MEASUREMENTS[name].schema.name
