"""Rows of the official NAS-Bench-101 files (`nasbench_only108` and `nasbench_full` `.tfrecord`).

A record is the JSON list [module_hash, epochs, adjacency, operations, metrics]: the matrix as a
row-major string of 0 and 1, the operations joined by commas, the metrics as the base64 of a
`ModelMetrics` message. Its evaluations are start, half-way and end; the end is kept. Repeats of a
cell and budget are records of their own.
"""

import binascii
import json
import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from bench.network.cell import Adjacency, Cell
from bench.network.skeleton import NASBENCH101, Skeleton
from bench.table.builder import TableBuilder
from bench.table.data import MOST_EPOCHS, SourceError
from bench.table.sources.metrics_proto import EVALUATION_FIELDS, model_metrics_class
from bench.table.sources.tfrecord import read_records

_JSON = json.JSONDecoder()
_FIELD_TYPES = [str, int, str, str, str]
_NUM_EVALUATIONS = 3  # start, half-way, end


def read_tfrecord(
    path: Path,
    skeleton: Skeleton = NASBENCH101,
    advance: Callable[[int], object] = lambda _: None,
) -> TableBuilder:
    """Read a whole file.

    Args:
        path: the TFRecord file.
        skeleton: the network whose parameters the records state.
        advance: called now and then with the number of bytes read since.

    Raises:
        SourceError: for the first record that is not as it should be.
    """
    builder = TableBuilder(skeleton)
    indices: dict[str, int] = {}  # of graphs seen, so that each is hashed once
    hashes: list[str] = []
    for number, data in read_records(path, advance):
        try:
            module_hash, epochs, adjacency, operations, encoded = _fields(data)
            graph = f"{adjacency},{operations}"
            index = indices.get(graph)
            if index is None:
                cell = parse_cell(adjacency, operations.split(","))
                index = indices[graph] = builder.index(cell)
                if index == len(hashes):
                    hashes.append(cell.hash)
            if module_hash != hashes[index]:
                raise ValueError(f"states hash {module_hash}, its graph has {hashes[index]}")
            parameters, figures = _metrics(encoded)
            check_parameters(parameters, builder.parameters[index])
            check_figures(figures)
        except (ValueError, DecodeError) as error:
            raise SourceError(path, number, error) from None
        builder.add(index, epochs, figures)
    return builder


def parse_cell(adjacency: str, operations: list[str]) -> Cell:
    """Make a cell from a row-major string of 0 and 1 and its operations.

    Raises:
        ValueError: if they are none.
    """
    return Cell.from_matrix(_parse_matrix(adjacency, len(operations)), operations)


@lru_cache(maxsize=4096)
def _parse_matrix(digits: str, size: int) -> Adjacency:
    if len(digits) != size * size or set(digits) - {"0", "1"}:
        raise ValueError(
            f"adjacency {digits!r} is not the {size * size} digits 0 and 1 that {size} "
            "operations need"
        )
    rows = [digits[start : start + size] for start in range(0, len(digits), size)]
    return tuple(tuple(map(int, row)) for row in rows)


def check_parameters(stated: int, counted: int) -> None:
    """Raise ValueError unless both counts of trainable parameters agree."""
    if stated != counted:
        raise ValueError(f"states {stated:,} trainable parameters, its graph has {counted:,}")


def check_figures(figures: dict[str, float]) -> None:
    """Raise ValueError unless the accuracies are in [0, 1] and the time is none below 0."""
    train, valid, test, time_s = figures.values()
    if not (0 <= train <= 1 and 0 <= valid <= 1 and 0 <= test <= 1 and 0 <= time_s < math.inf):
        raise ValueError(
            f"train, valid and test accuracy {train:g}, {valid:g}, {test:g} must be in [0, 1] and "
            f"time {time_s:g} s no less than 0"
        )


def _fields(data: bytes) -> tuple[str, int, str, str, str]:
    text = data.decode().strip()
    record, end = _JSON.raw_decode(text)  # a third faster than json.loads
    if end != len(text) or not isinstance(record, list) or [*map(type, record)] != _FIELD_TYPES:
        raise ValueError(
            "must be a list of module hash, epochs, adjacency, operations and metrics, not "
            f"{str(record)[:80]}"
        )
    if not 1 <= record[1] <= MOST_EPOCHS:
        raise ValueError(f"epochs must be from 1 to {MOST_EPOCHS:,}, not {record[1]}")
    return tuple(record)


def _metrics(encoded: str) -> tuple[int, dict[str, float]]:
    """Read the parameters, and the figures of the last evaluation: train, valid, test, time."""
    metrics = model_metrics_class().FromString(binascii.a2b_base64(encoded))
    evaluations = metrics.evaluation_data
    if len(evaluations) != _NUM_EVALUATIONS:
        raise ValueError(f"has {len(evaluations)} evaluations instead of start, half-way and end")
    if not metrics.HasField("trainable_parameters"):
        raise ValueError("missing field trainable_parameters")
    end = evaluations[-1]
    for message in (metrics, *evaluations):
        if len(UnknownFieldSet(message)):
            number = UnknownFieldSet(message)[0].field_number
            raise ValueError(f"unknown field {number} of {message.DESCRIPTOR.name}")
    for name in EVALUATION_FIELDS:
        if not end.HasField(name):
            raise ValueError(f"missing field {name}")
    figures = {
        "train": end.train_accuracy,
        "valid": end.validation_accuracy,
        "test": end.test_accuracy,
        "time_s": end.training_time,
    }
    return metrics.trainable_parameters, figures
