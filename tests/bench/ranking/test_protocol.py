"""Protocols: who enters, with which truth, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from bench.ranking.entries import scorers, select_entries
from bench.ranking.protocol import PROTOCOLS, Protocol, check, describe
from bench.ranking.selection import MAX_DRAWS
from bench.space.branches import Branches, FirstBranches
from bench.table.table import Table
from tests.synthetic import cells, scores, write_truth

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.space.space import CellSpace

SOUND, PAPER, AUTHORS = (PROTOCOLS[name] for name in ("sound", "paper", "authors"))


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    with Table(write_truth(tmp_path_factory.mktemp("table") / "truth.h5")) as table:
        yield table


def entries(space: CellSpace, table: Table, protocol: Protocol, seed: int = 0) -> pd.DataFrame:
    frame = select_entries(scores(space, 0), space, table, protocol, seed)
    return frame[~frame["calibrated"]]


def test_sound_averages_the_copies_of_a_cell(table: Table) -> None:
    space, own = Branches(4), scores(Branches(4), 0).assign(mine=1.0)
    frame = select_entries(own, space, table, SOUND, 0)
    assert scorers(frame) == ["accuracy", "negative_loss", "mine"]
    for calibrated, part in frame.groupby("calibrated"):
        assert len(part) == 34
        assert part["num_copies"].sum() == 255
        copies = own[own["calibrated"] == calibrated].groupby("cell_hash")
        by_cell = part.set_index("cell_hash")
        pd.testing.assert_series_equal(
            by_cell["negative_loss"].sort_index(), -copies["loss"].mean(), check_names=False
        )
        pd.testing.assert_series_equal(
            by_cell["accuracy"].sort_index(), copies["accuracy"].mean(), check_names=False
        )
        assert by_cell["truth"].to_dict() == {
            key: table.mean_accuracy(key) for key in by_cell.index
        }


@pytest.mark.parametrize(("m", "num"), [(1, 12), (2, 66), (3, 70), (4, 70)])
def test_paper_draws_distinct_architectures_and_keeps_copies(
    table: Table, m: int, num: int
) -> None:
    drawn = entries(Branches(m), table, PAPER)
    assert len(drawn) == drawn["architecture"].nunique() == num
    assert drawn["cell_hash"].nunique() < num
    assert (drawn["num_copies"] == 1).all()


def test_paper_draws_as_training_samples(table: Table) -> None:
    """A quarter of the space has one or two branches, and half of the sampler's draws."""
    texts = pd.concat(
        [entries(Branches(4), table, PAPER, seed)["architecture"] for seed in range(20)]
    )
    num_small = sum(text.count("-") >= 2 for text in texts)
    assert 0.33 < num_small / len(texts) < 0.5


