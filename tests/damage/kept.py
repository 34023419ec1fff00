"""What a campaign has tried, in a file of a line a trial: the same command goes on from there."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tests.damage.trials import Trial
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = ("bench", "supernet", "analysis", "tests")


class Kept:
    """The trials of one campaign on one version of the code.

    Attributes:
        trials: those that are in the file, and those added.
    """

    def __init__(self, path: Path | None, campaign: Any) -> None:
        """Take the trials of a file, or begin one.

        Args:
            path: the file; None: nothing is kept.
            campaign: what is tried.

        Raises:
            ValueError: the file is of another campaign or of other code.
        """
        self.path = path
        self.trials: list[Trial] = []
        if path is None:
            return
        head = json.dumps({**asdict(campaign), "code": digest_of_code()})
        if not path.is_file():
            path.write_text(f"{head}\n")
        whole, cut, _ = path.read_text().rpartition("\n")  # killed in a line, it ends in half of it
        first, *lines = whole.split("\n")
        if first != head:
            raise ValueError(f"{path} is of {first}, and not of {head}: delete it, or keep another")
        path.write_text(whole + cut)
        self.trials = [Trial(*json.loads(line)) for line in lines]

    def add(self, trial: Trial) -> None:
        """Add a trial; what is said of it is kept where it went wrong."""
        self.trials.append(trial)
        if self.path is not None:
            said = trial.said if trial.is_bad else ""
            with self.path.open("a") as file:
                line = [trial.kind, trial.number, trial.damage, trial.outcome, said]
                print(json.dumps(line), file=file)


def digest_of_code() -> str:
    """Return a SHA-256 of all modules' names and sources."""
    digest = hashlib.sha256()
    for path in sorted(path for name in FOLDERS for path in (ROOT / name).rglob("*.py")):
        digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()
