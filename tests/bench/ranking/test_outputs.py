"""The ranking stage on a made-up results folder: columns, averages, pairs, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.base.files import write_csv
from bench.ranking.baselines import BASELINES
from bench.ranking.entries import select_entries
from bench.ranking.outputs import Rankings, rank, write_rankings
from bench.ranking.protocol import PROTOCOLS
from bench.ranking.summary import COUNTS
from bench.runs import schemas
from bench.table.table import Table
from tests.synthetic import write_runs, write_truth

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.network.cell import Cell
    from bench.network.skeleton import Skeleton
    from bench.runs.run import Run

SOUND, PAPER, AUTHORS = (PROTOCOLS[name] for name in ("sound", "paper", "authors"))
COLUMNS = (
    "m,bn,calibrated,scorer,protocol,num_seeds,num_architectures,num_cells,tau_mean,tau_std,tau_low,"
    "tau_high,spearman,weighted_tau,precision_top10,regret,ceiling,tau_low_cells,tau_high_cells,"
    "tau_low_seeds,tau_high_seeds,tau_equal_conv3x3,tau_equal_conv3x3_low,tau_equal_conv3x3_high,"
    "tau_near_parameters,tau_near_parameters_low,tau_near_parameters_high,"
    "tau_top20,tau_top20_low,tau_top20_high,tau_equal_conv3x3_cells,tau_near_parameters_cells,"
    "tau_top20_cells"
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("digits")


@pytest.fixture(scope="module")
def runs(results: Path) -> list[Run]:
    write_runs(results, ms=(2, 4))
    return write_runs(results, batch_norms=("shadow", "none"), recipe="authors")


@pytest.fixture(scope="module")
def table(results: Path) -> Iterator[Table]:
    with Table(write_truth(results / "truth.h5")) as table:
        yield table


@pytest.fixture(scope="module")
def rankings(results: Path, runs: list[Run], table: Table) -> Rankings:
    return write_rankings(results, runs, table, [SOUND, PAPER, AUTHORS], command="run.py --m 2,4")


def one(frame: pd.DataFrame, **where: object) -> pd.Series:
    for name, value in where.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1, frame
    return frame.iloc[0]


def test_the_columns_are_those_of_the_design(rankings: Rankings, results: Path) -> None:
    assert ",".join(rankings.kendall_tau.columns) == COLUMNS
    written = (results / "kendall_tau.csv").read_text()
    assert written.splitlines()[0] == COLUMNS


def test_what_is_read_back_is_what_was_found(rankings: Rankings, results: Path) -> None:
    """Types and the missing values of baselines included."""
    found = {
        schemas.KENDALL_TAU: rankings.kendall_tau,
        schemas.KENDALL_TAU_BY_SEED: rankings.by_seed,
        schemas.DIFFERENCES: rankings.differences,
        schemas.POINTS: rankings.points,
    }
    for schema, frame in found.items():
        pd.testing.assert_frame_equal(schemas.read(results / schema.name, schema), frame)
        assert frame["calibrated"].dtype == "boolean"


def test_calibrated_is_a_dash_in_the_file_only(rankings: Rankings, results: Path) -> None:
    lines = (results / "kendall_tau.csv").read_text().splitlines()[1:]
    texts = [line.split(",")[2] for line in lines]
    assert set(texts) == {"True", "False", "-"}
    assert texts == list(rankings.kendall_tau["calibrated"].map(schemas.calibrated_text))


def test_every_group_has_one_row(rankings: Rankings) -> None:
    frame = rankings.kendall_tau
    groups = frame[frame["bn"] != "-"].groupby(["protocol", "m"]).size()
    assert groups.to_dict() == {
        ("sound", 2): 8,
        ("sound", 4): 8,
        ("paper", 2): 8,
        ("paper", 4): 8,
        ("authors", 4): 8,
    }
    baselines = frame[frame["bn"] == "-"]
    assert baselines["calibrated"].isna().all()
    assert frame[frame["bn"] != "-"]["calibrated"].notna().all()
    assert set(baselines["scorer"]) == {*BASELINES, "random"}
    assert len(baselines) == 5 * 5
    assert not frame.duplicated(["m", "bn", "calibrated", "scorer", "protocol"]).any()


def test_a_mean_and_its_spread_are_those_of_the_seeds(
    rankings: Rankings, runs: list[Run], table: Table
) -> None:
    taus = []
    for run in runs:
        if (run.recipe.name, run.recipe.m, run.recipe.batch_norm) == ("sound", 4, "single"):
            entries = select_entries(run.scores(), run.space, table, SOUND, run.seed)
            entries = entries[entries["calibrated"]]
            taus.append(stats.kendalltau(entries["accuracy"], entries["truth"]).statistic)
    where = {"m": 4, "bn": "single", "calibrated": True, "scorer": "accuracy"}
    row = one(rankings.kendall_tau, protocol="sound", **where)
    assert row["tau_mean"] == pytest.approx(np.mean(taus), abs=1e-6)
    assert row["tau_std"] == pytest.approx(np.std(taus, ddof=1), abs=1e-6)
    assert (row["num_seeds"], row["num_architectures"], row["num_cells"]) == (3, 255, 34)
    assert row["tau_low"] < row["tau_mean"] < row["tau_high"] < row["ceiling"] < 1
    for seed, tau in enumerate(taus):
        assert one(rankings.by_seed, protocol="sound", seed=seed, **where)["tau"] == pytest.approx(
            tau, abs=1e-6
        )


def test_no_interval_under_ten_cells(rankings: Rankings) -> None:
    few = rankings.kendall_tau[rankings.kendall_tau["m"] == 2]
    assert (few["num_cells"] == 9).all()
    is_random = few["scorer"] == "random"
    assert few[~is_random][["tau_low", "tau_high"]].isna().all(axis=None)
    assert few[is_random]["tau_low"].notna().all(), "no bootstrap, but the law of chance itself"
    assert rankings.kendall_tau[rankings.kendall_tau["m"] == 4]["tau_low"].notna().all()


def test_one_seed_has_no_spread(runs: list[Run], table: Table) -> None:
    alone = rank([run for run in runs if run.seed == 0], table, [SOUND])
    methods = alone.kendall_tau[alone.kendall_tau["scorer"] != "random"]
    assert methods["tau_std"].isna().all()
    assert alone.differences["difference_low_seeds"].isna().all()


def test_differences_pair_runs_of_one_seed(rankings: Rankings) -> None:
    where = {"m": 4, "calibrated": False, "scorer": "accuracy", "protocol": "paper"}
    row = one(rankings.differences, bn="shadow", minus="single", **where)
    shadow, single = (
        np.array([one(rankings.by_seed, bn=bn, seed=seed, **where)["tau"] for seed in range(3)])
        for bn in ("shadow", "single")
    )
    expected = stats.ttest_rel(shadow, single).confidence_interval(0.95)
    assert row["difference_mean"] == pytest.approx((shadow - single).mean(), abs=1e-5)
    assert row["difference_std"] == pytest.approx((shadow - single).std(ddof=1), abs=1e-5)
    assert row["difference_low_seeds"] == pytest.approx(expected.low, abs=1e-5)
    assert row["difference_high_seeds"] == pytest.approx(expected.high, abs=1e-5)
    assert row["difference_low"] < row["difference_mean"] < row["difference_high"]
    assert row["by_seed"].startswith(f"0:{shadow[0] - single[0]:.4f} 1:")


def test_pairing_narrows_the_interval(rankings: Rankings) -> None:
    """The cells of both are resampled alike: the width must be under that of unpaired taus."""
    where = {"m": 4, "calibrated": True, "scorer": "negative_loss", "protocol": "sound"}
    difference = one(rankings.differences, bn="shadow", minus="single", **where)
    widths = [
        row["tau_high"] - row["tau_low"]
        for row in (one(rankings.kendall_tau, bn=bn, **where) for bn in ("shadow", "single"))
    ]
    paired = difference["difference_high"] - difference["difference_low"]
    assert paired < float(np.hypot(*widths))


@pytest.mark.parametrize("count", COUNTS)
def test_every_batch_norm_is_compared_with_counts(rankings: Rankings, count: str) -> None:
    pairs = set(
        rankings.differences[["bn", "minus", "protocol"]].itertuples(index=False, name=None)
    )
    assert {("single", count, "sound"), ("none", count, "authors")} <= pairs
    assert ("shadow", "none", "authors") in pairs
    where = {"m": 4, "scorer": count, "protocol": "sound"}
    tau = one(rankings.kendall_tau, **where)["tau_mean"]
    ours = {"m": 4, "calibrated": True, "scorer": "accuracy", "protocol": "sound", "bn": "single"}
    difference = one(rankings.differences, minus=count, **ours)["difference_mean"]
    assert difference == pytest.approx(
        one(rankings.kendall_tau, **ours)["tau_mean"] - tau, abs=2e-6
    )


def test_baselines_have_the_entries_of_the_runs(rankings: Rankings) -> None:
    """Under `authors` each run drops others: a seed's baseline is the mean over its runs."""
    frame = rankings.kendall_tau
    for protocol, num in (("sound", 255), ("paper", 70), ("authors", 70)):
        rows = frame[(frame["protocol"] == protocol) & (frame["m"] == 4)]
        assert (rows["num_architectures"] == num).all()
        assert (rows["num_seeds"] == 3).all()
        assert np.ptp(rows[rows["bn"] == "-"]["ceiling"]) == 0
    sound = frame[(frame["protocol"] == "sound") & frame["scorer"].isin(BASELINES)]
    assert (sound["tau_std"] == 0).all(), "all seeds rank the same cells"


