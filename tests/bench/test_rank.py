"""bench/rank.py as a user calls it: by hand, by mistake, from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from bench import rank as module
from bench.rank import draw, rank
from bench.ranking.given.outputs import EVERY_BASELINE
from bench.ranking.outputs import write_rankings
from bench.ranking.protocol import PROTOCOLS
from bench.runs.find import find_runs
from bench.runs.lock import at_work
from bench.table.table import open_table
from tests.synthetic import cells, write_runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BY_HAND = "architecture,ours\n3---,0.5\n33--,0.7\n333-,0.9\np---,0.1\n1---,0.2\n"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command line; return the exit code and what it printed."""

    def call(*argv: object) -> tuple[int, str, str]:
        code = module.main([str(part) for part in argv])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_a_file_written_by_hand_is_ranked_in_one_command(
    tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    (tmp_path / "own.csv").write_text(BY_HAND)
    code, out, err = run(tmp_path / "own.csv", "--table", "digits", "--out", tmp_path / "out")
    assert code == 0, err
    assert "ours" in out
    assert "3x3 minus shortest path" in out
    written = {path.name for path in (tmp_path / "out").iterdir()}
    figures = {f"{name}.{kind}" for name in ("kendall_tau", "scatter") for kind in ("png", "svg")}
    tables = {f"kendall_tau.{kind}" for kind in ("csv", "json", "md", "tex")}
    assert written >= {"report.html", "ranking.json", "differences.csv", *figures, *tables}


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", (), "is empty: it needs a cell"),
        ("hash,score\nx,1\n", (), "found the columns hash, own, none of which names a cell"),
        ("cell_hash,a\nx,1\n", (), "line 2: cell_hash 'x' must be 32 hexadecimal digits"),
        (BY_HAND, ("--epochs", "3"), "has no budget of 3 epochs: use one of 12"),
        (BY_HAND, ("--lower", "our"), "unknown method in lower 'our': did you mean 'ours'?"),
        (BY_HAND, ("--split", "tset"), "truth_split='tset' is not test or valid"),
        (BY_HAND, ("--cells", "all"), "cells 'all' must be sample:NUM"),
        (BY_HAND, ("--cells", "sample:30"), "no scores of 25 of the 30 cells asked for"),
        (BY_HAND, ("--table", "none.h5"), "there is no table none.h5"),
        (BY_HAND, ("--limit", "0"), "--limit '0' must be a whole number of at least 1"),
        (BY_HAND, ("--baseline", "depht"), "unknown baseline"),
        (f"cell_hash,a\n{'0' * 32},1\n", (), "lacks the test accuracy of 1 of the 1 cells"),
    ],
)
def test_a_mistake_is_one_clear_line(
    tmp_path: Path,
    run: Callable[..., tuple[int, str, str]],
    text: str,
    options: tuple[str, ...],
    message: str,
) -> None:
    (tmp_path / "own.csv").write_text(text)
    table = () if "--table" in options else ("--table", "digits")
    code, out, err = run(tmp_path / "own.csv", *table, *options, "--out", tmp_path / "out")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err
    assert not (tmp_path / "out").exists()


