"""Tests of bench.table.sources.tfrecord and bench.table.nasbench_rows."""

import base64
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.table.data import SourceError, TableData
from bench.table.sources.nasbench_rows import read_tfrecord
from bench.table.sources.tfrecord import read_records
from tests.graphs import FIRST_CELL, INCEPTION_CELL
from tests.records import fields, frame, metrics, write_records

GOOD = fields(FIRST_CELL)


def read(path: Path) -> TableData:
    return read_tfrecord(path).build()


def test_repeats_and_budgets(tmp_path: Path) -> None:
    path = write_records(
        tmp_path / "x.tfrecord",
        [
            fields(FIRST_CELL, 108, metrics(FIRST_CELL, test=0.91)),
            fields(FIRST_CELL, 4, metrics(FIRST_CELL, test=0.5)),
            fields(INCEPTION_CELL, 108, metrics(INCEPTION_CELL, test=0.7, valid=0.6, time_s=3.0)),
            fields(FIRST_CELL, 108, metrics(FIRST_CELL, test=0.93)),
        ],
    )
    data = read(path)
    assert [*data.budgets] == [4, 108]
    figures = data.budgets[108].figures
    np.testing.assert_array_equal(figures["test"], [[0.91, 0.93], [0.7, np.nan]])
    np.testing.assert_array_equal(figures["valid"], [[0.8, 0.8], [0.6, np.nan]])
    np.testing.assert_array_equal(figures["train"], [[1.0, 1.0], [1.0, np.nan]])
    np.testing.assert_array_equal(figures["time_s"], [[7.5, 7.5], [3.0, np.nan]])
    assert data.parameters.tolist() == [8_555_530, 2_694_282]
    np.testing.assert_array_equal(
        data.budgets[4].figures["test"], [[0.5, np.nan], [np.nan, np.nan]]
    )


def test_base64_may_be_broken_into_lines(tmp_path: Path) -> None:
    message = metrics(FIRST_CELL).SerializeToString()
    record = [*GOOD[:4], base64.encodebytes(message).decode()]
    assert len(read(write_records(tmp_path / "x.tfrecord", [record])).hashes) == 1


@given(st.lists(st.binary(max_size=100)))
def test_frames_come_back(tmp_path_factory: pytest.TempPathFactory, frames: list[bytes]) -> None:
    path = tmp_path_factory.getbasetemp() / "frames.tfrecord"
    path.write_bytes(b"".join(map(frame, frames)))
    done: list[int] = []
    assert [*read_records(path, done.append)] == [*enumerate(frames, start=1)]
    assert sum(done) == path.stat().st_size


@given(st.data())
def test_any_flipped_bit_is_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(frame(b"one") + frame(b"two") + frame(b"three"))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path_factory.getbasetemp() / "flipped.tfrecord"
    path.write_bytes(content)
    number = 1 + (place >= 19) + (place >= 38)
    with pytest.raises(SourceError, match=f"record {number}: bad checksum of the"):
        [*read_records(path)]


