"""Schemas of what a truth being trained keeps in its `.parts` folder, until it is a table."""

from __future__ import annotations

from bench.runs import layout
from bench.runs.schemas.json_files import JsonSchema, Key

AGAIN = "delete it: the same command trains the cell again"
ACCURACY = Key("number", low=0, high=1)

TRUTH_RECIPE = JsonSchema(
    layout.TRUTH_RECIPE,
    {},
    remedy="delete its folder: the same command trains the cells again",
    version=2,
)
"""The recipe's fields, checked where recipes are read; version 2 says that all have digests."""

TRUTH_PART = JsonSchema(
    "a trained cell",
    {
        "train_accuracy": ACCURACY,
        "valid_accuracy": ACCURACY,
        "test_accuracy": ACCURACY,
        "time_s": Key("number", low=0),
    },
    remedy=AGAIN,
)
"""One cell trained once."""
