"""Schemas: what every file that a stage leaves for another holds, checked when read and written.

    frame = schemas.read(folder / HISTORY, schemas.HISTORY)
    schemas.write(frame, folder / HISTORY, schemas.HISTORY)

`run_files`, `measurements` and `rankings` say what there is, `kinds` lists it. A damaged file is a
`DamagedFileError` of one line. A column that is added needs a default, which files written before
are read with.
"""

from bench.runs.schemas.calibrated import (
    calibrated_text,
    calibrated_word,
    is_calibrated,
    is_raw,
    to_calibrated,
)
from bench.runs.schemas.csv_files import conform, read, write
from bench.runs.schemas.given_files import GROWING, GROWING_ABOUT
from bench.runs.schemas.json_files import JsonSchema, Key, later, read_json, write_json
from bench.runs.schemas.json_rows import write_rows
from bench.runs.schemas.kinds import NAMES_IN_RUNS, schema_of
from bench.runs.schemas.measurements import (
    ACCURACIES,
    BN_STATISTICS,
    CALIBRATION_SWEEP,
    COMBINATION_STATISTICS,
    CURVE,
    JACOBIAN,
    LEMMA_2,
    MEASURING,
    SIMILARITY,
)
from bench.runs.schemas.model import NONE, Column, DamagedFileError, FlawError, Schema
from bench.runs.schemas.rankings import (
    CALIBRATION_TAU,
    DIFFERENCES,
    KENDALL_TAU,
    KENDALL_TAU_BY_SEED,
    POINTS,
    RANKING,
    VARIATIONS,
)
from bench.runs.schemas.run_files import (
    CELL_SCORES,
    EVALUATED,
    EVALUATION,
    HISTORY,
    KERNEL_SCORES,
    PARETO,
    RUN,
    SCORES_PART,
    SEARCH,
    TIMES,
)
from bench.runs.schemas.truth_files import TRUTH_PART, TRUTH_RECIPE

__all__ = [
    "ACCURACIES",
    "BN_STATISTICS",
    "CALIBRATION_SWEEP",
    "CALIBRATION_TAU",
    "CELL_SCORES",
    "COMBINATION_STATISTICS",
    "CURVE",
    "DIFFERENCES",
    "EVALUATED",
    "EVALUATION",
    "GROWING",
    "GROWING_ABOUT",
    "HISTORY",
    "JACOBIAN",
    "KENDALL_TAU",
    "KENDALL_TAU_BY_SEED",
    "KERNEL_SCORES",
    "LEMMA_2",
    "MEASURING",
    "NAMES_IN_RUNS",
    "NONE",
    "PARETO",
    "POINTS",
    "RANKING",
    "RUN",
    "SCORES_PART",
    "SEARCH",
    "SIMILARITY",
    "TIMES",
    "TRUTH_PART",
    "TRUTH_RECIPE",
    "VARIATIONS",
    "Column",
    "DamagedFileError",
    "FlawError",
    "JsonSchema",
    "Key",
    "Schema",
    "calibrated_text",
    "calibrated_word",
    "conform",
    "is_calibrated",
    "is_raw",
    "later",
    "read",
    "read_json",
    "schema_of",
    "to_calibrated",
    "write",
    "write_json",
    "write_rows",
]
