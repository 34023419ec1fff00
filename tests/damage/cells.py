"""Supernets of cells, ranked against a made-up truth: their files, and what commands read there."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from analysis.read import is_there, read_about, read_all, read_ranking
from analysis.read import read_times as times_of
from bench.base.stopping import Stopped
from bench.config.cell_presets import digits
from bench.config.fields import override
from bench.measure import main as measure
from bench.ranking.outputs import write_rankings
from bench.ranking.protocol import PROTOCOLS
from bench.ranking.variations import write_variations
from bench.runs import schemas
from bench.runs.digests import remove_kept
from bench.runs.find import find_runs, find_trained
from bench.runs.layout import SCORES as SCORES_FILE
from bench.runs.layout import SCORES_PART
from bench.runs.origin import read_origin
from bench.runs.run import Run, open_run, read_trained
from bench.table.table import Table
from supernet.data.registry import load_data
from supernet.measure.measurements import measure_run
from supernet.measure.snapshots import Snapshots
from supernet.parts import resolve
from supernet.runs import complete, load_supernet
from tests.synthetic import write_truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import torch

FIRST = "branches-m1/shadow-seed0"
RUN = "*/*/run.json"
SCORES = "*/*/scores.csv"
PART = "*/*/scores.part.csv"
PIECES = "*/*/measuring.json"
HISTORY = "*/*/history.csv"
TIMES = "*/*/times.csv"
WEIGHTS = "*/*/checkpoint.pt"
SNAPSHOT = "*/*/checkpoint-epoch1.pt"
CURVE = "*/*/curve.csv"
SWEEP = "*/*/calibration_sweep.csv"
SUMS = "*/*/SHA256SUMS"
TRUTH = "truth.h5"

PAGE = ("report.html", "kendall_tau.md")
RANKED = ("kendall_tau.csv", "kendall_tau_by_seed.csv", "points.csv")
TRAINED = ("*/*/scores.csv", "*/*/history.csv")

TINY = {
    "m": "1",
    "stem_channels": "3",
    "num_stacks": "1",
    "num_train_images": "100",
    "num_score_images": "60",
    "score_batch": "60",
    "calibration_images": "60",
    "epochs": "2",
    "snapshot_epochs": "1",
}
OPTIONS = [f"{name}={value}" for name, value in TINY.items() if name != "m"]


def make(results: Path) -> None:
    """Train two runs, rank and measure them."""
    make_unmeasured(results)
    with Table(results / TRUTH) as table:
        write_rankings(results, find_runs(results), table, [PROTOCOLS["sound"]])
    assert measure([str(part) for part in measured(results)]) == 0


def make_swept(results: Path) -> None:
    """Train two runs, rank and measure them, calibrations too."""
    make_unmeasured(results)
    with Table(results / TRUTH) as table:
        write_rankings(results, find_runs(results), table, [PROTOCOLS["sound"]])
    assert measure([*map(str, measured(results)[:-1]), "curve,calibration_sweep"]) == 0


def make_unmeasured(results: Path) -> None:
    """Train two runs."""
    for seed in (0, 1):
        _train(results, seed)
    write_truth(results / TRUTH)


def make_part(results: Path) -> None:
    """Train two runs, of whose scores two are missing."""
    for seed in (0, 1):
        run = _train(results, seed)
        rows = run.scores()[:-2]
        schemas.write(rows, run.folder / SCORES_PART, schemas.SCORES_PART)
        remove_kept(run.folder / SCORES_FILE)
    write_truth(results / TRUTH)


def make_measuring(results: Path) -> None:
    """Train two runs, and stop when a piece of the first is measured."""
    make_unmeasured(results)
    stop = patch("supernet.measure.pieces.check", side_effect=[None, Stopped("the campaign")])
    with stop, suppress(Stopped):
        measure_first(results)


def make_half(results: Path) -> None:
    """Train two runs for one of their two epochs."""
    for seed in (0, 1):
        _train_half(results, seed)
    write_truth(results / TRUTH)


def rank(results: Path) -> Sequence[object]:
    """Rank the folder again."""
    return ("bench/run.py", *_arguments(results), "--seeds", "2")


def train(results: Path) -> Sequence[object]:
    """Go on with the first run."""
    return ("bench/run.py", *_arguments(results), "--seeds", "1")


def measured(results: Path) -> Sequence[object]:
    """Measure the folder, as `bench/measure.py` is told to."""
    truth = ["--table", results / TRUTH, "--other-truth"]
    return (results, *truth, "--jobs", 1, "--only", "curve")


def draw(results: Path) -> Sequence[object]:
    """Draw the report."""
    return ("-m", "analysis", results)


def measure_first(results: Path) -> Any:
    """Measure what is missing of the first run: of pieces that are gone, the same anew."""
    run = measure_run(read_trained(results / FIRST), ["curve"], None, "cpu", 1)
    return (run.folder / schemas.CURVE.name).read_bytes()


def read_runs(results: Path) -> Any:
    """Read what made each run."""
    return [(run.recipe, run.seed, read_origin(run.folder)) for run in find_runs(results)]


def read_scores(results: Path) -> Any:
    """Read the scores that a ranking reads."""
    return _texts(run.scores() for run in find_runs(results))


def read_history(results: Path) -> Any:
    """Read which runs are trained, and their histories."""
    names = [run.folder.name for run in find_trained(results)]
    return names, read_all(results, "history.csv").to_csv()


def read_times(results: Path) -> Any:
    """Read how long everything took."""
    return _texts(times_of(run) for run in find_runs(results))


def read_curve(results: Path) -> Any:
    """Read a measurement."""
    return read_all(results, "curve.csv").to_csv()


def read_rankings(results: Path) -> Any:
    """Read what the page is drawn from."""
    frames = (read_ranking(results, name) for name in RANKED)
    return read_about(results), _texts(frames)


def read_page(results: Path) -> Any:
    """Read what ranking and measuring leave for the page beside it."""
    names = ("differences.csv", "variations.csv", "calibration_tau.csv")
    return _texts(read_ranking(results, name) for name in names if is_there(results, name))


def vary(results: Path) -> Any:
    """Rank otherwise, and by every calibration, what was measured."""
    with Table(results / TRUTH) as table:
        write_variations(results, find_runs(results), table)
    return [(results / name).read_bytes() for name in ("variations.csv", "calibration_tau.csv")]


def read_run_files(results: Path) -> Any:
    """Read a run's files, one after another."""
    readers = (read_runs, read_scores, read_history, read_times, read_curve, read_snapshot)
    return [read(results) for read in readers]


