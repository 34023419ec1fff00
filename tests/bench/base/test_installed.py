"""Every way to start a command: installed, as a file, as a module; Ctrl-C while it imports."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.paths import ROOT
from tests.test_docs import OURS

if TYPE_CHECKING:
    from pathlib import Path

INTERRUPT = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path, target=None):
        if name == os.environ["INTERRUPTED_AT"]:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
"""
FILES = [f"bench/{path.name}" for path in sorted((ROOT / "bench").glob("[!_]*.py"))]
STARTS = [
    *((name, "bench.base.parser") for name in FILES),
    ("-m bench.run", "bench.verbs.options"),
    ("-m analysis", "analysis.report"),
    ("-m analysis.leaderboard", "analysis.leaderboard.board"),
    ("-m analysis.findings", "pandas"),
    ("-m analysis.readme", "pandas"),
    ("-m analysis.figures.kernel_cost", "analysis.style"),
    ("-c 'import sys, bench.base.installed as i; sys.exit(i.table())'", "rich"),
]
STARTS += [(start, "bench.base.command") for start, _ in STARTS]  # nothing else is there as yet


def test_installed_commands_are_those_of_the_project() -> None:
    scripts = re.findall(
        r'^(mixpath-\w+) = "bench\.base\.installed:(\w+)"$',
        (ROOT / "pyproject.toml").read_text(),
        re.MULTILINE,
    )
    assert {name for name, _ in scripts} == set(OURS)
    for name, function in scripts:
        installed = getattr(importlib.import_module("bench.base.installed"), function)
        assert name in installed.__doc__
        assert hasattr(importlib.import_module(OURS[name]), "command")


@pytest.mark.slow
@pytest.mark.parametrize(("start", "place"), STARTS)
def test_ctrl_c_while_modules_are_imported_is_one_line(
    start: str, place: str, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(INTERRUPT)
    done = subprocess.run(
        ["sh", "-c", f"exec '{sys.executable}' {start} results"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{tmp_path}:{ROOT}", "INTERRUPTED_AT": place},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, "interrupted\n")
