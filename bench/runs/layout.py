"""Where things lie in a results folder: every name and pattern of it, in this file alone.

Schemas and stages take the names from here, so that renaming a file changes this one.

results/<preset>/<space>-m<m>/[<sampler>-]<batch norm>-seed<k>/   a supernet
run.json        recipe, seed, versions, commit, device
history.csv     epoch, lr, loss, accuracy
times.csv       epoch, time_s, stage
scores.csv      architectures scored: all of a space of cells, else what was asked for
checkpoint.pt   weights, optimiser, generators, history; checkpoint-epoch<n>.pt: weights
bn_statistics.csv, curve.csv, ...   measurements; measuring.json: pieces of one that was stopped
search-<algorithm>-seed<k>/   search.json, evaluated.csv, pareto.csv
results/<preset>/<retrain or transfer>-<digest>-seed<k>/   a network trained to the end
run.json, history.csv, times.csv, evaluation.csv, checkpoint.pt, best.pt, network.pt2
results/<preset>/tensorboard/<space>-m<m>/<batch norm>-seed<k>/   curves, where asked for
results/<preset>/             kendall_tau.csv, ranking.json, ...   rankings of the runs below
<table>.parts/                recipe.json, <cell hash>-<repeat>.json: a truth being trained

Each folder has SHA256SUMS of its files (`bench.runs.digests`), and .lock where a command is or was
at work (`bench.runs.lock`).
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.config.recipe import Final, Recipe

RUN = "run.json"
HISTORY = "history.csv"
TIMES = "times.csv"
SCORES = "scores.csv"
SCORES_PART = "scores.part.csv"
CHECKPOINT = "checkpoint.pt"
PROGRESS = "progress.json"
EVALUATION = "evaluation.csv"
BEST = "best.pt"
NETWORK = "network.pt2"
SEARCH = "search.json"
EVALUATED = "evaluated.csv"
PARETO = "pareto.csv"
TRUTH_RECIPE = "recipe.json"
SUMS = "SHA256SUMS"
DIGESTS = "digests"
"""The key of a JSON file that names SUMS, where the file's own name does not tell."""

LOCK = ".lock"

BN_STATISTICS = "bn_statistics.csv"
COMBINATION_STATISTICS = "combination_statistics.csv"
SIMILARITY = "similarity.csv"
JACOBIAN = "jacobian.csv"
CURVE = "curve.csv"
LEMMA_2 = "lemma_2.csv"
CALIBRATION_SWEEP = "calibration_sweep.csv"
ACCURACIES = "accuracies.csv"
MEASURING = "measuring.json"
"""Pieces of a measurement that was stopped."""

KENDALL_TAU = "kendall_tau.csv"
KENDALL_TAU_BY_SEED = "kendall_tau_by_seed.csv"
DIFFERENCES = "differences.csv"
POINTS = "points.csv"
RANKING = "ranking.json"
VARIATIONS = "variations.csv"
CALIBRATION_TAU = "calibration_tau.csv"
LEADERBOARD = "leaderboard.csv"

SUPERNETS = f"*/*/{RUN}"
"""Pattern of the supernets below a results folder."""

SEARCHES = f"search-*/{SEARCH}"
"""Pattern of the finished searches below a supernet's folder."""

USUAL_SAMPLER = "uniform"
_SNAPSHOT = re.compile(r"checkpoint-epoch(\d+)\.pt")


TRAINED = (CHECKPOINT, HISTORY, SCORES, SCORES_PART, EVALUATION, BEST)
"""Files of which a folder has one once anything was trained in it."""


def tensorboard_folder(run: Path) -> Path:
    """Return where the curves of a run's folder are written for TensorBoard."""
    return run.parents[1] / "tensorboard" / run.parent.name / run.name


def variant(recipe: Recipe) -> str:
    """Name a recipe's batch norm, with its sampler before it where that is not the usual one."""
    is_usual = recipe.sampler == USUAL_SAMPLER
    return recipe.batch_norm if is_usual else f"{recipe.sampler}-{recipe.batch_norm}"


def run_folder(results: Path, recipe: Recipe, seed: int) -> Path:
    """Return the folder of a supernet."""
    space, name = (re.sub(r"[^\w-]+", "_", part) for part in (recipe.space, variant(recipe)))
    return results / f"{space}-m{recipe.m}" / f"{name}-seed{seed}"


def final_folder(results: Path, recipe: Final, seed: int) -> Path:
    """Return the folder of a network trained to the end."""
    identity = json.dumps([recipe.space, recipe.m, recipe.architecture, recipe.start])
    digest = hashlib.sha256(identity.encode()).hexdigest()[:10]
    return results / f"{recipe.name}-{digest}-seed{seed}"


def search_folder(run: Path, algorithm: str, seed: int) -> Path:
    """Return the folder of one search of a supernet."""
    return run / f"search-{algorithm}-seed{seed}"


def results_of_search(search: Path) -> Path:
    """Return the results folder that a search's folder lies in."""
    return search.parents[2]


def snapshot(run: Path, epoch: int) -> Path:
    """Return the file of the weights kept after an epoch."""
    return run / f"checkpoint-epoch{epoch}.pt"


def snapshot_epochs(run: Path) -> Iterator[int]:
    """Yield the epochs whose weights were kept."""
    for path in run.iterdir():
        if match := _SNAPSHOT.fullmatch(path.name):
            yield int(match[1])
