"""Which schema a file has, by its name, and where two share one by what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.runs.schemas import measurements, rankings, run_files

if TYPE_CHECKING:
    from pathlib import Path

    from bench.runs.schemas.json_files import JsonSchema
    from bench.runs.schemas.model import Schema

IN_RUNS: tuple[Schema, ...] = (
    run_files.HISTORY,
    run_files.TIMES,
    run_files.CELL_SCORES,
    run_files.KERNEL_SCORES,
    run_files.SCORES_PART,
    run_files.EVALUATION,
    run_files.EVALUATED,
    run_files.PARETO,
    measurements.BN_STATISTICS,
    measurements.COMBINATION_STATISTICS,
    measurements.LEMMA_2,
    measurements.SIMILARITY,
    measurements.JACOBIAN,
    measurements.CURVE,
    measurements.CALIBRATION_SWEEP,
    measurements.ACCURACIES,
)
"""CSV files of run folders, and of the searches in them."""

NAMES_IN_RUNS = frozenset(schema.name for schema in IN_RUNS)

IN_RESULTS: tuple[Schema, ...] = (
    rankings.KENDALL_TAU,
    rankings.KENDALL_TAU_BY_SEED,
    rankings.DIFFERENCES,
    rankings.POINTS,
    rankings.VARIATIONS,
    rankings.CALIBRATION_TAU,
)
"""CSV files of results folders; what else lies there is made to be looked at, and never read."""

JSON: tuple[JsonSchema, ...] = (run_files.RUN, run_files.SEARCH, rankings.RANKING)


def schema_of(path: Path) -> Schema:
    """Return the schema of a CSV file.

    Raises:
        ValueError: a file that no stage reads, such as a figure's.
    """
    is_in_run = any((folder / run_files.RUN.name).is_file() for folder in path.parents[:2])
    found = [one for one in (IN_RUNS if is_in_run else IN_RESULTS) if one.name == path.name]
    if len(found) > 1:
        header = set(path.read_bytes().split(b"\n")[0].decode(errors="replace").split(","))
        found.sort(key=lambda schema: len(schema.columns.keys() - header))
    if not found:
        raise ValueError(f"{path} is no file that a stage leaves for another")
    return found[0]