def test_random_scores_span_zero(rankings: Rankings) -> None:
    rows = rankings.kendall_tau[rankings.kendall_tau["scorer"] == "random"]
    assert (rows["tau_mean"].abs() < 0.02).all()
    rows = rows[rows["m"] == 4]
    assert (rows["tau_low"] < -0.1).all()
    assert (rows["tau_high"] > 0.1).all()
    assert (rows["tau_std"] > 0.05).all()


def test_points_show_each_recipe_under_its_first_protocol(rankings: Rankings) -> None:
    points = rankings.points
    assert list(points.columns) == [
        "m",
        "space",
        "bn",
        "seed",
        "calibrated",
        "protocol",
        "cell_hash",
        "truth",
        "accuracy",
        "negative_loss",
    ]
    assert set(points["protocol"]) == {"sound", "authors"}
    sound = points[(points["protocol"] == "sound") & (points["m"] == 4)]
    assert sound.groupby(["bn", "seed", "calibrated"]).size().unique().tolist() == [34]


def test_about_names_command_recipes_protocols_and_table(rankings: Rankings, results: Path) -> None:
    about = json.loads((results / "ranking.json").read_text())
    assert about["command"] == "run.py --m 2,4"
    assert about["headline"] == {"protocol": "sound", "scorer": "accuracy"}
    assert about["protocols"]["paper"]["num_drawn"] == 70
    assert "copies of one cell kept" in about["protocols"]["paper"]["words"]
    assert about["recipes"]["sound"]["m"] == [2, 4]
    assert about["recipes"]["sound"]["batch_norms"] == ["shadow", "single"]
    assert about["recipes"]["authors"]["fields"]["space"] == "first-branches"
    assert "40 epochs" in about["recipes"]["sound"]["words"]
    assert about["table"]["num_cells"] == 34
    assert about["table"]["sources"] == [{"name": "made up", "sha256": ""}]
    assert about["notes"] == rankings.notes == []


