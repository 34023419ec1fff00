"""The cost of supernets: sums of times.csv by hand, and the paper's beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from analysis.figures.search import cost
from analysis.read import read_runs
from bench.runs import schemas
from tests.synthetic import write_runs

if TYPE_CHECKING:
    from pathlib import Path


def test_hours_are_those_of_training_and_scoring(tmp_path: Path) -> None:
    write_runs(tmp_path, ms=(2,))
    runs = read_runs(tmp_path)
    times = pd.DataFrame(
        {"epoch": [1, 2, 0], "time_s": [1800.0, 1800.0, 720.0], "stage": ["train"] * 2 + ["score"]}
    )
    for run in runs:
        schemas.write(times, run.folder / "times.csv", schemas.TIMES)
    frame = cost.compute(tmp_path)
    ours = frame[frame["bn"] != "paper"]
    assert ours["num_runs"].sum() == len(runs)
    assert ours["train_hours"].tolist() == pytest.approx([1.0] * len(ours))
    assert ours["hours"].tolist() == pytest.approx([1.2] * len(ours))
    assert ours["days"].tolist() == pytest.approx([0.05] * len(ours))
    assert set(ours["device"]) == {"device unknown"}, "made-up runs do not say"
    papers = frame[frame["bn"] == "paper"].set_index("space")["days"]
    assert papers.to_dict() == pytest.approx({"s1": 19 / 24, "s2": 10.0, "s3": 10.0})