@given(st.integers(1, 18))
def test_any_cut_is_refused(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.tfrecord"
    path.write_bytes(frame(b"one") + frame(b"two")[:length])
    with pytest.raises(SourceError, match="record 2: truncated file"):
        [*read_records(path)]


def test_a_length_beyond_all_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.tfrecord"
    content = frame(b"")
    length = struct.pack("<Q", 2**63)
    path.write_bytes(length + masked_checksum(length) + content[12:])
    with pytest.raises(SourceError, match="record 1: truncated file"):
        [*read_records(path)]


def masked_checksum(data: bytes) -> bytes:
    return frame(data)[-4:]


def without(name: str) -> Callable[[], list[Any]]:
    def make() -> list[Any]:
        message = metrics(FIRST_CELL)
        owner = message if name in ("trainable_parameters",) else message.evaluation_data[-1]
        owner.ClearField(name)
        return fields(FIRST_CELL, message=message)

    return make


def with_unknown(place: str) -> Callable[[], list[Any]]:
    def make() -> list[Any]:
        message = metrics(FIRST_CELL)
        extra = b"\x48\x01"  # field 9, varint 1
        if place == "end":
            message.evaluation_data[-1].MergeFromString(extra)
        else:
            message.MergeFromString(extra)
        return fields(FIRST_CELL, message=message)

    return make


def with_figure(**figures: float) -> Callable[[], list[Any]]:
    def make() -> list[Any]:
        message = metrics(FIRST_CELL)
        for name, value in figures.items():
            setattr(message.evaluation_data[-1], name, value)
        return fields(FIRST_CELL, message=message)

    return make


def with_two_evaluations() -> list[Any]:
    message = metrics(FIRST_CELL)
    del message.evaluation_data[0]
    return fields(FIRST_CELL, message=message)


def with_other_parameters() -> list[Any]:
    message = metrics(FIRST_CELL)
    message.trainable_parameters += 1
    return fields(FIRST_CELL, message=message)


def replaced(place: int, value: Any) -> Callable[[], list[Any]]:
    return lambda: [*GOOD[:place], value, *GOOD[place + 1 :]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GOOD[:4], "must be a list of module hash, epochs"),
        (lambda: [*GOOD, 1], "must be a list of module hash, epochs"),
        (lambda: {"hash": 1}, "must be a list of module hash, epochs"),
        (replaced(1, "108"), "must be a list of module hash, epochs"),
        (replaced(1, True), "must be a list of module hash, epochs"),
        (replaced(1, 0), "epochs must be from 1 to 1,000,000, not 0"),
        (replaced(0, "f" * 32), "states hash f{32}, its graph has 00005c14"),
        (replaced(2, "0" * 49), "no path leads"),
        (replaced(2, "0" * 48), "is not the 49 digits 0 and 1 that 7 operations need"),
        (replaced(2, "2" * 49), "is not the 49 digits"),
        (replaced(3, GOOD[3].replace("3x3", "5x5")), "unknown operation 'conv5x5-bn-relu'"),
        (replaced(4, "AAAAA"), "padding|base64"),
        (replaced(4, base64.b64encode(b"\xff\xff").decode()), "Error parsing message"),
        (without("trainable_parameters"), "missing field trainable_parameters"),
        (without("current_epoch"), "missing field current_epoch"),
        (without("training_time"), "missing field training_time"),
        (without("train_accuracy"), "missing field train_accuracy"),
        (without("validation_accuracy"), "missing field validation_accuracy"),
        (without("test_accuracy"), "missing field test_accuracy"),
        (with_unknown("end"), "unknown field 9 of EvaluationData"),
        (with_unknown("message"), "unknown field 9 of ModelMetrics"),
        (with_two_evaluations, "has 2 evaluations instead of start, half-way and end"),
        (with_other_parameters, "states 8,555,531 trainable parameters, its graph has 8,555,530"),
        (with_figure(test_accuracy=1.001), r"accuracy 1, 0.8, 1.001 must be in \[0, 1\]"),
        (with_figure(train_accuracy=-0.1), "must be in"),
        (with_figure(validation_accuracy=float("nan")), "must be in"),
        (with_figure(training_time=-1.0), "time -1 s no less than 0"),
        (with_figure(training_time=float("inf")), "time inf s"),
    ],
)
def test_bad_records_are_refused(
    tmp_path: Path, make: Callable[[], list[Any]], message: str
) -> None:
    path = write_records(tmp_path / "x.tfrecord", [GOOD, make(), GOOD])
    with pytest.raises(SourceError, match=f"x.tfrecord: record 2: .*({message})") as error:
        read(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("data", [b"{", b"\xff\xfe", b"", b"3"])
def test_what_is_no_json_list_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.tfrecord"
    path.write_bytes(frame(json.dumps(GOOD).encode()) + frame(data))
    with pytest.raises(SourceError, match="record 2: "):
        read(path)