def test_the_same_runs_give_the_same_bytes(
    rankings: Rankings, results: Path, runs: list[Run], table: Table, tmp_path: Path
) -> None:
    assert len(rankings.notes) == 0
    command = "run.py --m 2,4"
    write_rankings(tmp_path, runs, table, [SOUND, PAPER, AUTHORS], command=command)
    names = (
        "kendall_tau.csv",
        "kendall_tau_by_seed.csv",
        "differences.csv",
        "points.csv",
        "ranking.json",
    )
    for name in names:
        assert (tmp_path / name).read_bytes() == (results / name).read_bytes(), name


def test_own_baselines_and_scorers_are_ranked(
    runs: list[Run], table: Table, tmp_path: Path
) -> None:
    def depth(cell: Cell, skeleton: Skeleton) -> float:
        return cell.num_vertices / skeleton.num_stacks

    run = replace(runs[-1], folder=tmp_path)
    write_csv(runs[-1].scores().assign(margin=1.0), tmp_path / "scores.csv")
    ranked = rank([run], table, [PROTOCOLS[run.recipe.name]], baselines={"mine:depth": depth})
    assert set(ranked.kendall_tau["scorer"]) == {
        "negative_loss",
        "accuracy",
        "margin",
        "mine:depth",
        "random",
    }
    assert ranked.kendall_tau[ranked.kendall_tau["scorer"] == "margin"]["tau_mean"].isna().all()
    assert ranked.differences.empty, "neither a rival nor counts"


