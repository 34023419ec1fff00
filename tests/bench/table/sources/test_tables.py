"""Tests of bench.table.sources.tables: tables as sources, those of the version before too."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from bench.network.skeleton import Skeleton
from bench.table.importers import import_sources
from bench.table.sources import tables
from bench.table.sources.tables import read_table
from bench.table.table import Row, Source, Table, TableError, write_table
from tests.graphs import FIRST_CELL, INCEPTION_CELL, LINE_CELL
from tests.tables import as_version_1, edited

ROWS = [
    Row(cell=FIRST_CELL, epochs=108, test=0.91, valid=0.9),
    Row(cell=INCEPTION_CELL, epochs=108, test=0.7, time_s=3.5),
    Row(cell=LINE_CELL, epochs=108, test=0.6, mean_only=True),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "table.h5"
    write_table(
        path,
        ROWS,
        skeleton=Skeleton(stem_channels=8),
        sources=[Source("trained", "ab" * 32)],
        details={"recipe": {"epochs": 108}},
    )
    return path


def test_a_table_comes_out_as_it_went_in(path: Path, tmp_path: Path) -> None:
    import_sources([path], tmp_path / "again.h5")
    assert (tmp_path / "again.h5").read_bytes() == path.read_bytes()


def test_a_table_of_the_version_before_is_sealed(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    as_version_1(path)
    with pytest.raises(TableError, match=f"run mixpath-table import {path} --out NEW.h5"):
        Table(path)
    import_sources([path], tmp_path / "new.h5")
    assert (tmp_path / "new.h5").read_bytes() == whole


def without_checksums(file: h5py.File) -> None:
    figures = file["epochs_108/test"][()]
    del file["epochs_108/test"]
    file["epochs_108/test"] = figures


def with_a_chunk_gone(file: h5py.File) -> None:
    del file["epochs_108/test"]
    file.create_dataset("epochs_108/test", (3, 1), "f8", fletcher32=True)


def with_an_unchecked_chunk(file: h5py.File) -> None:
    figures = file["epochs_108/test"]
    figures.id.write_direct_chunk((0, 0), figures[()].tobytes(), filter_mask=1)


def with_a_chunk_elsewhere(file: h5py.File) -> None:
    figures = file["epochs_108/test"][()]
    del file["epochs_108/test"]
    shape, chunks = figures.shape, (1, *figures.shape[1:])
    array = file.create_dataset("epochs_108/test", shape, "f8", chunks=chunks, fletcher32=True)
    array[1:] = figures[1:]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (with_a_chunk_elsewhere, "epochs_108/test lacks some of its chunks"),
        (without_checksums, "epochs_108/test has no checksums"),
        (with_a_chunk_gone, "epochs_108/test lacks some of its chunks"),
        (with_an_unchecked_chunk, "epochs_108/test has chunks without checksums"),
    ],
)
def test_chunks_of_a_table_without_a_seal_are_checked(
    path: Path, damage: Callable[[h5py.File], None], message: str
) -> None:
    as_version_1(path)
    with h5py.File(path, "a") as file:
        damage(file)
    with pytest.raises(TableError, match=f"is damaged: {message}"):
        read_table(path)


def test_a_chunk_that_is_listed_and_not_found_is_refused(path: Path) -> None:
    as_version_1(path)
    with h5py.File(path) as file:
        array = file["epochs_108/test"]
        chunk = array.id.get_chunk_info(0)
        whole = bytearray(path.read_bytes())
        assert tables._places(array, "test", bytes(whole))
        whole[chunk.byte_offset] ^= 1
        with pytest.raises(TableError, match="test has chunks that are not found"):
            tables._places(array, "test", bytes(whole))


def test_chunks_that_lie_on_one_another_are_refused(path: Path) -> None:
    as_version_1(path)
    with h5py.File(path) as file:
        one, other = (
            file[f"epochs_108/{name}"].id.get_chunk_info(0).byte_offset
            for name in ("test", "valid")
        )
    data = path.read_bytes()
    where = one.to_bytes(8, "little")
    assert data.count(where) == 1
    path.write_bytes(data.replace(where, other.to_bytes(8, "little")))
    with pytest.raises(TableError, match=r"test and epochs_108/valid lie at one place|valid and"):
        read_table(path)


def test_tables_merge(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.h5"
    write_table(
        other, [Row(cell=LINE_CELL, epochs=108, test=0.6)], skeleton=Skeleton(stem_channels=8)
    )
    import_sources([path, other], tmp_path / "whole.h5")
    with Table(tmp_path / "whole.h5") as table:
        assert not table.is_mean_only(LINE_CELL)
        np.testing.assert_array_equal(table.accuracy(FIRST_CELL), [0.91])


def wrong_graph(path: Path) -> None:
    with edited(path) as file:
        file["parameters"][0] = 7


def wrong_bound(path: Path) -> None:
    with edited(path) as file:
        file["epochs_108/test"][0] = 1.5


def foreign(path: Path) -> None:
    path.unlink()
    with h5py.File(path, "w") as file:
        file["data"] = [1, 2, 3]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (wrong_graph, "is damaged: .* has .* parameters, not 7"),
        (wrong_bound, "can't be read: .*epochs_108/test holds 1.5"),
    ],
)
def test_a_damaged_table_of_the_version_before_is_refused(
    path: Path, damage: Callable[[Path], None], message: str
) -> None:
    damage(path)
    as_version_1(path)
    with pytest.raises(TableError, match=message) as error:
        read_table(path)
    assert "\n" not in str(error.value)


def test_other_hdf5_is_refused(path: Path) -> None:
    foreign(path)
    with pytest.raises(TableError, match=r"can't be read: .* no mixpath-bench table: name another"):
        read_table(path)


def test_a_file_that_hdf5_never_finishes_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_version_1(path)
    monkeypatch.setattr(tables, "LIMIT_S", 0.001)
    with pytest.raises(TableError, match="HDF5 finds no end; import it again"):
        read_table(path)


def test_a_missing_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        import_sources([tmp_path / "absent.h5"], tmp_path / "new.h5")
