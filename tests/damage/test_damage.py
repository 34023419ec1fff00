"""A small damage campaign, and proof that a campaign counts what goes wrong."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.damage import campaign, trials
from tests.damage.campaign import Campaign, run_campaign
from tests.damage.damages import DAMAGES, draw
from tests.damage.kept import Kept
from tests.damage.kills import COMMANDS
from tests.damage.kinds import KINDS, Kind
from tests.damage.tally import bad_lines, table_lines
from tests.damage.trials import BELIEVED, HANG, HARMLESS, REFUSED, TRACEBACK, Trial, try_kind
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from random import Random


@pytest.mark.slow
def test_nothing_is_believed_nothing_crashes_nothing_hangs() -> None:
    command = ["-m", "tests.damage", "--inputs", "240", "--kills", "6", "--commands", "2"]
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    total = next(line for line in done.stdout.splitlines() if line.startswith("all "))
    assert int(total.split()[1]) == 248


WHOLE = "right\nor left\n"


def make(folder: Path) -> None:
    (folder / "file.txt").write_text(WHOLE)


def content(folder: Path) -> str:
    return (folder / "file.txt").read_bytes().decode("latin-1")


def refusing(folder: Path) -> str:
    if content(folder) != WHOLE:
        raise ValueError("file.txt is damaged")
    return "right"


def crashing(folder: Path) -> str:
    return {WHOLE: "right"}[content(folder)]


def hanging(folder: Path) -> str:
    if content(folder) != WHOLE:
        time.sleep(600)
    return "right"


def wordless(folder: Path) -> str:
    if content(folder) != WHOLE:
        raise ValueError
    return "right"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize(
    ("read", "outcome"),
    [
        (refusing, REFUSED),
        (content, BELIEVED),
        (lambda _: "right", HARMLESS),
        (crashing, TRACEBACK),
        (wordless, TRACEBACK),
        (hanging, HANG),
    ],
)
def test_every_outcome_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], Any], outcome: str
) -> None:
    monkeypatch.setattr(trials, "LIMIT_S", 1.0 if outcome == HANG else 20.0)
    (tmp_path / "made").mkdir()
    make(tmp_path / "made")
    monkeypatch.setattr(trials, "draw", _never_missing)
    kind = Kind("file.txt", make, "file.txt", read)
    todo = trials.inputs(kind, 2, 0, ())
    found = list(try_kind(kind, tmp_path / "made", tmp_path / "scratch", todo, 0))
    assert [trial.outcome for trial in found] == [outcome, outcome]


def kept_campaign(monkeypatch: pytest.MonkeyPatch) -> Campaign:
    monkeypatch.setattr(campaign, "KINDS", (Kind("file.txt", make, "file.txt", refusing),))
    monkeypatch.setattr(campaign, "COMMANDS", ())
    return Campaign(inputs=6, kills=0, commands=0)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_campaign_goes_on_where_it_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, file = kept_campaign(monkeypatch), tmp_path / "tried.txt"
    (tmp_path / "whole").mkdir()
    whole = list(run_campaign(asked, tmp_path / "whole"))
    kept = Kept(file, asked)
    for trial in whole[:4]:
        kept.add(trial)
    file.write_text(file.read_text()[:-5])  # killed while it wrote the fourth
    again = Kept(file, asked)
    assert [trial.number for trial in again.trials] == [0, 1, 2]
    (tmp_path / "rest").mkdir()
    for trial in run_campaign(asked, tmp_path / "rest", again.trials[:]):
        again.add(trial)
    found = [(trial.number, trial.damage, trial.outcome) for trial in Kept(file, asked).trials]
    assert found == [(trial.number, trial.damage, trial.outcome) for trial in whole]


def test_a_campaign_of_other_code_is_not_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, file = kept_campaign(monkeypatch), tmp_path / "tried.txt"
    Kept(file, asked)
    with pytest.raises(ValueError, match=r"and not of .*: delete it, or keep another"):
        Kept(file, replace(asked, seed=1))
    monkeypatch.setattr("tests.damage.kept.digest_of_code", lambda: "other")
    with pytest.raises(ValueError, match=r"and not of .*other.*: delete it, or keep another"):
        Kept(file, asked)


def _never_missing(rng: Random, data: bytes, other: bytes) -> tuple[str, bytes]:
    while True:
        name, damaged = draw(rng, data, other)
        if damaged is not None:
            return name, damaged


def test_the_table_counts_and_names_what_went_wrong() -> None:
    tried = [
        Trial("a", number, "cut", outcome, "said")
        for number, outcome in enumerate([REFUSED, REFUSED, BELIEVED, HANG])
    ]
    lines = list(table_lines(tried))
    assert lines[0].split() == ["tried", "refused", "harmless", "believed", "traceback", "hang"]
    assert lines[-1].split() == ["all", "4", "2", "0", "1", "0", "1"]
    assert list(bad_lines(tried, 1)) in (
        ["a, input 2: cut: believed: said"],
        ["a, input 3: cut: hang: said"],
    )


def test_inputs_repeat_and_every_damage_is_drawn(tmp_path: Path) -> None:
    make(tmp_path)
    kind = Kind("file.txt", make, "file.txt", content)
    inputs = [trials.damaged(kind, tmp_path, number, seed=3) for number in range(300)]
    assert inputs == [trials.damaged(kind, tmp_path, number, seed=3) for number in range(300)]
    assert inputs != [trials.damaged(kind, tmp_path, number, seed=4) for number in range(300)]
    assert {name for name, _ in inputs} >= set(DAMAGES) - {"another's", "half another's"}


def test_names_of_kinds_are_distinct() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)


def test_the_page_has_a_line_of_every_kind_and_command_and_of_no_other() -> None:
    table = (ROOT / "docs" / "damage.md").read_text().split("```")[1]
    found = re.findall(r"^(\S.*?)(?: +\d+){6}$", table, re.MULTILINE)
    kinds = [name for one in KINDS for name in (one.name, *([one.by_command] * bool(one.command)))]
    assert sorted(found) == sorted([*kinds, *(one.trials for one in COMMANDS), "all"])
