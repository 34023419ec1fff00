"""Variations: the reference is the ranking's own tau, each other changes one field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from bench.ranking.correlation import kendall_tau
from bench.ranking.outputs import rank
from bench.ranking.protocol import PROTOCOLS
from bench.ranking.variations import sweep_all, sweep_taus, variations, vary, write_variations
from bench.runs import schemas
from bench.runs.schemas import is_calibrated
from bench.table.table import Table
from tests.synthetic import write_runs, write_truth

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.runs.run import Run


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    with Table(write_truth(tmp_path / "truth.h5")) as table:
        yield table


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    return write_runs(tmp_path / "results", seeds=(0, 1))


def write_sweep(run: Run) -> pd.DataFrame:
    """Make a sweep of two settings from the run's scores: raw, and the reference."""
    first = run.scores().drop_duplicates(["cell_hash", "calibrated"])
    parts = [
        first[first["calibrated"] == is_calibrated].assign(factor=factor, split=split, reset=reset)
        for is_calibrated, factor, split, reset in (
            (False, "raw", "-", None),
            (True, "none", "train", True),
        )
    ]
    for part, images in zip(parts, (np.nan, 1000), strict=True):
        part["num_images"] = part["batch"] = images
    sweep = pd.concat(parts).drop(columns="calibrated")
    schemas.write(sweep, run.folder / "calibration_sweep.csv", schemas.CALIBRATION_SWEEP)
    return sweep


def test_variations_change_one_field() -> None:
    every = list(variations(255))
    assert every[0].name == "reference"
    assert len({v.name for v in every}) == len(every)
    for one in every[1:]:
        changed = [
            name
            for name in ("scorer", "calibrated", "protocol")
            if getattr(one, name) != getattr(every[0], name)
        ]
        assert len(changed) == 1, one.name
    assert max(v.protocol.drop_lowest for v in every) == 76


def test_the_reference_is_the_rankings_tau(runs: list[Run], table: Table) -> None:
    frame = vary(runs, table)
    reference = frame[frame["variation"] == "reference"].set_index(["bn", "seed"])["tau"]
    ranked = rank(runs, table, [PROTOCOLS["sound"]]).by_seed
    ranked = ranked[(ranked["scorer"] == "accuracy") & ranked["calibrated"].map(is_calibrated)]
    expected = ranked.set_index(["bn", "seed"])["tau"]
    assert reference.sort_index().to_numpy() == pytest.approx(expected.sort_index(), abs=1e-6)


def test_copies_and_drops_show_in_the_numbers_of_entries(runs: list[Run], table: Table) -> None:
    frame = vary(runs, table).drop_duplicates("variation").set_index("variation")
    assert frame["num_entries"]["reference"] == 34
    assert frame["num_entries"]["copies kept"] == 255
    assert frame["num_cells"]["70 drawn"] <= 34
    assert frame["num_entries"]["lowest 30% dropped"] < 34
    assert (frame["field"] == "protocol").all(), "no run was swept"


def test_a_table_of_means_offers_no_random_repeat(tmp_path: Path, runs: list[Run]) -> None:
    with Table(write_truth(tmp_path / "means.h5", num_means=34)) as table:
        names = set(vary(runs, table)["variation"])
    assert "one repeat as truth" not in names
    assert "copies kept" in names


def test_runs_of_other_recipes_are_left_out(tmp_path: Path, table: Table) -> None:
    others = write_runs(tmp_path / "authors", batch_norms=("none",), recipe="authors")
    assert vary(others, table).empty


def test_sweeps_are_ranked_cell_by_cell(runs: list[Run], table: Table) -> None:
    sweep = write_sweep(runs[0])
    taus = sweep_taus(runs[0], table)
    assert len(taus) == 4
    part = sweep[sweep["factor"] == "none"]
    truth = np.array([table.mean_accuracy(key) for key in part["cell_hash"]])
    found = taus[(taus["factor"] == "none") & (taus["scorer"] == "negative_loss")].iloc[0]
    assert found["tau"] == pytest.approx(kendall_tau(-part["loss"].to_numpy(), truth))
    assert found["accuracy"] == pytest.approx(part["accuracy"].mean())
    assert found["num_cells"] == 34
    every = sweep_all(runs, table)
    assert every[["m", "bn", "seed"]].drop_duplicates().values.tolist() == [[4, "shadow", 0]]


def test_cells_that_the_table_lacks_are_left_out_of_a_sweep(
    tmp_path: Path, runs: list[Run]
) -> None:
    write_sweep(runs[0])
    with Table(write_truth(tmp_path / "few.h5", num_cells=20)) as table:
        assert set(sweep_taus(runs[0], table)["num_cells"]) == {20}


def test_a_swept_run_has_variations_of_its_recipe(runs: list[Run], table: Table) -> None:
    write_sweep(runs[0])
    frame = vary(runs, table)
    recipe = frame[frame["field"] == "recipe"]
    assert recipe["variation"].tolist() == ["one per cell"]


def test_what_is_written_is_what_was_found(tmp_path: Path, runs: list[Run], table: Table) -> None:
    write_variations(tmp_path, runs, table)
    assert not (tmp_path / "calibration_tau.csv").exists(), "no run was swept"
    write_sweep(runs[0])
    write_variations(tmp_path, runs, table)
    found = {schemas.VARIATIONS: vary(runs, table), schemas.CALIBRATION_TAU: sweep_all(runs, table)}
    for schema, frame in found.items():
        path = tmp_path / schema.name
        pd.testing.assert_frame_equal(schemas.read(path, schemas.schema_of(path)), frame)
    header, raw, *_ = (tmp_path / "calibration_tau.csv").read_text().splitlines()
    assert header.startswith("m,bn,seed,factor,split,num_images,batch,reset,scorer,tau")
    assert raw.startswith("4,shadow,0,raw,-,,,,accuracy,"), "raw scores saw no images"
    assert "none,train,1000.0,1000.0,True," in (tmp_path / "calibration_tau.csv").read_text()


def test_a_damaged_sweep_is_refused(tmp_path: Path, runs: list[Run], table: Table) -> None:
    write_sweep(runs[0])
    path = runs[0].folder / "calibration_sweep.csv"
    path.write_text(path.read_text().replace("none,train", "nine,train", 1))
    with pytest.raises(
        schemas.DamagedFileError, match=r"calibration_sweep.csv, line \d+: .*delete"
    ):
        write_variations(tmp_path, runs, table)
    assert not (tmp_path / "variations.csv").exists()


def test_a_sweep_that_is_gone_is_not_left_out(
    runs: list[Run], table: Table, tmp_path: Path
) -> None:
    write_sweep(runs[0])
    write_variations(tmp_path, runs, table)
    sweep = runs[0].folder / "calibration_sweep.csv"
    kept = sweep.read_bytes()
    sweep.unlink()
    with pytest.raises(ValueError, match=r"calibration_sweep\.csv was written and is gone"):
        write_variations(tmp_path, runs, table)
    sweep.write_bytes(kept)
