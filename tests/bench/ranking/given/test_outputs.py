"""Given scores ranked: the tables of the main job, paired differences, and names that clash."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.ranking.baselines import BASELINES, STRUCTURE
from bench.ranking.given.entries import Chosen, choose_cells
from bench.ranking.given.outputs import rank_given, write_given
from bench.ranking.protocol import FOR_GIVEN
from bench.runs import schemas
from bench.scores.given import read_scores
from bench.table.table import Table
from tests.synthetic import cells, expected_accuracy, write_runs, write_truth

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.ranking.outputs import Rankings


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    with Table(write_truth(tmp_path_factory.mktemp("table") / "truth.h5")) as opened:
        yield opened


def frame(**methods: float) -> pd.DataFrame:
    """Make up methods by the size of their noise, three seeds each."""
    rng, rows = np.random.default_rng(0), []
    for method, noise in methods.items():
        for seed in range(3):
            for cell in cells():
                score = expected_accuracy(cell) + rng.normal(0, noise)
                rows.append(
                    {"cell_hash": cell.hash, "method": method, "seed": seed, "score": score}
                )
    return pd.DataFrame(rows)


def rank(table: Table, *frames: pd.DataFrame) -> tuple[Chosen, Rankings]:
    chosen = choose_cells(read_scores(frames), table, FOR_GIVEN)
    return chosen, rank_given(chosen, table, FOR_GIVEN)


def difference(rankings: Rankings, scorer: str, minus: str) -> dict[str, Any]:
    """Find the row of a difference; nothing where there is none."""
    rows = rankings.differences.to_dict("records")
    found = [row for row in rows if (row["scorer"], row["minus"]) == (scorer, minus)]
    return {str(name): value for row in found for name, value in row.items()}


@pytest.fixture(scope="module")
def ranked(table: Table) -> tuple[Chosen, Rankings]:
    one = pd.DataFrame({"cell_hash": [c.hash for c in cells()], "constant": 1.0, "inf": 0.0})
    one.loc[3, "inf"] = np.inf
    return rank(table, frame(good=0.01, bad=0.1), one)


def test_every_method_and_baseline_has_a_row(ranked: tuple[Chosen, Rankings]) -> None:
    taus = ranked[1].kendall_tau
    given = taus[taus["bn"] == "given"]
    assert given["scorer"].tolist() == ["good", "bad", "constant", "inf"]
    assert given["num_seeds"].tolist() == [3, 3, 1, 1]
    assert taus[taus["bn"] == "-"]["scorer"].tolist() == [*BASELINES, *STRUCTURE, "random"]
    assert (taus["m"] == 0).all()
    assert taus["calibrated"].isna().all()


def test_tau_is_the_mean_over_seeds_of_scipys(
    ranked: tuple[Chosen, Rankings], table: Table
) -> None:
    scores = ranked[0].scores
    truths = [table.mean_accuracy(key) for key in scores.cells]
    for method in ("good", "bad"):
        taus = [stats.kendalltau(one, truths)[0] for one in scores.values[method].values()]
        (found,) = ranked[1].kendall_tau.query("scorer == @method").to_dict("records")
        assert found["tau_mean"] == pytest.approx(np.mean(taus), abs=1e-6)
        assert found["tau_std"] == pytest.approx(np.std(taus, ddof=1), abs=1e-6)
        assert found["tau_low"] < found["tau_mean"] < found["tau_high"]


def test_a_constant_score_has_no_tau(ranked: tuple[Chosen, Rankings]) -> None:
    (found,) = ranked[1].kendall_tau.query("scorer == 'constant'").to_dict("records")
    assert np.isnan([found["tau_mean"], found["tau_low"], found["spearman"]]).all()
    assert found["precision_top10"] == pytest.approx(4 / 34, abs=1e-3)


def test_methods_are_compared_in_pairs_of_seeds_and_with_what_is_free(
    ranked: tuple[Chosen, Rankings],
) -> None:
    good = difference(ranked[1], "good", "bad")
    assert good["by_seed"].startswith("0:")
    assert good["num_seeds"] == 3
    by_method = ranked[1].kendall_tau.set_index("scorer")["tau_mean"]
    expected = by_method["good"] - by_method["bad"]
    assert good["difference_mean"] == pytest.approx(expected, abs=1e-5)
    assert 0 < good["difference_low"] < expected < good["difference_high"]
    assert not difference(ranked[1], "bad", "good"), "each pair once"
    for free in ("num_parameters", "conv3x3_minus_path"):
        assert difference(ranked[1], "bad", free)


def test_a_method_of_one_seed_is_paired_with_every_seed(ranked: tuple[Chosen, Rankings]) -> None:
    by_seed = difference(ranked[1], "good", "inf")["by_seed"]
    assert [part.split(":")[0] for part in by_seed.split()] == ["0", "1-0", "2-0"]


def test_a_method_of_one_seed_is_paired_with_a_count_once(
    ranked: tuple[Chosen, Rankings],
) -> None:
    """A count is the same for every seed: three of another method make no three pairs of it."""
    for free in ("num_parameters", "conv3x3_minus_path"):
        alone = difference(ranked[1], "inf", free)
        assert alone["num_seeds"] == 1
        assert np.isnan(alone["difference_std"])
        assert alone["by_seed"].startswith("0:")
        assert difference(ranked[1], "good", free)["num_seeds"] == 3


def test_points_hold_every_method_as_given(ranked: tuple[Chosen, Rankings]) -> None:
    points = ranked[1].points
    first = points[points["seed"] == 0].set_index("cell_hash")
    scores = ranked[0].scores
    np.testing.assert_array_equal(first["good"][scores.cells], scores.values["good"][0])
    assert first["inf"].isna().sum() == 1, "an infinite score is ranked, but not drawn"


def test_what_is_written_is_read_back(
    ranked: tuple[Chosen, Rankings], table: Table, tmp_path: Path
) -> None:
    chosen, rankings = ranked
    (tmp_path / "own.csv").write_text("x")
    write_given(
        tmp_path, rankings, chosen, table, FOR_GIVEN, command="c", files=[tmp_path / "own.csv"]
    )
    read = schemas.read(tmp_path / "kendall_tau.csv", schemas.KENDALL_TAU)
    pd.testing.assert_frame_equal(read, rankings.kendall_tau)
    pd.testing.assert_frame_equal(
        schemas.read(tmp_path / "differences.csv", schemas.DIFFERENCES), rankings.differences
    )
    about = schemas.read_json(tmp_path / "ranking.json", schemas.RANKING)
    assert about["given"]["cells"] == "34 cells that were scored"
    assert len(about["given"]["files (SHA-256)"]["own.csv"]) == 64
    rows = json.loads((tmp_path / "kendall_tau.json").read_text())
    assert rows["version"] == schemas.KENDALL_TAU.version
    assert [row["scorer"] for row in rows["rows"]] == read["scorer"].tolist()
    assert rows["rows"][0]["tau_mean"] == read["tau_mean"][0]
    assert rows["rows"][0]["calibrated"] is None


def test_many_cells_are_drawn_only_in_part(
    ranked: tuple[Chosen, Rankings], table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.ranking.outputs.MAX_POINTS", 10)
    points = rank_given(ranked[0], table, FOR_GIVEN).points
    assert sorted(set(points["cell_hash"])) == ranked[0].scores.cells[:10]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("num_parameters", "'num_parameters' has the name of a baseline, which is ranked anyway"),
        ("random", "has the name of a baseline"),
        ("parameter count", "'parameter count' has the name of a baseline"),
        ("random, one draw", "has the name of a baseline"),
        ("truth", "'truth' has the name of a column of the tables"),
    ],
)
def test_names_that_are_taken_are_refused(table: Table, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rank(table, frame(**{name: 0.1}))


def test_a_folder_of_supernets_is_left_alone(
    ranked: tuple[Chosen, Rankings], table: Table, tmp_path: Path
) -> None:
    from bench.ranking.outputs import write_rankings
    from bench.ranking.protocol import PROTOCOLS

    write_rankings(tmp_path, write_runs(tmp_path, ms=(2,)), table, [PROTOCOLS["sound"]])
    with pytest.raises(ValueError, match="holds a ranking of supernets: name another folder"):
        write_given(tmp_path, ranked[1], ranked[0], table, FOR_GIVEN)