def test_notes_say_what_the_ceiling_assumed(runs: list[Run], tmp_path: Path) -> None:
    with Table(write_truth(tmp_path / "means.h5", num_means=12)) as means:
        assert rank(runs, means, [SOUND]).notes == [
            "m=2, protocol sound: no ceiling: no cell has more than one repeat",
            "m=4, protocol sound: ceiling: 22 of 34 cells have repeats; the other 12 take the "
            "variance of cells as good, their means counted as of 10 repeat(s)",
        ]
        ceilings = rank(runs, means, [SOUND]).kendall_tau.groupby("m")["ceiling"]
        assert ceilings.count().to_dict() == {2: 0, 4: 13}


def test_missing_cells_are_refused_unless_allowed(runs: list[Run], tmp_path: Path) -> None:
    with Table(write_truth(tmp_path / "few.h5", num_cells=22)) as few:
        with pytest.raises(ValueError, match="lacks the test accuracy of 12 of the 34 cells"):
            rank(runs, few, [SOUND])
        frame = rank(runs, few, [SOUND], allow_missing=True).kendall_tau
        assert (frame[frame["m"] == 4]["num_cells"] == 22).all()


def test_a_protocol_without_runs_is_refused(runs: list[Run], table: Table) -> None:
    sound = [run for run in runs if run.recipe.name == "sound"]
    with pytest.raises(ValueError, match="ranks runs of recipe 'authors', of which there are none"):
        rank(sound, table, [SOUND, AUTHORS])


def test_two_spaces_do_not_share_a_ranking(runs: list[Run], table: Table) -> None:
    other = replace(runs[0], recipe=replace(runs[0].recipe, space="mine:Space"))
    with pytest.raises(ValueError, match="runs of the spaces branches, mine:Space at m=2"):
        rank([runs[0], other], table, [SOUND])


def test_incomplete_scores_are_refused(runs: list[Run], table: Table, tmp_path: Path) -> None:
    scores, run = runs[0].scores(), replace(runs[0], folder=tmp_path)
    write_csv(scores.assign(loss=scores["loss"].where(scores.index != 3)), tmp_path / "scores.csv")
    with pytest.raises(ValueError, match=r"1 of 132 values of 'loss' in .*scores.csv are no num"):
        rank([run], table, [SOUND])
    write_csv(scores[:-1], tmp_path / "scores.csv")
    with pytest.raises(ValueError, match=r"131 scores of 132, without .* calibrated True; delete"):
        rank([run], table, [SOUND])
