"""The published tables are the paper's, and ours say what was trained."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from analysis.published import TABLE1, TABLE2
from bench import mixpath
from bench.base.files import read_csv
from bench.verbs.tables import cifar10_table, imagenet_table, tables
from tests.paths import SHARED

if TYPE_CHECKING:
    from pathlib import Path

PAPER = SHARED / "paper" / "mixpath.txt"
DIGITS = [
    "--data-set",
    "digits",
    "--set",
    "image_size=8",
    "in_channels=1",
    "width=0.1",
    "depth=0.1",
    "epochs=1",
    "batch_size=100",
    "cutout=0",
]


def test_rows_stand_in_the_papers_text() -> None:
    if not PAPER.is_file():
        pytest.skip(f"the paper's text is not at {PAPER}")
    text = re.sub(r" \[\d+\]| \(ours\)|</?sup>|\u2020|\$.*?\$", "", PAPER.read_text())
    text = re.sub(r"[ \t]+", " ", text)
    for row in TABLE1:
        numbers = f"{row.parameters_m} {row.multiply_adds_m:g} {row.test_error:.2f} {row.kind}"
        assert f"{row.network} {numbers}" in text, row
    for network in TABLE2:
        top1 = "76.6 (77)" if network.network == "MixNet-M" else f"{network.top1}"
        top5 = "" if network.top5 is None else f" {network.top5}"
        line = f"{network.network} {network.multiply_adds_m:g} {network.parameters_m} {top1}"
        assert f"{line}{top5}" in text, network


def test_ours_stand_beside_them_with_what_was_trained(tmp_path: Path) -> None:
    argv = [
        "retrain",
        "--architecture",
        "e3k35-e6k7-e3k3-e3k59-e6k9",
        *DIGITS,
        "--out",
        str(tmp_path),
    ]
    assert mixpath.main(argv) == 0
    folders = list(tmp_path.glob("retrain-*"))
    table = cifar10_table(folders)
    assert len(table) == len(TABLE1) + 1
    ours = table.iloc[-1]
    assert "trained by this project" in ours["reference"]
    assert "data set 'digits', 1 epoch, seed 0, cpu" in ours["reference"]
    assert "verb" not in table
    assert ours["kind"] == "retrain"
    assert table["reference"].str.contains("trained by this project").sum() == 1
    assert len(imagenet_table(folders)) == len(TABLE2)
    both = tables(folders)
    assert both["table1"].equals(table)
    assert both["table2"].equals(imagenet_table(folders))
    assert mixpath.main(["tables", *map(str, folders), "--out", str(tmp_path / "tables")]) == 0
    assert len(read_csv(tmp_path / "tables" / "table1.csv")) == len(TABLE1) + 1
    assert len(read_csv(tmp_path / "tables" / "table2.csv")) == len(TABLE2)
