"""The protocol buffer of one NAS-Bench-101 record, described here instead of compiled by protoc.

The field numbers are those of `model_metrics.proto` in google-research/nasbench. Syntax is proto2,
so that a missing field can be told from a zero.
"""

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto
EVALUATION_FIELDS = (
    "current_epoch",
    "training_time",
    "train_accuracy",
    "validation_accuracy",
    "test_accuracy",
)


@cache
def model_metrics_class() -> type[Any]:
    """Build the message class `ModelMetrics`."""
    file = descriptor_pb2.FileDescriptorProto(
        name="model_metrics.proto", package="nasbench", syntax="proto2"
    )
    evaluation = file.message_type.add(name="EvaluationData")
    for number, name in enumerate(EVALUATION_FIELDS, start=1):
        _add(evaluation, name, number, _FIELD.TYPE_DOUBLE)
    _add(evaluation, "checkpoint_path", 6, _FIELD.TYPE_STRING)
    metrics = file.message_type.add(name="ModelMetrics")
    metrics.field.add(
        name="evaluation_data",
        number=1,
        type=_FIELD.TYPE_MESSAGE,
        type_name=".nasbench.EvaluationData",
        label=_FIELD.LABEL_REPEATED,
    )
    _add(metrics, "trainable_parameters", 2, _FIELD.TYPE_INT32)
    _add(metrics, "total_time", 3, _FIELD.TYPE_DOUBLE)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("nasbench.ModelMetrics"))


def _add(
    message: descriptor_pb2.DescriptorProto,
    name: str,
    number: int,
    kind: descriptor_pb2.FieldDescriptorProto.Type.ValueType,
) -> None:
    message.field.add(name=name, number=number, type=kind, label=_FIELD.LABEL_OPTIONAL)
