"""Tests of bench.table.file, bench.table.seal and bench.table.write: damaged and foreign files."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from bench.table import columns
from bench.table.builder import collect
from bench.table.data import Budget, TableData
from bench.table.seal import SIZE
from bench.table.table import Row, Table, TableError, write_table
from bench.table.write import write
from tests.graphs import FIRST_CELL, INCEPTION_CELL, LINE_CELL
from tests.tables import as_version_1, edited

NAN = float("nan")
ROWS = [
    Row(cell=cell, epochs=108, train=1.0, valid=0.92, test=test, time_s=30.5)
    for cell in (FIRST_CELL, INCEPTION_CELL, LINE_CELL)
    for test in (0.91, 0.93)
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "table.h5"
    write_table(path, ROWS, details={"recipe": {"epochs": 108}})
    return path


def read_all(path: Path) -> None:
    """Read everything that a table holds."""
    with Table(path) as table:
        table.hashes()
        assert FIRST_CELL in table
        for name in columns.CELL_COLUMNS:
            table.column(name)
        for name in columns.BUDGET_COLUMNS:
            table.column(name, 108)


def test_opening_reads_no_array(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(h5py.Dataset, "__getitem__", refuse)
    with Table(path) as table:
        assert len(table) > 0


def test_an_interrupted_write_leaves_the_old_table(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    def interrupt(file: Path, data: bytes) -> int:
        with file.open("wb") as out:
            out.write(data[:100])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_table(path, ROWS)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [*path.parent.iterdir()] == [path]


def flips(rng: random.Random, data: bytes) -> bytes:
    """Flip one to three bits."""
    changed = bytearray(data)
    for place in rng.sample(range(len(data)), rng.randint(1, 3)):
        changed[place] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cut(rng: random.Random, data: bytes) -> bytes:
    """Leave out the end, or what lies between two places."""
    start = rng.randrange(len(data))
    return data[:start] + (data[rng.randrange(start + 1, len(data) + 1) :] if rng.random() else b"")


def added(rng: random.Random, data: bytes) -> bytes:
    """Put bytes at a place."""
    start = rng.randrange(len(data) + 1)
    return data[:start] + rng.randbytes(rng.randint(1, 100)) + data[start:]


def swapped(rng: random.Random, data: bytes) -> bytes:
    """Let two stretches of 48 bytes change places; two arrays of these figures are as long."""
    one, other = sorted(rng.sample(range(0, len(data) - 48, 48), 2))
    parts = data[one : one + 48], data[other : other + 48]
    whole = data[:one] + parts[1] + data[one + 48 : other] + parts[0] + data[other + 48 :]
    return whole if whole != data else added(rng, data)


@pytest.mark.parametrize("damage", [flips, cut, added, swapped])
def test_no_damaged_byte_is_believed(
    path: Path, damage: Callable[[random.Random, bytes], bytes]
) -> None:
    rng, data = random.Random(damage.__name__), path.read_bytes()
    for _ in range(200):
        path.write_bytes(damage(rng, data))
        with pytest.raises(TableError) as error:
            Table(path)
        assert "\n" not in str(error.value)


def remove(path: Path) -> None:
    path.unlink()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def make_foreign(path: Path) -> None:
    path.write_bytes(b"anything else\n" * 100)


def make_empty(path: Path) -> None:
    path.write_bytes(b"")


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def make_other_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["data"] = [1, 2, 3]


def edit_by_another_program(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file.attrs["num_cells"] = 2


def with_attribute(name: str, value: Any) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with edited(path) as file:
            if value is None:
                del file.attrs[name]
            else:
                file.attrs[name] = value

    return change


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (remove, "there is no table .*: import one with mixpath-table import"),
        (make_folder, "there is no table"),
        (truncate, "is damaged or truncated: import it again, or restore a copy"),
        (edit_by_another_program, "is damaged or truncated"),
        (make_foreign, "is no table, or a damaged one"),
        (make_empty, "is no table, or a damaged one"),
        (make_other_hdf5, "is HDF5 without the digest that .* run mixpath-table import .*table.h5"),
        (as_version_1, "is HDF5 without the digest"),
        (with_attribute("kind", "other"), "is an HDF5 file, but no mixpath-bench table"),
        (with_attribute("kind", [1.0, 2.0]), "is an HDF5 file, but no mixpath-bench table"),
        (with_attribute("schema_version", 3), "has schema version 3, .* reads version 2"),
        (with_attribute("schema_version", "2"), "has schema version 2, .* reads version 2"),
        (with_attribute("budgets", None), "is a damaged table .its attributes"),
        (with_attribute("budgets", [108, 4]), r"budgets \(108, 4\) must ascend"),
        (with_attribute("budgets", np.zeros(0)), "must be at least 1"),
        (with_attribute("num_cells", -1), "must be at least 1"),
        (with_attribute("num_cells", np.inf), "is a damaged table .its attributes"),
        (with_attribute("skeleton", "{"), "is a damaged table .its attributes"),
        (with_attribute("skeleton", json.dumps({"depth": 3})), "is a damaged table .its attr"),
        (with_attribute("details", "[]"), "details must be a JSON object"),
        (with_attribute("sources", "3"), "is a damaged table .its attributes"),
    ],
)
def test_what_is_no_table_is_refused(
    path: Path, damage: Callable[[Path], None], message: str
) -> None:
    damage(path)
    with pytest.raises(TableError, match=message) as error:
        Table(path)
    assert "\n" not in str(error.value)


def test_a_table_without_permission_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(TableError, match="is not yours to read"):
        Table(path)


def test_other_programs_can_read_a_table(path: Path) -> None:
    with h5py.File(path) as file:
        assert file["epochs_108/test"].shape == (3, 2)
        assert file.userblock_size == SIZE


def replaced(name: str, make: Callable[[h5py.File], Any]) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        made = make(file)
        del file[name]
        file[name] = made

    return change


def filtered(file: h5py.File) -> None:
    values = file["edges"][()]
    del file["edges"]
    file.create_dataset("edges", data=values, compression="gzip")


def elsewhere(file: h5py.File) -> None:
    del file["epochs_108/test"]
    file.create_dataset("epochs_108/test", (3, 2), "f8", external=[("/dev/zero", 0, 48)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((3,), "i8")
    layout[:] = h5py.VirtualSource(file["parameters"])
    del file["parameters"]
    file.create_virtual_dataset("parameters", layout)


def figures(value: float) -> Callable[[h5py.File], Any]:
    return lambda _: np.array([[0.5, 0.5], [0.5, value], [NAN, NAN]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda file: file.__delitem__("epochs_108/test"), "epochs_108/test .*: it is missing"),
        (lambda file: file.__delitem__("epochs_108"), "epochs_108/train .*: it is missing"),
        (replaced("edges", lambda _: h5py.SoftLink("/operations")), "edges .*a link to elsewhere"),
        (replaced("edges", lambda _: h5py.ExternalLink("x.h5", "/edges")), "a link to elsewhere"),
        (replaced("epochs_108", lambda _: h5py.SoftLink("/")), "a link to elsewhere"),
        (replaced("edges", lambda f: f["epochs_108"]), "edges .*: it is no array"),
        (filtered, "edges .*is filtered"),
        (elsewhere, "epochs_108/test .*lies in another file"),
        (virtual, "parameters .*lies in another file"),
        (
            replaced("parameters", lambda _: np.array([1, 2])),
            r"parameters holds int64 of shape \(2,\) instead of int64 of \(3,\)",
        ),
        (replaced("parameters", lambda _: np.ones(3)), "parameters holds float64 of shape"),
        (replaced("hash", lambda f: f["hash"][:, :15]), r"hash holds uint8 of shape \(3, 15\)"),
        (replaced("hash", lambda f: f["hash"][()][::-1]), "hash does not ascend at cell 1"),
        (replaced("hash", lambda f: f["hash"][()][[0, 0, 2]]), "hash does not ascend at cell 1"),
        (replaced("edges", lambda f: f["edges"][()] | 1 << 21), r"edges holds .* not in \[0, "),
        (replaced("operations", lambda f: f["operations"][()] | 1024), "operations holds .* not"),
        (replaced("parameters", lambda _: np.zeros(3, int)), "parameters holds 0, not in .1, 1e"),
        (replaced("epochs_108/valid", figures(1.5)), r"108/valid holds 1.5, not in \[0, 1\]"),
        (replaced("epochs_108/test", figures(91.0)), r"108/test holds 91, not in \[0, 1\]"),
        (replaced("epochs_108/train", figures(np.inf)), "108/train holds inf, not in"),
        (replaced("epochs_108/test", figures(-0.5)), "108/test holds -0.5, not in"),
        (replaced("epochs_108/time_s", figures(-3.0)), "108/time_s holds -3, not in"),
        (replaced("epochs_108/time_s", figures(np.inf)), "108/time_s holds inf, not in"),
    ],
)
def test_arrays_are_checked_when_they_are_read(
    path: Path, change: Callable[[h5py.File], None], message: str
) -> None:
    with edited(path) as file:
        change(file)
    with pytest.raises(TableError, match=message) as error:
        read_all(path)
    assert "\n" not in str(error.value)


def changed(name: str, place: Any, value: Any) -> TableData:
    data = collect(ROWS)
    column: Any = getattr(data, name).copy()
    column[place] = value
    return replace(data, **{name: column})


def with_figure(name: str, value: float) -> TableData:
    data = collect(ROWS)
    made = {key: values.copy() for key, values in data.budgets[108].figures.items()}
    made[name][0, 1] = value
    return replace(data, budgets={108: Budget(figures=made, mean_only=data.budgets[108].mean_only)})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (with_figure("test", 1.5), r"epochs_108/test holds 1.5, not in \[0, 1\]: correct it"),
        (with_figure("time_s", -1.0), "epochs_108/time_s holds -1, not in"),
        (changed("parameters", 0, 0), "parameters holds 0, not in"),
        (changed("hashes", 0, 255), "hashes must ascend"),
    ],
)
def test_a_wrong_table_is_not_written(tmp_path: Path, data: TableData, message: str) -> None:
    with pytest.raises(TableError, match=message):
        write(tmp_path / "table.h5", data)
    assert not [*tmp_path.iterdir()]


def test_a_figure_added_later_is_unknown_in_an_older_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Table(path) as table:
        with pytest.raises(ValueError, match=r"unknown figure 'energy_j': known: train, valid,"):
            table.figure(FIRST_CELL, "energy_j")
        for module in ("file", "table"):
            names = ("train", "valid", "test", "time_s", "energy_j")
            monkeypatch.setattr(f"bench.table.{module}.FIGURES", names)
        monkeypatch.setitem(columns.BUDGET_COLUMNS, "energy_j", columns.BUDGET_COLUMNS["time_s"])
        np.testing.assert_array_equal(table.figure(FIRST_CELL, "energy_j"), [NAN] * 2)
        np.testing.assert_array_equal(table.figure(FIRST_CELL, "time_s"), [30.5] * 2)
