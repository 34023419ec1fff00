"""Imports point one way: analysis -> bench <- supernet; torch comes where a stage needs it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

PACKAGES = ("analysis", "bench", "supernet")
COMMAND_LINES = {"run", "truth", "measure", "mixpath", "speed"}
"""Files of bench/, by name or by beginning, that may join the packages, inside functions."""


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).glob("*.py"))


def imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("path", modules("supernet") + modules("analysis"), ids=str)
def test_supernet_and_analysis_import_only_bench_and_themselves(path: Path) -> None:
    other = {"supernet": "analysis", "analysis": "supernet"}[path.parent.name]
    names = imported(ast.parse(path.read_text()))
    assert other not in names
    if path.parent.name == "analysis":
        assert "torch" not in names


@pytest.mark.parametrize("path", modules("bench"), ids=str)
def test_bench_imports_the_others_only_in_functions_of_its_command_lines(path: Path) -> None:
    tree = ast.parse(path.read_text())
    top = ast.Module([node for node in tree.body if not _is_lazy(node)], [])
    assert not imported(top) & {"supernet", "analysis", "torch"}
    joins = imported(tree) & {"supernet", "analysis"}
    is_command = path.stem.partition("_")[0] in COMMAND_LINES
    assert not joins or is_command or path.stem == "parallel"


def _is_lazy(node: ast.stmt) -> bool:
    is_type_checking = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
    return isinstance(node, ast.FunctionDef | ast.ClassDef) or is_type_checking


def test_command_line_starts_without_torch() -> None:
    code = "import sys, bench.run, bench.table_command; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_nothing_happens_at_import() -> None:
    """Importing everything draws no random number and opens no file for writing."""
    for package in PACKAGES:
        for path in modules(package):
            for node in ast.parse(path.read_text()).body:
                is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
                assert not is_call, f"{path}:{node.lineno} calls something at import"
