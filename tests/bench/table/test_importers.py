"""Tests of bench.table.importers, on the real rows too."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.table.importers import import_sources
from bench.table.table import Source, Table, TableError
from bench.table.verify import verify
from tests.conftest import RealRows
from tests.graphs import FIRST_CELL, INCEPTION_CELL
from tests.records import fields, metrics, write_records


@pytest.fixture
def tfrecord(tmp_path: Path) -> Path:
    return write_records(tmp_path / "few.tfrecord", [fields(FIRST_CELL), fields(INCEPTION_CELL)])


def test_sources_are_merged_and_named(tmp_path: Path, tfrecord: Path) -> None:
    means = tmp_path / "means.csv"
    means.write_text("branches,mean_test_accuracy\nmaxpool3x3,0.5\nconv3x3-bn-relu,\n")
    out = tmp_path / "folder" / "table.h5"
    done: list[int] = []
    num_skipped = import_sources([tfrecord, means], out, skip_unknown=True, advance=done.append)
    assert num_skipped == 1
    assert sum(done) == tfrecord.stat().st_size + means.stat().st_size
    with Table(out) as table:
        assert len(table) == 3
        assert table.provenance["sources"] == tuple(
            Source(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
            for path in (tfrecord, means)
        )


def test_capitals_in_a_files_ending_do_not_matter(tmp_path: Path, tfrecord: Path) -> None:
    import_sources([tfrecord], tmp_path / "one.H5")
    (tmp_path / "means.CSV").write_text("branches,mean_test_accuracy\nmaxpool3x3,0.5\n")
    tfrecord = tfrecord.rename(tmp_path / "few.TFRecord")
    import_sources([tmp_path / "means.CSV", tfrecord], tmp_path / "two.h5")
    import_sources([tmp_path / "one.H5", tmp_path / "means.CSV"], tmp_path / "three.h5")
    with Table(tmp_path / "two.h5") as two, Table(tmp_path / "three.h5") as three:
        assert two.hashes() == three.hashes()


def test_the_data_set_is_kept_where_it_is_told(tmp_path: Path, tfrecord: Path) -> None:
    for told, kept in ((None, {}), ("own:photos", {"data_set": "own:photos"})):
        import_sources([tfrecord], tmp_path / "table.h5", data_set=told)
        with Table(tmp_path / "table.h5") as table:
            assert table.provenance["details"] == kept


def test_a_refused_import_leaves_nothing(tmp_path: Path, tfrecord: Path) -> None:
    out = tmp_path / "table.h5"
    tfrecord.write_bytes(tfrecord.read_bytes()[:-1])
    with pytest.raises(TableError, match="record 2: truncated file"):
        import_sources([tfrecord], out)
    assert [*tmp_path.iterdir()] == [tfrecord]


def test_a_refused_import_keeps_the_old_table(tmp_path: Path, tfrecord: Path) -> None:
    out = tmp_path / "table.h5"
    import_sources([tfrecord], out)
    before = out.read_bytes()
    with pytest.raises(FileNotFoundError):
        import_sources([tfrecord, tmp_path / "absent.csv"], out)
    assert out.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.json", "{}", "x.json is none of .tfrecord, .csv, .h5: convert it to CSV first"),
        ("x.tfrecord", "", "x.tfrecord: a table needs at least one row"),
        ("x.csv", "branches,test_accuracy\n", "x.csv: a table needs at least one row"),
    ],
)
def test_bad_sources_are_refused(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(TableError, match=message):
        import_sources([tmp_path / name], tmp_path / "table.h5")


def test_no_sources_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="nothing to import"):
        import_sources([], tmp_path / "table.h5")


def import_real(
    write_tfrecord: Any, shared_data: Path, folder: Path, monkeypatch: Any, *limit: str
) -> Path:
    tfrecord, npz = folder / "real.tfrecord", shared_data / "nasbench101_partial.npz"
    monkeypatch.setattr("sys.argv", ["write_tfrecord", str(npz), str(tfrecord), *limit])
    write_tfrecord.main()
    out = folder / "real.h5"
    import_sources([tfrecord], out)
    return out


def assert_equal_to_source(path: Path, rows: RealRows, num_cells: int) -> None:
    """Compare every hash, graph, count, accuracy and time with the source arrays."""
    with Table(path) as table:
        hashes = rows.hashes[:num_cells]
        assert table.hashes() == sorted(hashes)
        order = np.argsort(np.array(hashes))
        metrics = rows.metrics[:num_cells][order].astype(np.float64)
        for place, name in enumerate(("train", "valid", "test", "time_s")):
            np.testing.assert_array_equal(table.column(name, 108), metrics[:, :, place])
        np.testing.assert_array_equal(
            table.accuracies(hashes, "valid"), rows.metrics[:num_cells, :, 1]
        )
        np.testing.assert_array_equal(
            table.column("parameters"), rows.parameters[:num_cells][order]
        )
        assert not table.column("mean_only").any()
        for index in range(num_cells):
            cell, stored = rows.cell(index), table.cell(hashes[index])
            assert stored.adjacency == cell.adjacency
            assert stored.operations == cell.operations
        assert verify(table) == []


def test_some_real_rows(
    write_tfrecord: Any,
    shared_data: Path,
    real_rows: RealRows,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = import_real(write_tfrecord, shared_data, tmp_path, monkeypatch, "--limit", "1500")
    assert_equal_to_source(out, real_rows, 1500)
    sources = [tmp_path / "real.tfrecord", shared_data / "nasbench101_mixpath_cells.csv"]
    assert import_sources(sources, tmp_path / "merged.h5", skip_unknown=True) == 12
    with Table(tmp_path / "merged.h5") as merged, Table(out) as table:
        assert merged.column("mean_only").sum() == len(merged) - 1500 >= 11
        np.testing.assert_array_equal(
            merged.accuracies(table.hashes()), table.accuracies(table.hashes())
        )


@pytest.mark.slow
def test_all_real_rows(
    write_tfrecord: Any,
    shared_data: Path,
    real_rows: RealRows,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = import_real(write_tfrecord, shared_data, tmp_path, monkeypatch)
    assert_equal_to_source(out, real_rows, len(real_rows))
    with Table(out) as table:
        best = table.hashes()[table.column("test").mean(axis=1).argmax()]
        assert best.startswith("02e5a024")
        assert table.mean_accuracy(best) == pytest.approx(0.9431758, abs=1e-6)
        assert table.parameters(best) == 32_426_634


def test_a_tfrecord_cut_between_records_is_refused(tmp_path: Path) -> None:
    repeats = [
        fields(cell, 108, metrics(cell, test))
        for cell in (FIRST_CELL, INCEPTION_CELL)
        for test in (0.91, 0.92, 0.93)
    ]
    whole = write_records(tmp_path / "whole.tfrecord", repeats)
    cut = write_records(tmp_path / "cut.tfrecord", repeats[:-1])
    import_sources([whole], tmp_path / "whole.h5")
    with pytest.raises(
        TableError,
        match=r"cut.tfrecord: 1 of 2 cells have fewer than 3 repeats after 108 epochs, first "
        rf"{INCEPTION_CELL.hash}: is the file whole\? if so, .* --fewer-repeats",
    ):
        import_sources([cut], tmp_path / "cut.h5")
    assert not (tmp_path / "cut.h5").exists()
    import_sources([cut], tmp_path / "cut.h5", fewer_repeats=True)
    with Table(tmp_path / "cut.h5") as table:
        assert len(table.repeats(INCEPTION_CELL)) == 2


def test_a_budget_that_lacks_a_cell_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "x.csv"
    source.write_text("branches,epochs,test_accuracy\nmaxpool3x3,4,0.5\nconv1x1-bn-relu,36,0.5\n")
    with pytest.raises(TableError, match=r"1 of 2 cells have fewer than 1 repeats after 4 epochs"):
        import_sources([source], tmp_path / "x.h5")


def test_sources_may_have_different_numbers_of_repeats(tmp_path: Path, tfrecord: Path) -> None:
    source = tmp_path / "x.csv"
    source.write_text("branches,test_accuracy\nmaxpool3x3,0.5\nmaxpool3x3,0.6\n")
    import_sources([tfrecord, source], tmp_path / "x.h5")


def test_an_official_file_s_name_stands_for_its_contents(tmp_path: Path, tfrecord: Path) -> None:
    named = tfrecord.rename(tmp_path / "nasbench_only108.tfrecord")
    with pytest.raises(TableError, match=r"the official file of that name 4c39c39\w+: download it"):
        import_sources([named], tmp_path / "table.h5")


def test_a_record_that_comes_twice_is_refused(tmp_path: Path) -> None:
    tests = (0.91, 0.92, 0.91)
    records = [fields(FIRST_CELL, 108, metrics(FIRST_CELL, test)) for test in tests]
    source = write_records(tmp_path / "twice.tfrecord", records)
    with pytest.raises(
        TableError,
        match=rf"1 cells have the same repeat twice after 108 epochs, first {FIRST_CELL.hash}: is",
    ):
        import_sources([source], tmp_path / "table.h5")
