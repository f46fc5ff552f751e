"""Writes and reads messages, in Python of its own."""

from google.protobuf import json_format, struct_pb2, timestamp_pb2

from capsule import task


@task
def main() -> None:
    message = struct_pb2.Struct()
    message.update({"a": [1, "x"], "b": {"c": True}})
    again = struct_pb2.Struct.FromString(message.SerializeToString())
    assert json_format.MessageToDict(again) == {"a": [1, "x"], "b": {"c": True}}
    assert timestamp_pb2.Timestamp(seconds=1).ToJsonString() == "1970-01-01T00:00:01Z"
