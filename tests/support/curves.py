"""Reads what a training has drawn for TensorBoard."""

import struct
from collections import defaultdict
from pathlib import Path

from tensorboardX.proto.event_pb2 import Event


def read_curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Return the points (step, value) of each curve by its name."""
    curves: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for path in sorted(folder.glob("events.*")):
        data, place = path.read_bytes(), 0
        while place < len(data):  # a record is its length, a checksum, an event, a checksum
            (size,) = struct.unpack_from("<Q", data, place)
            event = Event.FromString(data[place + 12 : place + 12 + size])
            for value in event.summary.value:
                curves[value.tag].append((event.step, value.simple_value))
            place += 12 + size + 4
    return dict(curves)
