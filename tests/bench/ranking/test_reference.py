"""The committed results are what this code makes of the committed scores and truths."""

from __future__ import annotations

import pandas as pd
import pytest

from bench.ranking.outputs import rank
from bench.ranking.protocol import PROTOCOLS
from bench.runs import schemas
from bench.runs.find import find_runs
from bench.table.table import open_table
from tests.paths import ROOT

REFERENCE = ROOT / "results" / "reference"
TRUTH = REFERENCE / "truth"


@pytest.mark.parametrize(
    ("folder", "table", "m", "runs_of"),
    [
        ("digits", "digits", 2, "digits"),
        ("digits", "digits", 3, "digits"),
        ("mnist5k", str(TRUTH / "mnist5k.h5"), 4, "mnist5k"),
        ("truth/digits-epochs40", str(TRUTH / "digits-epochs40.h5"), 4, "digits"),
    ],
    ids=lambda value: str(value).rpartition("/")[2],
)
def test_ranking_committed_scores_gives_the_committed_tables(
    folder: str, table: str, m: int, runs_of: str
) -> None:
    sound = PROTOCOLS["sound"]
    runs = [
        run
        for run in find_runs(REFERENCE / runs_of)
        if run.recipe.m == m and run.recipe.name == "sound" and run.recipe.sampler == "uniform"
    ]
    if folder != runs_of:
        runs = [run for run in runs if run.recipe.batch_norm in ("shadow", "single")]
    with open_table(table) as truth:
        found = rank(runs, truth, [sound])
    for schema, frame in (
        (schemas.KENDALL_TAU, found.kendall_tau),
        (schemas.DIFFERENCES, found.differences),
    ):
        kept = schemas.read(REFERENCE / folder / schema.name, schema)
        kept = kept[(kept["m"] == m) & (kept["protocol"] == sound.name)].reset_index(drop=True)
        pd.testing.assert_frame_equal(frame, kept, atol=2e-6, rtol=0)
