"""Weights files that hold nothing of use."""

import hashlib
import json
import struct
from pathlib import Path


def place_weights(home: Path, name: str, *, size: int = 100, art: str = "test") -> str:
    """Write a well-formed safetensors file of `size` bytes without tensors; return its sha256."""
    path = home / "models" / art / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    header = json.dumps({"__metadata__": {"card": "{}"}}).encode().ljust(size - 8)
    data = struct.pack("<Q", len(header)) + header
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()