def test_draws_depend_on_the_seed_alone(table: Table) -> None:
    space = Branches(4)
    one, same, other = (entries(space, table, PAPER, seed) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(one, same)
    assert set(one["architecture"]) != set(other["architecture"])
    assert one["architecture"].tolist()[:4] == ["-1--", "11--", "-33-", "1111"]  # golden


def test_authors_keep_70_of_100_ordered_lists(table: Table) -> None:
    space = FirstBranches(4)
    own = scores(space, 0)
    raw = own[~own["calibrated"]].set_index("architecture")["accuracy"]
    everyone = entries(space, table, replace(AUTHORS, drop_lowest=0))
    kept = entries(space, table, AUTHORS)
    assert (len(everyone), len(kept)) == (100, 70)
    assert everyone["architecture"].duplicated().any(), "permutations pass as different"
    dropped = sorted(raw[everyone["architecture"]])[:30]
    assert sorted([*dropped, *raw[kept["architecture"]]]) == sorted(raw[everyone["architecture"]])


def test_authors_draw_one_repeat_anew_for_every_copy(table: Table) -> None:
    drawn = entries(FirstBranches(4), table, AUTHORS)
    for key, truth in zip(drawn["cell_hash"], drawn["truth"], strict=True):
        assert truth in table.repeats(key, "valid")
    assert (drawn.groupby("cell_hash")["truth"].nunique() > 1).any()


def test_authors_pair_runs_of_one_seed_before_dropping(table: Table) -> None:
    """Whatever a run's scores drop, an entry that stays has the truth it has in other runs."""
    space = FirstBranches(4)
    one, other = (select_entries(scores(space, s), space, table, AUTHORS, seed=7) for s in (1, 2))
    everyone = entries(space, table, replace(AUTHORS, drop_lowest=0), seed=7)
    known = set(zip(everyone["architecture"], everyone["truth"], strict=True))
    assert len(one) == len(other) == 140
    for frame in (one, other):
        assert set(zip(frame["architecture"], frame["truth"], strict=True)) <= known


def test_all_lists_enter_where_fewer_exist_than_are_drawn(table: Table) -> None:
    drawn = entries(FirstBranches(2), table, replace(AUTHORS, drop_lowest=0))
    assert len(drawn) == FirstBranches(2).num_lists() == 24


@pytest.mark.parametrize("m", [1, 2])
def test_too_few_lists_to_drop_30_are_refused(table: Table, m: int) -> None:
    for refuse in (
        lambda: check(AUTHORS, FirstBranches(m)),
        lambda: entries(FirstBranches(m), table, AUTHORS),
    ):
        with pytest.raises(
            ValueError, match=r"drops the lowest 30, but .* offers (3|24): use a lar"
        ):
            refuse()


def test_check_accepts_what_works(table: Table) -> None:
    cases: list[tuple[Protocol, CellSpace]] = [
        (AUTHORS, FirstBranches(3)),
        (SOUND, Branches(1)),
        (PAPER, Branches(1)),
    ]
    for protocol, space in cases:
        check(protocol, space)
        assert len(entries(space, table, protocol)) > 0


def test_check_refuses_a_space_without_lists() -> None:
    class Bare:
        name = "bare"
        m = 4

    with pytest.raises(ValueError, match="draws ordered lists, which space 'bare' lacks"):
        check(AUTHORS, Bare())  # type: ignore[arg-type]  # no Space on purpose


def test_a_sampler_that_misses_architectures_ends(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The released code loops forever when more is drawn than exists."""
    space = Branches(4)
    monkeypatch.setattr(space, "sample", lambda _: space.architectures()[0])
    with pytest.raises(ValueError, match=f"{MAX_DRAWS:,} draws gave only 1 of the 70"):
        entries(space, table, PAPER)


def test_missing_cells_are_counted_and_left_out_only_when_asked(tmp_path: Path) -> None:
    space = Branches(4)
    with Table(write_truth(tmp_path / "few.h5", num_cells=22)) as few:
        for protocol in (SOUND, PAPER):
            with pytest.raises(
                ValueError, match=r"lacks the test accuracy of 12 of the 34 cells .*--allow-"
            ):
                select_entries(scores(space, 0), space, few, protocol, 0)
        frame = select_entries(scores(space, 0), space, few, SOUND, 0, allow_missing=True)
        assert set(frame["cell_hash"]) == set(few.hashes())
        frame = select_entries(scores(space, 0), space, few, PAPER, 0, allow_missing=True)
        assert len(frame) == 140, "70 are drawn among those with truth"
        assert set(frame["cell_hash"]) <= set(few.hashes())


def test_cells_known_by_mean_have_no_random_repeat(tmp_path: Path) -> None:
    space = FirstBranches(4)
    with Table(write_truth(tmp_path / "means.h5", num_means=4)) as means:
        with pytest.raises(ValueError, match="lacks the repeats of 4 of the 34 cells"):
            select_entries(scores(space, 0), space, means, AUTHORS, 0)
        frame = select_entries(scores(space, 0), space, means, AUTHORS, 0, allow_missing=True)
        assert not set(frame["cell_hash"]) & {cell.hash for cell in cells()[:4]}


def test_one_cell_is_no_ranking(tmp_path: Path) -> None:
    space = Branches(4)
    with (
        Table(write_truth(tmp_path / "one.h5", num_cells=1)) as one,
        pytest.raises(ValueError, match="no ranking of 1 of 34 cells"),
    ):
        select_entries(scores(space, 0), space, one, SOUND, 0, allow_missing=True)


def test_protocols_are_spelled_out() -> None:
    assert describe(SOUND) == (
        "every architecture; copies of one cell averaged; truth = mean test accuracy"
    )
    assert describe(AUTHORS) == (
        "min(100, all) distinct ordered lists of (node, operation), drawn by the training sampler; "
        "the 30 of lowest uncalibrated accuracy dropped; copies of one cell kept; "
        "truth = validation accuracy of one random repeat per entry"
    )


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("selection", "sampled", r"selection='sampled' is not all or .*: did you mean 'sampler'\?"),
        ("copies", "kep", r"copies='kep' is not average or keep: did you mean 'keep'\?"),
        ("truth_split", "tset", r"truth_split='tset' is not test or valid: did you mean 'test'\?"),
        ("truth_repeats", "one", "truth_repeats='one' is not mean or random"),
        ("num_drawn", -1, "num_drawn=-1 must not be negative"),
        ("drop_lowest", -30, "drop_lowest=-30 must not be negative"),
    ],
)
def test_a_wrong_field_is_refused_when_the_protocol_is_made(
    field: str, value: object, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        replace(SOUND, **{field: value})  # type: ignore[arg-type]  # values are wrong on purpose


@pytest.mark.parametrize("selection", ["sampler", "ordered-lists"])
def test_a_selection_that_draws_must_draw_some(selection: str) -> None:
    with pytest.raises(ValueError, match="num_drawn=0 must be at least 1"):
        Protocol(name="none", selection=selection)
