"""Schemas of what the ranking stage leaves in a results folder for the analyses."""

from __future__ import annotations

from dataclasses import replace

from bench.runs import layout
from bench.runs.schemas.columns import (
    ACCURACY,
    CELL_HASH,
    CORRELATION,
    COUNT,
    DIFFERENCE,
    NON_NEGATIVE,
    NUMBER,
    POSITIVE,
    SEED,
    SHARE,
    SPREAD,
    TEXT,
    M,
)
from bench.runs.schemas.json_files import JsonSchema, Key, later
from bench.runs.schemas.model import Column, Schema

AGAIN = "delete it: ranking the runs again makes it again"
MEASURE_AGAIN = "delete it: measuring the runs again makes it again"

IDENTITY = {
    "m": M,
    "bn": TEXT,
    "calibrated": Column("calibrated", nullable=True),
    "scorer": TEXT,
    "protocol": TEXT,
}
QUALITY = {
    "spearman": CORRELATION,
    "weighted_tau": CORRELATION,
    "precision_top10": SHARE,
    "regret": SHARE,
    "ceiling": SHARE,
}
LATER = replace(CORRELATION, default="")
LATER_COUNT = replace(SPREAD, default="")
LATER_DIFFERENCE = replace(DIFFERENCE, default="")
WITHIN = dict.fromkeys(("tau_equal_conv3x3", "tau_near_parameters", "tau_top20"), LATER)
RUN = {"m": M, "bn": TEXT, "seed": SEED}

KENDALL_TAU = Schema(
    layout.KENDALL_TAU,
    {
        **IDENTITY,
        "num_seeds": POSITIVE,
        "num_architectures": NON_NEGATIVE,  # means over seeds
        "num_cells": NON_NEGATIVE,
        "tau_mean": CORRELATION,
        "tau_std": SPREAD,
        "tau_low": CORRELATION,
        "tau_high": CORRELATION,
        **QUALITY,
        "tau_low_cells": LATER,
        "tau_high_cells": LATER,
        "tau_low_seeds": replace(LATER, low=None, high=None),
        "tau_high_seeds": replace(LATER, low=None, high=None),
        **WITHIN,
        **{f"{name}_{end}": LATER for name in WITHIN for end in ("low", "high")},
        **{f"{name}_cells": LATER_COUNT for name in WITHIN},
    },
    keys=tuple(IDENTITY),
    remedy=AGAIN,
    version=2,
)
"""Of version 1, tau_low and tau_high are over cells alone; of version 2 over seeds and cells."""

KENDALL_TAU_BY_SEED = Schema(
    layout.KENDALL_TAU_BY_SEED,
    {
        **IDENTITY,
        "seed": SEED,
        "num_architectures": NON_NEGATIVE,
        "num_cells": NON_NEGATIVE,
        "tau": CORRELATION,
        **QUALITY,
        **WITHIN,
    },
    keys=(*IDENTITY, "seed"),
    remedy=AGAIN,
)

DIFFERENCES = Schema(
    layout.DIFFERENCES,
    {
        **IDENTITY,
        "minus": TEXT,
        "num_seeds": POSITIVE,
        "num_cells": COUNT,
        "difference_mean": DIFFERENCE,
        "difference_std": SPREAD,
        "difference_low": DIFFERENCE,
        "difference_high": DIFFERENCE,
        "difference_low_seeds": NUMBER,
        "difference_high_seeds": NUMBER,
        "by_seed": TEXT,
        "difference_low_cells": LATER_DIFFERENCE,
        "difference_high_cells": LATER_DIFFERENCE,
    },
    keys=(*IDENTITY, "minus"),
    remedy=AGAIN,
)

POINTS = Schema(
    layout.POINTS,
    {
        "m": M,
        "space": TEXT,
        "bn": TEXT,
        "seed": SEED,
        "calibrated": Column("calibrated", nullable=True),
        "protocol": TEXT,
        "cell_hash": CELL_HASH,
        "truth": ACCURACY,
    },
    allows_more=True,
    remedy=AGAIN,
)
"""Scorers are further columns. Copies of a cell are rows of their own where a protocol keeps them.
Of many cells with scores from elsewhere there are the first by hash, which is as good as drawn."""

VARIATIONS = Schema(
    layout.VARIATIONS,
    {
        **RUN,
        "variation": TEXT,
        "field": Column("str", choices=("protocol", "recipe")),
        "tau": CORRELATION,
        "num_entries": COUNT,
        "num_cells": COUNT,
    },
    keys=(*RUN, "variation"),
    remedy=MEASURE_AGAIN,
)

CALIBRATION_TAU = Schema(
    layout.CALIBRATION_TAU,
    {
        **RUN,
        "factor": TEXT,
        "split": TEXT,
        "num_images": NUMBER,
        "batch": NUMBER,
        "reset": Column("bool", nullable=True),
        "scorer": TEXT,
        "tau": CORRELATION,
        "accuracy": ACCURACY,
        "num_cells": COUNT,
    },
    keys=(*RUN, "factor", "split", "num_images", "batch", "reset", "scorer"),
    remedy=MEASURE_AGAIN,
)
"""Counts of images are written as 512.0: so they were from the start."""

RANKING = JsonSchema(
    layout.RANKING,
    {
        "command": Key("text"),
        "headline": Key("object"),
        "protocols": Key("object"),
        "recipes": Key("object"),
        "table": Key("object"),
        "notes": Key("list"),
        "truth_note": later("text", ""),
        "baselines": later("list", []),
        "given": later("object", {}),  # of scores from elsewhere: cells, digest, files, lower
    },
    remedy=AGAIN,
    version=2,
)
"""Version 2 says that all files beside it have digests."""
