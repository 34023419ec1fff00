"""Schemas of the measurements, which lie beside the scores of the run that they are of."""

from __future__ import annotations

from bench.runs import layout
from bench.runs.schemas.columns import (
    ACCURACY,
    CALIBRATED,
    CELL_HASH,
    CORRELATION,
    COUNT,
    INDEX,
    LOSS,
    NUMBER,
    POSITIVE,
    SPREAD,
    TEXT,
)
from bench.runs.schemas.json_files import JsonSchema, Key
from bench.runs.schemas.model import Column, Schema

AGAIN = "delete it: measuring the run again makes it again"

PAIR = {
    "epoch": INDEX,
    "cell": INDEX,
    "kind": Column("str", choices=("paths", "sum")),
    "first": INDEX,
    "second": INDEX,
    "place": Column("str", choices=("raw", "normed")),
}
"""What a similarity compares; epoch 0 is untrained."""

BN_STATISTICS = Schema(
    layout.BN_STATISTICS,
    {
        "block": INDEX,
        "num_paths": COUNT,
        "combination": Column("str", nullable=True),
        "channel": INDEX,
        "mean": NUMBER,
        "variance": SPREAD,
        "weight": NUMBER,
        "bias": NUMBER,
    },
    keys=("block", "num_paths", "combination", "channel"),
    remedy=AGAIN,
)

COMBINATION_STATISTICS = Schema(
    layout.COMBINATION_STATISTICS,
    {
        "block": INDEX,
        "architecture": TEXT,
        "num_paths": POSITIVE,
        "number_mean_distance": SPREAD,
        "number_log_variance_distance": SPREAD,
        "all_mean_distance": SPREAD,
        "all_log_variance_distance": SPREAD,
        "probability": Column("float", low=0, high=1, nullable=True, default=""),
        "is_trained": Column("bool", default="True"),
    },
    keys=("is_trained", "block", "architecture"),
    remedy=AGAIN,
    version=2,
)
"""Version 2 has the untrained control, and pools 'all' by each architecture's `probability` under
the training sampler; in files without it every architecture weighs alike."""

LEMMA_2 = Schema(
    layout.LEMMA_2,
    {
        "epoch": INDEX,
        "cell": INDEX,
        "kind": Column("str", choices=("path", "pair", "double")),
        "first": INDEX,
        "second": INDEX,
        "mean_distance": SPREAD,
        "log_variance_distance": SPREAD,
        "half_mean_distance": SPREAD,
        "half_log_variance_distance": SPREAD,
        "variance_ratio": SPREAD,
        "correlation": CORRELATION,
        "cosine": CORRELATION,
        "mean_difference": SPREAD,
        "log_variance_difference": SPREAD,
        "num_channels": COUNT,
        "num_images": POSITIVE,
    },
    keys=("epoch", "cell", "kind", "first", "second"),
    remedy=AGAIN,
)
"""What each column is stands in `supernet.measure.lemma_2`."""

SIMILARITY = Schema(
    layout.SIMILARITY,
    {
        **PAIR,
        "centred": Column("bool"),
        "mean": CORRELATION,
        "variance": SPREAD,
        "num_images": COUNT,
    },
    keys=(*PAIR, "centred"),
    remedy=AGAIN,
)

JACOBIAN = Schema(
    layout.JACOBIAN,
    {
        **PAIR,
        "mean": NUMBER,  # an estimate less its bias can be above 1
        "variance": SPREAD,
        "num_images": COUNT,
        "error": SPREAD,
        "is_exact": Column("bool"),
        "num_passes": POSITIVE,
    },
    keys=tuple(PAIR),
    remedy=AGAIN,
)

CURVE = Schema(
    layout.CURVE,
    {"epoch": INDEX, "architecture": TEXT, "accuracy": ACCURACY, "loss": LOSS},
    keys=("epoch", "architecture"),
    remedy=AGAIN,
)

CALIBRATION_SWEEP = Schema(
    layout.CALIBRATION_SWEEP,
    {
        "factor": Column("str", choices=("raw", "none", "images", "batch", "reset", "split")),
        "split": TEXT,
        "architecture": TEXT,
        "cell_hash": CELL_HASH,
        "accuracy": ACCURACY,
        "loss": LOSS,
        "num_images": Column("int", low=1, nullable=True),
        "batch": Column("int", low=1, nullable=True),
        "reset": Column("bool", nullable=True),
    },
    keys=("factor", "split", "num_images", "batch", "reset", "architecture"),
    allows_more=True,
    remedy=AGAIN,
)
"""Of raw scores, no images were calibrated on."""

ACCURACIES = Schema(
    layout.ACCURACIES,
    {"architecture": TEXT, "calibrated": CALIBRATED, "accuracy": ACCURACY, "loss": LOSS},
    keys=("architecture", "calibrated"),
    remedy=AGAIN,
)

MEASURING = JsonSchema(layout.MEASURING, {"pieces": Key("object")}, remedy=AGAIN)
"""What is measured of a measurement that was stopped: by its name and the piece's."""
