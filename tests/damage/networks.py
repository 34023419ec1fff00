"""A supernet of S1, searched, and the network found: their files, and what commands read there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench import mixpath
from bench.runs.evaluations import Evaluations
from bench.runs.find import find_trained
from bench.runs.origin import read_origin
from bench.runs.run import read_final, read_trained
from bench.runs.searches import find_searches
from bench.runs.searches import read_search as search_of
from bench.verbs.tables import our_rows
from supernet.final import read_best as best_of
from supernet.parts import resolve
from supernet.runs import load_supernet, scorer
from tests.bench.verbs.small import ARCHITECTURE, BUDGET, DIGITS, SCORING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

FOLDER = "s1-m2/shadow-seed0"
RUN = f"{FOLDER}/run.json"
SCORES = f"{FOLDER}/scores.csv"
SEARCH = f"{FOLDER}/search-*/search.json"
EVALUATED = f"{FOLDER}/search-*/evaluated.csv"
NETWORK = "retrain-*/run.json"
EVALUATION = "retrain-*/evaluation.csv"
BEST = "retrain-*/best.pt"
SUMS = f"{FOLDER}/search-*/SHA256SUMS"
TABLES = ("table1.csv", "table2.csv")
SHORT = [*DIGITS, "num_train_images=200"]


def make(results: Path) -> None:
    """Train a supernet, search it, and train two networks."""
    make_supernet(results)
    _mixpath("search", results / FOLDER, *BUDGET)
    for seed in (0, 1):
        _mixpath(*retrain(results), "--seed", seed)


def make_supernet(results: Path) -> None:
    """Train a supernet."""
    _mixpath(*train(results))


def train(results: Path) -> Sequence[object]:
    """Train a supernet, as `bench/mixpath.py` is told to."""
    return ("train", *SHORT, *SCORING, "--out", results)


def retrain(results: Path) -> Sequence[object]:
    """Train a network, as `bench/mixpath.py` is told to."""
    final = ["retrain", "--architecture", ARCHITECTURE, *DIGITS]
    return (*final, "num_train_images=200", "--out", results)


def search(results: Path) -> Sequence[object]:
    """Search again, which is nothing but to read and to draw."""
    return ("bench/mixpath.py", "search", results / FOLDER, *BUDGET)


def tables(results: Path) -> Sequence[object]:
    """Print the tables."""
    folders = sorted(results.glob("retrain-*"))
    return ("bench/mixpath.py", "tables", *folders, "--out", results)


def read_supernet(results: Path) -> Any:
    """Read what made the supernet."""
    found = [(run.recipe, run.seed, read_origin(run.folder)) for run in find_trained(results)]
    return found, read_trained(results / FOLDER)


def read_scores(results: Path) -> Any:
    """Read the scores that a search needs, paying for unknown ones as it does."""
    run = read_trained(results / FOLDER)

    def score(architectures: Sequence[Any]) -> Iterator[dict[str, Any]]:
        parts = resolve(run.recipe)
        model, pool = load_supernet(run, parts, "cpu"), parts.open_images(None, "cpu")
        yield from scorer(parts, model, pool.data()).calibrated(architectures)

    evaluations = Evaluations(run.folder, run.space, score, is_calibrated=True)
    _, evaluated = search_of(find_searches(run.folder)[0])
    asked = [run.space.decode(text) for text in evaluated["architecture"]]
    evaluations(asked)
    return [evaluations.row(architecture) for architecture in asked]


def read_search(results: Path) -> Any:
    """Read the searches, as retraining and the figures do."""
    folders = find_searches(results / FOLDER)
    found = [search_of(folder) for folder in folders]
    return [(settings, frame.to_csv()) for settings, frame in found]


def read_network(results: Path) -> Any:
    """Read the networks for the tables."""
    return our_rows(sorted(path.parent for path in results.glob(NETWORK)))


def read_best(results: Path) -> Any:
    """Read the best weights, as a transfer does."""
    run = read_final(min(results.glob("retrain-*")))
    state = best_of(run)
    return {name: value.numpy().tobytes() for name, value in state["model"].items()}


def _mixpath(*argv: object) -> None:
    assert mixpath.main([str(part) for part in argv]) == 0
