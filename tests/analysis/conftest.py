"""Folders that several tests of analyses read; copy one to change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analysis.report import write_report
from bench.ranking.outputs import write_rankings
from bench.ranking.protocol import PROTOCOLS
from bench.table.table import Table
from tests.measured_run import rank_and_measure, train_run
from tests.synthetic import write_runs, write_truth

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="package")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of made-up runs, ranked and reported; nothing in it is measured."""
    results: Path = tmp_path_factory.mktemp("ranked") / "digits"
    runs = write_runs(results, ms=(2, 4))
    with Table(write_truth(results / "truth.h5", num_means=1)) as table:
        protocols = [PROTOCOLS["sound"], PROTOCOLS["paper"]]
        write_rankings(results, runs, table, protocols, command="run.py --m 2,4 <&>")
    write_report(results)
    return results


@pytest.fixture(scope="package")
def single_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where m is 1 and nothing can be summed, measured for real."""
    results: Path = tmp_path_factory.mktemp("single") / "digits"
    train_run(results, 1, "shadow")
    rank_and_measure(results)
    return results
