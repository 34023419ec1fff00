"""Schemas of scores in the making, whose files a user names: OUT, OUT.part and OUT.json."""

from __future__ import annotations

from bench.runs.schemas.columns import CELL_HASH, NUMBER, SEED, TEXT
from bench.runs.schemas.json_files import JsonSchema, Key
from bench.runs.schemas.model import Schema

AGAIN = "delete it: the same command scores the cells again"

GROWING = Schema(
    "a file of scores",
    {"cell_hash": CELL_HASH, "method": TEXT, "seed": SEED, "score": NUMBER},
    keys=("cell_hash", "method", "seed"),
    remedy=AGAIN,
)

GROWING_ABOUT = JsonSchema(
    "the statement of scores",
    {"kind": Key("text"), "cells": Key("text"), "methods": Key("list"), "seeds": Key("list")},
    remedy="delete it and the scores beside it: the same command makes them again",
)
"""Beside these the fields of how the scores come about, compared one by one."""