def test_without_scores_what_is_free_is_ranked(
    tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    code, out, err = run("--table", "digits", "--cells", "sample:20", "--out", tmp_path)
    assert code == 0, err
    assert "20 cells; protocol given" in out, "what is counted has no seeds"
    assert "20 cells drawn with seed 0 from the 34 of digits_truth.h5" in out
    assert "the best that costs nothing" in (tmp_path / "report.html").read_text()


def test_three_lines_of_python(tmp_path: Path) -> None:
    frame = pd.DataFrame({"cell_hash": [c.hash for c in cells()], "ours": range(34)})
    ranked = rank(frame, "digits", out=tmp_path)
    assert ranked["scorer"][0] == "ours"
    assert (tmp_path / "report.html").is_file()
    with mpl.rc_context({"backend": "agg"}):
        ax = draw(ranked)
    assert [text.get_text() for text in ax.get_yticklabels()].count("ours") == 1
    assert draw(ranked, ax) is ax


def test_a_notebook_shows_the_table_and_the_figure() -> None:
    """It asks a last value for `_repr_html_`, and draws the figures that pyplot knows, once."""
    ranked: Any = rank(
        pd.DataFrame({"cell_hash": [c.hash for c in cells()], "ours": range(34)}), "digits"
    )
    assert "<td>ours</td>" in ranked._repr_html_()
    with mpl.rc_context({"backend": "agg"}):
        before = set(plt.get_fignums())
        draw(ranked)
        (number,) = set(plt.get_fignums()) - before
        plt.close(number)


def test_a_table_says_which_cells_it_is_of(tmp_path: Path) -> None:
    with open_table("digits") as table:
        hashes = table.hashes()
    (tmp_path / "cells.txt").write_text("\n".join(hashes[:20]))
    frame = pd.DataFrame({"cell_hash": hashes, "ours": range(34)})
    ranked = rank(frame, "digits", cells=str(tmp_path / "cells.txt"), limit=7)
    assert (ranked["num_cells"] == 7).all()
    assert ranked.attrs["cells"].startswith("20 cells of cells.txt (SHA-256")
    assert ranked.attrs["cells"].endswith("; a quick look at 7 of them")


def test_further_options_reach_the_ranking() -> None:
    frame = pd.DataFrame({"cell_hash": [c.hash for c in cells()], "a": range(34), "b": range(34)})
    ranked = rank([frame], "digits", lower="a", limit=20, split="valid")
    by_method = ranked.set_index("scorer")
    assert by_method["tau_mean"]["a"] == -by_method["tau_mean"]["b"]
    assert (ranked["num_cells"] == 20).all()
    assert set(ranked["protocol"]) == {"given-valid"}


def test_the_table_is_named_by_its_path_too() -> None:
    with open_table("digits") as table:
        frame = pd.DataFrame({"cell_hash": table.hashes(), "ours": range(34)})
        assert len(rank(frame, table.path)) == len(rank(frame, str(table.path)))


def test_a_dry_run_checks_all_says_what_is_ranked_and_writes_nothing(
    tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    (tmp_path / "own.csv").write_text(BY_HAND)
    asked = (tmp_path / "own.csv", "--table", "digits", "--out", tmp_path / "out", "--dry-run")
    code, out, err = run(*asked)
    assert (code, err) == (0, "")
    assert out.startswith(
        f"5 cells that were scored: 1 method and {len(EVERY_BASELINE)} counts: about 0:00:0"
    )
    assert "nothing was written" in out
    assert "a quick look at 3 of them" in run(*asked, "--limit", "3")[1]
    assert not (tmp_path / "out").exists()
    (tmp_path / "own.csv").write_text(BY_HAND.replace("ours", "depth"))
    assert "has the name of a baseline" in run(*asked)[2]
    assert (
        "a leaderboard takes its rows from" in run(*asked[:3], "--dry-run", "--leaderboard", "x")[2]
    )
    write_runs(tmp_path / "runs")
    with open_table("digits") as table:
        write_rankings(tmp_path / "runs", find_runs(tmp_path / "runs"), table, [PROTOCOLS["sound"]])
    (tmp_path / "own.csv").write_text(BY_HAND)
    assert "holds a ranking of supernets" in run(*asked[:4], tmp_path / "runs", "--dry-run")[2]


def test_one_command_at_a_time_writes_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.runs.lock.RANKING_S", 0.1)
    frame = pd.DataFrame({"cell_hash": [c.hash for c in cells()], "a": range(34)})
    with at_work(tmp_path), pytest.raises(ValueError, match="another command is at work in"):
        rank(frame, "digits", out=tmp_path)
    assert not (tmp_path / "kendall_tau.csv").exists()
    rank(frame, "digits", out=tmp_path)
    with at_work(tmp_path):
        rank(frame, "digits")


def test_a_leaderboard_has_a_folder_of_its_own(tmp_path: Path) -> None:
    frame = pd.DataFrame({"cell_hash": [c.hash for c in cells()], "a": range(34)})
    with pytest.raises(ValueError, match="is the leaderboard's own folder: name another with --o"):
        rank(frame, "digits", out=tmp_path, leaderboard=str(tmp_path))
    assert not list(tmp_path.iterdir())
