"""The documentation: its commands parse, its links lead somewhere, its Python runs.

Commands are those in the `sh` blocks of Markdown files and in the scripts beside results. A shell
runs each block and script with stand-ins for every program, so that loops, variables and
continued lines are the shell's business; what the stand-ins were called with is then read by the
argument parser of that command.
"""

from __future__ import annotations

import configparser
import contextlib
import importlib
import os
import re
import shlex
import shutil
import stat
import subprocess
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "results/reference/README.md"]
)
SCRIPTS = sorted([*ROOT.glob("results/reference/*/make.sh"), *ROOT.glob("results/*/make.sh")])
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")

OURS = dict(
    re.findall(
        r'`(mixpath-\w+)`\."""\n    return run_module\("([\w.]+)"\)$',
        (ROOT / "bench" / "base" / "installed.py").read_text(),
        re.M,
    )
)
"""Installed commands and the module of each."""
OTHERS = ("pip", "rsync", "mkdir", "cp", "find", "scontrol")
REAL = ("dirname", "realpath")
SLURM = {"SLURMD_NODENAME": "node1", "SLURM_NTASKS": "8"}
"""What SLURM sets for a script."""
STAND_IN = r"""#!/bin/bash
printf '%s\x1f' "${0##*/}" "$@" >> "$CALLS"
printf '\x1e' >> "$CALLS"
"""

Command = list[str]


def blocks(page: Path, language: str) -> list[str]:
    """List the fenced blocks of a page in one language."""
    return [text for name, text in FENCED.findall(page.read_text()) if name == language]


def name_of(path: Path) -> str:
    """Name a file for a test's id."""
    return str(path.relative_to(ROOT))


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with stand-ins for every program that the documentation calls."""
    folder = tmp_path_factory.mktemp("programs")
    for name in ("python", "srun", "torchrun", "tox", *OURS, *OTHERS):
        (folder / name).write_text(STAND_IN)
        (folder / name).chmod(stat.S_IRWXU)
    for name in REAL:
        (folder / name).symlink_to(shutil.which(name) or name)
    return folder


def called(programs: Path, folder: Path, *shell: str) -> list[Command]:
    """Run bash with the stand-ins in a folder; return the commands that it called."""
    calls = folder / "calls"
    environment = {"PATH": str(programs), "CALLS": str(calls), **SLURM}
    bash = shutil.which("bash") or "bash"
    done = subprocess.run(
        [bash, *shell], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    records = calls.read_text().split("\x1e")[:-1] if calls.is_file() else []
    return [record.split("\x1f")[:-1] for record in records]


def check_command(command: Command) -> None:
    """Refuse a command whose arguments its parser doesn't take, or that isn't there."""
    program, *arguments = command
    if program in OURS:
        parse(OURS[program], arguments)
    elif program == "python":
        parse(*_module(arguments))
    elif program == "srun":
        if arguments[:2] == ["bash", "-c"]:
            arguments = shlex.split(arguments[2].partition(" exec ")[2])
        check_command(arguments)
    elif program == "torchrun":
        assert arguments[0] == "--nproc-per-node", command
        assert arguments[1].isdecimal(), command
        parse(*_module(arguments[2:]))
    elif program == "tox":
        check_tox(arguments)
    else:
        assert program in OTHERS, command


def _module(arguments: Command) -> tuple[str, Command]:
    """Split what follows `python` into the module that it runs and that module's arguments."""
    if arguments[0] == "-m":
        name = arguments[1]
        is_package = (ROOT / name.replace(".", "/") / "__main__.py").is_file()
        return (f"{name}.__main__" if is_package else name), arguments[2:]
    assert (ROOT / arguments[0]).is_file(), f"no file {arguments[0]}"
    return arguments[0].removesuffix(".py").replace("/", "."), arguments[1:]


def parse(name: str, arguments: Command) -> None:
    """Parse the arguments of one of our commands; a test's own file of the project has none."""
    if name == "tests.bless":
        assert not arguments
        return
    module = importlib.import_module(name)
    assert hasattr(module, "parser"), f"{name} has no parser(), which reads a command's arguments"
    leaves = {"--help", "--list"} & set(arguments)
    with contextlib.suppress(SystemExit) if leaves else contextlib.nullcontext():
        try:
            module.parser().parse_args(arguments)
        except ValueError as error:
            pytest.fail(f"{name} {' '.join(arguments)}: {error}")


@cache
def tox_environments() -> set[str]:
    """List the environments of tox.ini."""
    config = configparser.ConfigParser()
    config.read(ROOT / "tox.ini")
    return {name.partition(":")[2] for name in config.sections() if ":" in name}


