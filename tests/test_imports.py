"""The floors of the house: each folder imports from those below it, and from itself.

Every import counts, inside functions and for typing too. Only the top floor, the command lines,
joins the packages and may import project modules late, so that `--help` is quick.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

FLOORS = (
    ("bench.base",),
    ("bench.network",),
    ("bench.space",),
    ("bench.config",),
    ("bench.table",),
    ("bench.runs",),
    ("bench.scores",),
    ("bench.search", "bench.ranking"),
    ("supernet", "analysis"),
    ("bench",),  # bench/*.py and bench/verbs/
)
"""From the ground up; rooms on one floor don't import each other."""

PACKAGES = ("analysis", "bench", "supernet")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TOP = len(FLOORS) - 1
STARTING = ("__main__.py", "start.py")
"""What starts commands: Ctrl-C is to be heard while all else is imported."""


def name_of(path: Path) -> str:
    """Return a file's dotted name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> tuple[int, str]:
    """Return the floor and the room that a module lies in."""
    found = [
        (floor, room)
        for floor, rooms in enumerate(FLOORS)
        for room in rooms
        if module == room or module.startswith(f"{room}.")
    ]
    return max(found, key=lambda place: len(place[1]))


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield the names of the project's modules that a tree imports, wherever it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                is_module = (ROOT / full.replace(".", "/")).with_suffix(".py").is_file()
                yield full if is_module or (ROOT / full.replace(".", "/")).is_dir() else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def own(names: Iterator[str]) -> set[str]:
    """Keep the project's own modules."""
    return {name for name in names if name.partition(".")[0] in PACKAGES}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_come_from_below_or_from_the_same_room(path: Path) -> None:
    floor, room = room_of(name_of(path))
    for name in own(imports(ast.parse(path.read_text()))):
        other_floor, other_room = room_of(name)
        assert other_floor < floor or other_room == room, f"{name_of(path)} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_top_floor_and_commands_import_the_project_late(path: Path) -> None:
    if room_of(name_of(path))[0] == TOP or path.name in STARTING:
        return
    tree = ast.parse(path.read_text())
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            assert not own(imports(function)), f"{name_of(path)}: {function.name} imports late"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_torch_is_for_weights_alone(path: Path) -> None:
    """On the top floor inside functions, in bench's other rooms and in analysis nowhere."""
    floor, room = room_of(name_of(path))
    tree = ast.parse(path.read_text())
    if room == "supernet":
        return
    if floor == TOP:
        tree = ast.Module([node for node in tree.body if not _is_late(node)], [])
    assert not {name.partition(".")[0] for name in imports(tree)} & {"torch", "torchvision"}
    if floor == TOP:
        assert not {name.partition(".")[0] for name in own(imports(tree))} & {"supernet"}


def _is_late(node: ast.stmt) -> bool:
    is_type_checking = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
    return isinstance(node, ast.FunctionDef | ast.ClassDef) or is_type_checking


def test_command_lines_start_without_torch() -> None:
    code = (
        "import sys, bench.run, bench.rank, bench.table_command, bench.mixpath, bench.measure\n"
        "import bench.truth, bench.proxies\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_happens_at_import(path: Path) -> None:
    """No call at the top of a module: no seeding, no settings, no files."""
    for node in ast.parse(path.read_text()).body:
        is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        assert not is_call, f"{path}:{node.lineno} calls something at import"


def test_folders_stay_small_enough_to_look_around_in() -> None:
    for folder in sorted({path.parent for path in MODULES}):
        modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) <= 15, f"{folder} has {len(modules)} modules"
