"""The leaderboard: rows added and replaced, sections kept apart, published rows with a source."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.leaderboard.__main__ import main
from analysis.leaderboard.board import update
from analysis.leaderboard.rows import FREE, MEASURED, PUBLISHED, WHOLE, add, read
from analysis.leaderboard.show import GREY, draw, markdown
from analysis.published import TABLE3, WHOLE_SPACE
from bench.base.digests import sha256_of
from bench.rank import rank
from bench.runs.layout import LOCK, SUMS
from bench.runs.lock import at_work
from tests.paths import ROOT
from tests.synthetic import cells

if TYPE_CHECKING:
    from pathlib import Path

DIGITS = ROOT / "results/reference/digits"


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ranked")
    frame = pd.DataFrame({"cell_hash": [c.hash for c in cells()], "one": range(34)})
    rank(frame, "digits", out=path)
    return path


def test_rows_are_measured_free_or_published(tmp_path: Path, ranked: Path) -> None:
    board = add(tmp_path / "board.csv", ranked, WHOLE)
    whole = board[board["section"] == WHOLE]
    assert whole[whole["kind"] == MEASURED]["method"].tolist() == ["one"]
    assert "3x3 convolutions" in whole[whole["kind"] == FREE]["method"].tolist()
    assert "random, one draw" not in set(whole["method"])
    published = board[board["kind"] == PUBLISHED]
    assert len(published) == len(WHOLE_SPACE) + sum(m == 4 for m, *_ in TABLE3)
    assert published["source"].str.len().min() > 0
    absolute = published[published["protocol"] == "own, absolute value"]
    assert set(absolute["method"]) >= {"grasp", "synflow"}
    assert absolute["tau"].isna().all()
    assert published["tau"].isna().sum() == len(absolute), "no published Spearman has its sign"
    assert whole["kind"].drop_duplicates().tolist() == [MEASURED, FREE, PUBLISHED]
    pd.testing.assert_frame_equal(read(tmp_path / "board.csv"), board, check_dtype=False)


def test_a_method_once_more_replaces_its_row(tmp_path: Path, ranked: Path) -> None:
    add(tmp_path / "board.csv", ranked, WHOLE)
    first = add(tmp_path / "board.csv", DIGITS, "8x8 digits", m=2)
    again = add(tmp_path / "board.csv", ranked)
    assert len(again) == len(first), "its section is found by its cells"
    assert again["section"].unique().tolist() == first["section"].unique().tolist()


def test_other_cells_do_not_join_a_section(tmp_path: Path, ranked: Path) -> None:
    add(tmp_path / "board.csv", ranked, WHOLE)
    with pytest.raises(
        ValueError, match=r"is of 34 cells that were scored \(digest .*not of digits, m = 2"
    ):
        add(tmp_path / "board.csv", DIGITS, WHOLE, m=2)
    board = add(tmp_path / "board.csv", DIGITS, "8x8 digits", m=4)
    digits = board[board["section"] == "8x8 digits"]
    assert "shadow BN, calibrated, by accuracy" in digits["method"].tolist()
    assert (digits["num_cells"] == 34).all()


def test_as_many_other_cells_do_not_join_a_section(tmp_path: Path) -> None:
    every = sorted(c.hash for c in cells())
    halves = {"a": every[:17], "b": every[17:]}
    for name, hashes in halves.items():
        frame = pd.DataFrame({"cell_hash": hashes, name: range(17)})
        rank(frame, "digits", out=tmp_path / name, leaderboard=tmp_path)
    board = read(tmp_path / "leaderboard.csv")
    board = board[board["kind"] != PUBLISHED]
    assert board["cells"].unique().tolist() == ["17 cells that were scored"]
    assert board["section"].nunique() == board["digest"].nunique() == 2
    bars = board[board["method"] == "3x3 convolutions"].set_index("section")["tau"]
    assert bars.nunique() == 2, "each half keeps its own"
    add(tmp_path / "named.csv", tmp_path / "a", "both")
    with pytest.raises(ValueError, match="section 'both' is of 17 cells that were scored"):
        add(tmp_path / "named.csv", tmp_path / "b", "both")


def test_the_same_cells_of_another_split_are_another_section(tmp_path: Path) -> None:
    frame = pd.DataFrame({"cell_hash": [c.hash for c in cells()], "a": range(34)})
    for split in ("test", "valid"):
        rank(frame, "digits", split=split, out=tmp_path / split, leaderboard=tmp_path)
    board = read(tmp_path / "leaderboard.csv")
    assert board[board["method"] == "a"]["section"].nunique() == 2


def test_supernets_stand_beside_scores_of_the_same_cells(tmp_path: Path, ranked: Path) -> None:
    add(tmp_path / "board.csv", ranked, "digits")
    board = add(tmp_path / "board.csv", DIGITS, m=4)
    measured = board[board["kind"] == MEASURED]
    assert set(measured["section"]) == {"digits"}
    assert measured["cells"].nunique() == 1, "the same cells have one name"


def test_what_is_no_ranking_or_board_is_refused(tmp_path: Path, ranked: Path) -> None:
    with pytest.raises(ValueError, match=r"has no kendall_tau.csv: rank it first"):
        add(tmp_path / "board.csv", tmp_path)
    with pytest.raises(ValueError, match="has no rows of m=9"):
        add(tmp_path / "board.csv", ranked, m=9)
    (tmp_path / "board.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"board\.csv, line 1: column 'a' is unknown"):
        add(tmp_path / "board.csv", ranked)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("measured", "mesured", "'mesured' is none of measured, free, published"),
        (",34.0,", ",xx,", "'xx'"),
        (",34.0,", ",33.0,", "is not as it was written"),
        ("own,", "own", "board.csv, line"),
    ],
)
def test_a_damaged_board_is_refused(
    tmp_path: Path, ranked: Path, old: str, new: str, message: str
) -> None:
    board = tmp_path / "board.csv"
    add(board, ranked, WHOLE)
    damaged = board.read_text().replace(old, new)
    board.write_text(damaged)
    with pytest.raises(ValueError, match=f"{message}.*; put it back, or delete it"):
        add(board, ranked, WHOLE)
    assert board.read_text() == damaged


def test_a_board_that_is_gone_is_not_begun_anew(tmp_path: Path, ranked: Path) -> None:
    board = tmp_path / "board.csv"
    add(board, ranked, WHOLE)
    board.unlink()
    with pytest.raises(ValueError, match=r"was written and is gone: put it back, or delete it and"):
        add(board, ranked, WHOLE)


def test_words_survive_a_locale_without_utf_8(tmp_path: Path, ranked: Path) -> None:
    command = ["-m", "analysis.leaderboard", str(ranked), "--section", "T\u00e4st"]
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for _ in range(2):  # the second finds its section
        subprocess.run(
            [sys.executable, *command, "--board", str(tmp_path)],
            cwd=ROOT,
            env={**os.environ, **ascii_alone},
            check=True,
        )
    board = read(tmp_path / "leaderboard.csv")
    assert set(board[board["kind"] != PUBLISHED]["section"]) == {"T\u00e4st"}


def test_one_command_at_a_time_writes_a_board(tmp_path: Path, ranked: Path) -> None:
    with at_work(tmp_path), pytest.raises(ValueError, match="another command is at work in"):
        update(tmp_path, ranked)


def test_published_rows_are_grey_and_apart(tmp_path: Path, ranked: Path) -> None:
    board = add(tmp_path / "board.csv", ranked, WHOLE)
    ax = draw(board[board["section"] == WHOLE], Figure().subplots())
    colors = {text.get_text(): text.get_color() for text in ax.get_yticklabels()}
    assert colors["one"] == "black"
    assert colors["grasp (|Spearman|)"] == GREY
    legend = ax.get_legend()
    assert legend is not None
    named = [text.get_text() for text in legend.get_texts()]
    assert named[-1] == "noise ceiling"
    assert named[-2].startswith("published |Spearman|"), "another statistic has a marker of its own"
    parts = markdown(board).split("\n\n")
    (captioned,) = [i for i, part in enumerate(parts) if part.startswith(f"{WHOLE}: published")]
    assert "grasp" in parts[captioned + 1]
    assert "| one |" not in parts[captioned + 1]


def test_published_spearmans_are_no_ranks_among_taus(tmp_path: Path, ranked: Path) -> None:
    board = add(tmp_path / "board.csv", ranked, WHOLE)
    published = board[(board["kind"] == PUBLISHED) & (board["section"] == WHOLE)]
    is_spearman = published["tau"].isna().tolist()
    assert is_spearman == sorted(is_spearman)
    assert published["spearman"].max() > published["tau"].min(), "by size they would mix"
    ax = draw(board[board["section"] == WHOLE], Figure().subplots())
    places = {(line.get_marker(), int(y)) for line in ax.lines for y in np.ravel(line.get_ydata())}
    triangles = {y for marker, y in places if marker == "v"}
    assert len(triangles) == sum(is_spearman)
    assert min(triangles) > max(y for marker, y in places if marker == "D")


def test_what_is_counted_has_no_seeds_and_the_protocol_is_told(
    tmp_path: Path, ranked: Path
) -> None:
    text = markdown(add(tmp_path / "board.csv", ranked, "mine"))
    caption, _, *lines = text.splitlines()
    told = "protocol given: every architecture; copies of one cell averaged; truth = mean test"
    assert told in caption
    rows = [[cell.strip() for cell in line.split("|")] for line in lines if line.startswith("|")]
    seeds = {row[1]: row[rows[0].index("seeds")] for row in rows}
    assert seeds["one"] == "1"
    assert seeds["parameter count (free)"] == "-"


def test_a_folder_has_rows_table_and_figure(tmp_path: Path, ranked: Path) -> None:
    update(tmp_path, ranked)
    files = {path.name for path in tmp_path.iterdir()} - {LOCK, SUMS}
    assert files == {f"leaderboard.{kind}" for kind in ("csv", "md", "png", "svg")}


def test_adding_is_one_command(tmp_path: Path, ranked: Path) -> None:
    assert main([str(ranked), "--board", str(tmp_path)]) == 0
    assert main([str(tmp_path), "--board", str(tmp_path)]) == 2
    frame = pd.DataFrame({"cell_hash": [c.hash for c in cells()], "two": range(34)})
    rank(frame, "digits", out=tmp_path / "two", leaderboard=tmp_path)
    board = read(tmp_path / "leaderboard.csv")
    assert set(board[board["kind"] == MEASURED]["method"]) == {"one", "two"}
    with pytest.raises(ValueError, match="takes its rows from a results folder: name one"):
        rank(frame, "digits", leaderboard=tmp_path)


def test_the_one_in_results_holds_the_bar_and_says_whose_cells() -> None:
    board = read(ROOT / "results/leaderboard/leaderboard.csv")
    bar = board[(board["method"] == "3x3 minus shortest path") & (board["kind"] == FREE)]
    by_section = bar.set_index("section")["tau"]
    assert by_section["NAS-Bench-101, every cell at hand"] == pytest.approx(0.562, abs=5e-4)
    (cells_of,) = bar[bar["section"] == WHOLE]["cells"]
    assert cells_of.startswith("1,000 cells of cells-1000.txt (SHA-256 of their sorted hashes ")
    assert (board[board["kind"] != PUBLISHED].groupby("section")["cells"].nunique() == 1).all()


def test_a_leaderboard_without_its_digest_is_refused(tmp_path: Path) -> None:
    shutil.copy(ROOT / "results/leaderboard/leaderboard.csv", tmp_path)
    board = tmp_path / "leaderboard.csv"
    with pytest.raises(ValueError, match="no digest until SHA256SUMS, which is gone, is put back"):
        read(board)
    (tmp_path / SUMS).write_text(f"{sha256_of(board)}  {board.name}\n")  # as sha256sum writes it
    assert len(read(board))