def check_tox(arguments: Command) -> None:
    """Refuse an environment that tox.ini lacks."""
    if arguments:
        assert arguments[0] == "-e", arguments
        assert set(arguments[1].split(",")) <= tox_environments(), arguments


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_of_a_page_parse(page: Path, programs: Path, tmp_path: Path) -> None:
    for number, block in enumerate(blocks(page, "sh")):
        folder = tmp_path / str(number)
        folder.mkdir()
        for command in called(programs, folder, "-euc", block):
            check_command(command)


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_commands_of_a_script_parse(script: Path, programs: Path, tmp_path: Path) -> None:
    copy = tmp_path / script.relative_to(ROOT)
    copy.parent.mkdir(parents=True)
    shutil.copy(script, copy)
    for name in ("digits", "cifar10-small", "paper", "s1-small", "truth"):
        (tmp_path / "results" / "reference" / name).mkdir(parents=True, exist_ok=True)
    needed = len(re.findall(r"\$\{\d:\?", script.read_text()))
    commands = called(programs, tmp_path, str(copy), *(["argument"] * needed))
    assert len(commands) >= 2
    for command in commands:
        check_command(command)


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_script_says_what_it_makes_and_how_long_it_took(script: Path) -> None:
    first, second, *rest = script.read_text().splitlines()
    assert first == "#!/usr/bin/env bash"
    assert second.startswith("# Makes ")
    assert re.search(r"\d (minutes|hours|s\b)|about a minute|not recorded", second), second
    assert "set -euo pipefail" in rest
    assert os.access(script, os.X_OK)


def test_every_folder_of_reference_results_has_its_script() -> None:
    folders = {path for path in (ROOT / "results" / "reference").iterdir() if path.is_dir()}
    assert folders == {path.parent for path in SCRIPTS} - {
        ROOT / "results" / name for name in ("leaderboard", "speed")
    }


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["mixpath-ranking", "--sed", "3"], "--sed"),
        (["python", "bench/run.py", "--jobs", "0"], "at least 1"),
        (["python", "bench/ran.py"], "no file bench/ran.py"),
        (["python", "bench/mixpath.py", "serach", "x"], "serach"),
        (["torchrun", "bench/mixpath.py"], "torchrun"),
        (["tox", "-e", "rankin"], "rankin"),
        (["mixpath-truth"], "--out"),
        (["wget", "x"], "wget"),
    ],
)
def test_a_wrong_command_is_found(command: Command, message: str) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception), match=message):
        check_command(command)


def test_an_unknown_program_is_found(programs: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="wget"):
        called(programs, tmp_path, "-euc", "wget https://example.org")


def test_loops_and_continued_lines_are_followed(programs: Path, tmp_path: Path) -> None:
    text = 'for m in 3 4; do\n  python bench/run.py \\\n    --m "$m"  # comment\ndone\n'
    assert called(programs, tmp_path, "-euc", text) == [
        ["python", "bench/run.py", "--m", "3"],
        ["python", "bench/run.py", "--m", "4"],
    ]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for path, anchor in LINK.findall(FENCED.sub("", page.read_text())):
        target = page.parent / path if path else page
        assert target.exists(), f"{page.name} links to {path}"
        if anchor:
            assert anchor in anchors(target), f"{page.name} links to {path}#{anchor}"


def anchors(page: Path) -> set[str]:
    """List the anchors of a page's headings, as GitHub and the site make them."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", page.read_text()), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }


def test_files_to_touch_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    paths = re.findall(r"`((?:analysis|bench|supernet|tests)/[\w/]*(?:\.py)?)`", text)
    assert len(paths) > 12
    for path in paths:
        assert (ROOT / path).exists(), f"CONTRIBUTING.md names {path}"


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text()
    for page in (ROOT / "docs").rglob("*.md"):
        assert f": {page.relative_to(ROOT / 'docs')}\n" in navigation


@pytest.mark.slow
def test_python_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    for number, block in enumerate(blocks(ROOT / "docs" / "python.md", "python")):
        exec(compile(block, f"docs/python.md, block {number + 1}", "exec"), names)
    assert (tmp_path / "results" / "own" / "report.html").is_file()
    assert list((tmp_path / "results" / "s1").glob("retrain-*/evaluation.csv"))


def _stages() -> Iterator[str]:
    yield from re.findall(r"^## (.*)$", (ROOT / "docs" / "python.md").read_text(), re.MULTILINE)


def test_each_stage_has_its_lines() -> None:
    text = " ".join(_stages()).lower()
    for word in ("train", "score", "rank", "report", "measure", "search", "import", "ask"):
        assert word in text
