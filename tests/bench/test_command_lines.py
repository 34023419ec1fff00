"""The front door: every command and verb explains itself, and shared options read the same."""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.paths import ROOT

if TYPE_CHECKING:
    from bench.base.parser import CommandParser

COMMANDS = {
    path.stem: importlib.import_module(f"bench.{path.stem}")
    for path in sorted((ROOT / "bench").glob("*.py"))
    if path.stem != "__init__"
}
NEEDED = {
    "bench/mixpath.py search": ["supernet"],
    "bench/mixpath.py transfer": ["network"],
    "bench/mixpath.py describe": ["mixnet-m"],
    "bench/measure.py": ["results"],
    "mixpath-proxies": ["--out", "scores.csv"],
    "mixpath-truth": ["--out", "own.h5"],
}


def parsers() -> list[CommandParser]:
    """List the parser of every command and of each of its verbs."""
    found = []
    for module in COMMANDS.values():
        parser = module.parser()
        found.append(parser)
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                found += action.choices.values()
    return found


PARSERS = {parser.prog: parser for parser in parsers()}


def with_set() -> list[str]:
    return [prog for prog, p in PARSERS.items() if "--set" in p._option_string_actions]


def test_every_command_is_looked_at() -> None:
    assert len(COMMANDS) == 12
    assert len(PARSERS) == 12 + 7 + 5


@pytest.mark.parametrize("prog", PARSERS)
def test_help_says_what_it_does_with_an_example_in_80_columns(
    prog: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    lines = PARSERS[prog].format_help().splitlines()
    assert [line for line in lines if len(line) > 80] == []
    command = prog if prog.startswith(("mixpath-", "python")) else f"python {prog}"
    assert any(line.startswith(f"    {command} ") for line in lines), lines
    assert (PARSERS[prog].description or "").split()[0][0].isupper()


@pytest.mark.parametrize("prog", PARSERS)
def test_help_tells_each_options_default(prog: str) -> None:
    parser = PARSERS[prog]
    formatter = parser._get_formatter()
    for action in parser._actions:
        if action.option_strings and action.nargs != 0:
            text: Any = formatter._get_help_string(action)
            assert "(default: " in text or action.required, action.option_strings
        assert action.help or isinstance(action, argparse._SubParsersAction), action.dest


@pytest.mark.parametrize("prog", with_set())
def test_set_takes_several_after_one_or_one_each(prog: str) -> None:
    parser = PARSERS[prog]
    needed = NEEDED.get(prog, [])
    together = parser.parse_args([*needed, "--set", "a=1", "b=2=3"])
    apart = parser.parse_args([*needed, "--set", "a=1", "--set", "b=2=3"])
    mixed = parser.parse_args([*needed, "--set", "a=0", "--set", "a=1", "b=2=3"])
    assert together.changes == apart.changes == mixed.changes == {"a": "1", "b": "2=3"}
    assert parser.parse_args(needed).changes == {}


def test_set_is_everywhere_that_a_recipe_is() -> None:
    verbs = ("train", "retrain", "transfer", "describe")
    assert set(with_set()) == {
        "bench/run.py",
        "mixpath-proxies",
        "mixpath-truth",
        *(f"bench/mixpath.py {verb}" for verb in verbs),
    }


@pytest.mark.parametrize("prog", with_set())
def test_what_set_swallows_is_named(prog: str) -> None:
    with pytest.raises(ValueError, match=r"'results' is not FIELD=VALUE: put other arguments befo"):
        PARSERS[prog].parse_args(["--set", "a=1", "results"])


@pytest.mark.parametrize("name", ["run", "rank", "proxies", "measure", "truth", "mixpath"])
def test_every_choice_is_listed_whatever_else_is_needed(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        COMMANDS[name].main(["--list"])
    assert left.value.code == 0
    out = capsys.readouterr().out
    assert out.startswith("presets:\n")
    for choice in ("digits", "shadow", "bernoulli", "nsga2", "sound", "conv3x3_minus_path"):
        lines = [line.split() for line in out.splitlines() if line.split()[:1] == [choice]]
        assert lines
        assert all(len(words) > 2 for words in lines), "each is explained"


def test_help_imports_no_torch() -> None:
    code = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(f'bench.{name}').parser().format_help()\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, *COMMANDS], check=True, cwd=ROOT)


@pytest.mark.parametrize(
    ("name", "argv", "other"),
    [
        ("run", ["--preset", "s1"], "bench/mixpath.py"),
        ("run", ["--preset", "s1-small"], "bench/mixpath.py"),
        ("truth", ["--preset", "s3", "--out", "own.h5"], "bench/mixpath.py"),
        ("mixpath", ["train", "--preset", "digits"], "bench/run.py"),
        ("mixpath", ["retrain", "--preset", "paper", "--architecture", "e3k3"], "bench/run.py"),
        ("mixpath", ["describe", "e3k3", "--preset", "cifar10-small"], "bench/run.py"),
    ],
)
def test_a_preset_of_another_command_is_refused_with_its_name(
    name: str, argv: list[str], other: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert COMMANDS[name].main(argv) == 2
    error = capsys.readouterr().err
    assert f"preset {argv[argv.index('--preset') + 1]!r} " in error
    assert error.endswith(f": {other} takes it\n")
    assert error.count("\n") == 1


@pytest.mark.parametrize("name", ["analysis", "analysis.leaderboard"])
def test_redrawing_imports_its_stages_where_ctrl_c_is_caught(name: str) -> None:
    code = f"import sys, {name}.__main__; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
