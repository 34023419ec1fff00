"""Names of files: `bench.runs.layout` alone spells them, so that renaming one changes one file."""

import ast
from pathlib import Path

import pytest

from bench.runs import layout
from bench.runs.schemas.kinds import IN_RESULTS, IN_RUNS, JSON
from tests.paths import ROOT

SUFFIXES = (".csv", ".json", ".pt", ".pt2")
NAMES = {
    value
    for value in vars(layout).values()
    if isinstance(value, str) and value.endswith(SUFFIXES) and "*" not in value
}
OTHERS = [
    path
    for package in ("analysis", "bench", "supernet")
    for path in sorted((ROOT / package).rglob("*.py"))
    if path != ROOT / "bench" / "runs" / "layout.py"
]


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_module_spells_a_name(path: Path) -> None:
    literals = {
        node.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
    }
    assert not NAMES & literals


def test_every_schema_has_a_name_of_the_layout() -> None:
    schemas = {one.name for one in (*IN_RUNS, *IN_RESULTS)} | {one.name for one in JSON}
    assert schemas <= NAMES
    assert {"history.csv", "kendall_tau.csv", "run.json"} <= schemas
