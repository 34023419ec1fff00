"""Records of a TFRecord file for tests."""

import base64
import json
import struct
from pathlib import Path
from typing import Any

import google_crc32c

from bench.network.cell import Cell
from bench.network.cell_costs import num_parameters
from bench.table.sources.metrics_proto import model_metrics_class
from bench.table.sources.tfrecord import masked


def frame(data: bytes) -> bytes:
    """Put data into a frame."""
    length = struct.pack("<Q", len(data))
    checksums = (struct.pack("<I", masked(google_crc32c.value(part))) for part in (length, data))
    return length + next(checksums) + data + next(checksums)


def metrics(cell: Cell, test: float = 0.9, valid: float = 0.8, time_s: float = 7.5) -> Any:
    """Make a message whose evaluations tell start, half-way and end apart."""
    message = model_metrics_class()(trainable_parameters=num_parameters(cell), total_time=100.0)
    for progress in (0.0, 0.5, 1.0):
        message.evaluation_data.add(
            current_epoch=108 * progress,
            training_time=time_s * progress,
            train_accuracy=progress,
            validation_accuracy=valid * progress,
            test_accuracy=test * progress,
            checkpoint_path="gone",
        )
    return message


def fields(cell: Cell, epochs: int = 108, message: Any = None) -> list[Any]:
    """Make the list that a record holds."""
    return [
        cell.hash,
        epochs,
        "".join(str(value) for row in cell.adjacency for value in row),
        ",".join(cell.operations),
        base64.b64encode((message or metrics(cell)).SerializeToString()).decode(),
    ]


def write_records(path: Path, records: list[list[Any]]) -> Path:
    """Write a file of records."""
    path.write_bytes(b"".join(frame(json.dumps(record).encode()) for record in records))
    return path
