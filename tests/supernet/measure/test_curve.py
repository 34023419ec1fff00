"""The training curve and the calibration sweep: their samples, and where they meet scores.csv."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.config.training import Calibration
from bench.space.branches import Branches
from supernet.measure import calibration_sweep, curve
from tests.measured_run import snapshots_of, train_run

if TYPE_CHECKING:
    import pandas as pd

    from supernet.measure.snapshots import Snapshots


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Snapshots:
    return snapshots_of(train_run(tmp_path_factory.mktemp("results"), m=2))


def scores(snapshots: Snapshots, *, calibrated: bool) -> pd.DataFrame:
    frame = snapshots.run.scores()
    return frame[frame["calibrated"] == calibrated].set_index("architecture")


def test_the_sample_is_fixed_distinct_and_of_a_stream_of_its_own() -> None:
    space = Branches(3)
    chosen = curve.sample(space, seed=1)
    assert len(set(chosen)) == 20
    assert chosen == curve.sample(space, seed=1)
    assert chosen != curve.sample(space, seed=2)


def test_a_space_of_fewer_is_taken_whole() -> None:
    assert curve.sample(Branches(1), seed=0) == list(Branches(1).architectures())


def test_the_curve_ends_at_the_raw_scores(snapshots: Snapshots) -> None:
    frame = curve.measure(snapshots)
    assert frame.groupby("epoch").size().to_dict() == {0: 20, 1: 20, 2: 20}
    end = frame[frame["epoch"] == 2].set_index("architecture")
    raw = scores(snapshots, calibrated=False).loc[end.index]
    assert end["accuracy"].tolist() == raw["accuracy"].tolist()
    assert end["loss"].to_numpy() == pytest.approx(raw["loss"].to_numpy(), rel=1e-5)


@pytest.mark.parametrize(("m", "num_cells"), [(1, 3), (2, 9), (3, 19), (4, 34)])
def test_one_architecture_stands_for_every_cell(m: int, num_cells: int) -> None:
    space = Branches(m)
    chosen = calibration_sweep.one_per_cell(space)
    assert len(chosen) == len({space.cell(a).hash for a in chosen}) == num_cells


def test_settings_change_one_thing_each() -> None:
    settings = list(calibration_sweep.settings(Calibration(), num_train=1000, num_valid=297))
    reference = settings[0]
    assert (reference.num_images, reference.batch, reference.reset) == (1000, 1000, True)
    by_factor = {f: [s for s in settings if s.factor == f] for f in ("images", "batch", "split")}
    assert [s.num_images for s in by_factor["images"]] == [16, 32, 64, 128, 256, 512]
    assert [(s.batch, s.reset) for s in by_factor["batch"]] == [
        (16, True),
        (64, True),
        (256, True),
        (16, False),
        (64, False),
        (256, False),
    ]
    assert {s.split for s in by_factor["split"]} == {"valid"}
    assert [s.num_images for s in by_factor["split"]] == [16, 32, 64, 128, 256]
    assert [s.reset for s in settings if s.factor == "reset"] == [False]
    assert all(s.batch <= s.num_images for s in settings)


def test_settings_of_few_images_ask_for_no_more() -> None:
    few = Calibration(calibration_images=40)
    settings = list(calibration_sweep.settings(few, num_train=1000, num_valid=20))
    assert max(s.num_images for s in settings) == 40
    assert [s.num_images for s in settings if s.factor == "split"] == [16]


def test_the_sweep_meets_the_scores_at_its_reference_and_raw(snapshots: Snapshots) -> None:
    frame = calibration_sweep.measure(snapshots)
    for factor, is_calibrated in (("raw", False), ("none", True)):
        part = frame[frame["factor"] == factor].set_index("architecture")
        scored = scores(snapshots, calibrated=is_calibrated).loc[part.index]
        assert len(part) == 9
        assert part["loss"].to_numpy() == pytest.approx(scored["loss"].to_numpy(), rel=1e-4)


def test_fewer_calibration_images_change_the_scores(snapshots: Snapshots) -> None:
    frame = calibration_sweep.measure(snapshots).set_index("architecture")
    reference = frame[frame["factor"] == "none"]["loss"]
    for factor in ("images", "split", "reset", "batch"):
        part = frame[frame["factor"] == factor]
        for _, one in part.groupby(["num_images", "batch", "reset"], dropna=False):
            assert (one["loss"] - reference).abs().max() > 1e-6, factor