def read_weights(results: Path) -> Any:
    """Read the final weights, as scoring and searching do."""
    run = read_trained(results / FIRST)
    return _bytes(load_supernet(run, resolve(run.recipe), "cpu"))


def read_snapshot(results: Path) -> Any:
    """Read weights of an epoch, as the measurements do."""
    run = read_trained(results / FIRST)
    data = load_data("digits", run.recipe.skeleton, None, "cpu")
    return _bytes(Snapshots(run, data).model(1))


def score(results: Path) -> Any:
    """Score what is missing of the first run."""
    run = complete(_open(results, 0), None, "cpu", 1)
    return run.scores().to_csv()


def resume(results: Path) -> Any:
    """Train what is missing of the first run, and score it."""
    run = _open(results, 0)
    text = score(results)
    return text, (run.folder / "history.csv").read_text()


def _arguments(results: Path) -> list[object]:
    places = ["--table", results / TRUTH, "--other-truth", "--out", results]
    ours = ["--m", 1, "--batch-norm", "shadow", "--protocol", "sound", "--jobs", 1]
    return [*ours, *places, "--set", *OPTIONS]


def _open(results: Path, seed: int) -> Run:
    return open_run(results, override(digits().recipe, TINY), seed, "cpu", 1)


def _train(results: Path, seed: int) -> Run:
    return complete(_open(results, seed), None, "cpu", 1)


def _train_half(results: Path, seed: int) -> None:
    """Stop behind the first epoch's checkpoint, as a kill does."""
    stop = patch("supernet.training.checkpoints.write_history", side_effect=KeyboardInterrupt)
    with stop, suppress(KeyboardInterrupt):
        _train(results, seed)


def _texts(frames: Iterable[Any]) -> list[str]:
    return [frame.to_csv() for frame in frames]


def _bytes(model: torch.nn.Module) -> dict[str, bytes]:
    return {name: value.cpu().numpy().tobytes() for name, value in model.state_dict().items()}
