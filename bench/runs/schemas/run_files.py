"""Schemas of what a run folder holds, and of the searches in it (see `bench.runs.layout`).

A `loss` may be missing: a network whose outputs are no numbers has an accuracy, but no loss.
"""

from __future__ import annotations

from bench.runs import layout
from bench.runs.schemas.columns import (
    ACCURACY,
    CALIBRATED,
    CELL_HASH,
    COUNT,
    EPOCH,
    LOSS,
    NON_NEGATIVE,
    POSITIVE,
    TEXT,
)
from bench.runs.schemas.json_files import JsonSchema, Key, later
from bench.runs.schemas.model import Column, Schema

AGAIN = "delete it: the same command makes it again"
SEARCH_AGAIN = "delete its folder: the same search makes it again, from scores paid for already"
MEASURED = {"calibrated": CALIBRATED, "accuracy": ACCURACY, "loss": LOSS}
COSTS = {"num_parameters": COUNT, "num_multiply_adds": COUNT}

RUN = JsonSchema(
    layout.RUN,
    {
        "recipe": Key("object"),
        "seed": Key("integer", low=0),
        "device": later("text", "unknown"),
        "device_name": later("text", ""),
        "num_threads": later("integer", 0, low=0),
        "python": later("text", "unknown"),
        "machine": later("text", "unknown"),
        "versions": later("texts", {}),
        "commit": later("text", "unknown"),
        "images": later("text", ""),
        "plugins": later("texts", {}),
    },
    remedy="put it back, or delete its folder: the same command trains the run again",
    version=3,
)
"""Version 2 names the kind of run, version 3 says that all files have digests. The recipe's own
fields are checked where recipes are read, and an empty digest, of `images` or of one of `plugins`,
is unknown."""

HISTORY = Schema(
    layout.HISTORY,
    {
        "epoch": EPOCH,
        "lr": NON_NEGATIVE,
        "loss": Column("float", low=0),
        "accuracy": ACCURACY,
    },
    keys=("epoch",),
    remedy="delete it: training goes on from the checkpoint and writes it again",
)
"""What each epoch measured on its training images."""

TIMES = Schema(
    layout.TIMES,
    {"epoch": COUNT, "time_s": NON_NEGATIVE, "stage": Column("str", choices=("train", "score"))},
    remedy="delete it: training goes on from the checkpoint and writes it again",
)
"""Of epochs, and of all of scoring as epoch 0: once more for each time it was begun again. They lie
apart, since all else repeats to the byte."""

CELL_SCORES = Schema(
    layout.SCORES,
    {"architecture": TEXT, "cell_hash": CELL_HASH, **MEASURED},
    keys=("architecture", "calibrated"),
    allows_more=True,
    remedy=AGAIN,
)
"""Every architecture scored, raw and calibrated."""

KERNEL_SCORES = Schema(
    layout.SCORES,
    {"architecture": TEXT, **COSTS, **MEASURED},
    keys=("architecture", "calibrated"),
    allows_more=True,
    remedy="delete it: the searches and measurements that need its scores pay for them again",
)

SCORES_PART = Schema(
    layout.SCORES_PART,
    CELL_SCORES.columns,
    keys=CELL_SCORES.keys,
    allows_more=True,
    remedy="delete it: the same command scores the architectures again",
)
"""The same, while scoring goes on."""

EVALUATION = Schema(
    layout.EVALUATION,
    {
        "epoch": EPOCH,
        "weights": Column("str", choices=("model", "ema")),
        "accuracy": ACCURACY,
        "top5_accuracy": ACCURACY,
        "loss": LOSS,
    },
    keys=("epoch", "weights"),
    remedy="delete its folder: the same command trains the network again",
)
"""A network trained on its own: accuracy by epoch."""

SEARCH = JsonSchema(
    layout.SEARCH,
    {
        "algorithm": Key("text"),
        "seed": Key("integer", low=0),
        "evaluations": Key("integer", low=1),
        "population": Key("integer", low=1),
        "calibrated": Key("bool"),
        "largest_multiply_adds": Key("number", low=0),
    },
    remedy=SEARCH_AGAIN,
    version=2,
)
"""Version 2 says that all files have digests."""

EVALUATED = Schema(
    layout.EVALUATED,
    {
        "evaluation": POSITIVE,
        **KERNEL_SCORES.columns,
        "hypervolume": NON_NEGATIVE,
        "is_on_front": Column("bool"),
    },
    keys=("evaluation",),
    allows_more=True,
    remedy=SEARCH_AGAIN,
)

PARETO = Schema(
    layout.PARETO, EVALUATED.columns, keys=("evaluation",), allows_more=True, remedy=SEARCH_AGAIN
)
