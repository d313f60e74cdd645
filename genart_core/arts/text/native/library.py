"""The compiled steps as Python sees them. Every shape is checked here, before C sees an address."""

import ctypes
from collections.abc import Sequence
from ctypes import POINTER, byref, c_int, c_int64, c_void_p
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from genart_core.native.kernel import Signatures, UnusableError, opened

Array: TypeAlias = NDArray[Any]

ABI = 1
OUTPUTS = 64  # a block's
LANES = 16
LINE = 64
MOST_BLOCKS = 0xFFFF


class _Matrix(ctypes.Structure):
    _fields_ = [
        *((name, c_void_p) for name in ("weights", "start", "scale", "vector")),
        *((name, c_int64) for name in ("inputs", "blocks")),
    ]


class _Model(ctypes.Structure):
    _fields_ = [
        ("layers", POINTER(_Matrix)),
        ("head", POINTER(_Matrix)),
        ("table", c_void_p),
        *((name, c_int64) for name in ("count", "hidden", "tokens", "width")),
    ]


class _Desk(ctypes.Structure):
    _fields_ = [
        *((name, c_void_p) for name in ("h", "h_new", "c", "logits", "ids")),
        ("rows", c_int64),
    ]


class _Walk(ctypes.Structure):
    _fields_ = [
        ("steps", c_int64),
        *((name, c_void_p) for name in ("prompts", "sharpness", "noise", "scores", "drawn")),
    ]


@dataclass(frozen=True)
class Parts:
    """What a step computes with, as in `stored.Layout`."""

    matrices: Sequence[NDArray[np.int8]]
    scales: Sequence[NDArray[np.float32]]
    vectors: Sequence[NDArray[np.float32]]
    table: NDArray[np.float32]

    @property
    def hidden(self) -> int:
        """Return the padded size of a layer."""
        return int(self.table.shape[1]) // 4


class PackedModel:
    """A model in the order in which the library reads it; its steps take up to `threads` threads.

    Raises:
        ValueError: if the parts do not fit together.
    """

    def __init__(self, library: "Library", parts: Parts) -> None:
        if not _fit(parts):
            raise ValueError("the parts of the model do not fit together")
        self.library = library
        self.threads = 1
        self.hidden, self.layers = parts.hidden, len(parts.matrices) - 1
        self.tokens, self.width = len(parts.table), len(parts.matrices[-1])
        self._kept: list[Array] = []  # what addresses point to
        # A block of a layer has 16 units of each gate.
        gates = np.arange(4 * self.hidden).reshape(4, -1, LANES).transpose(1, 0, 2).ravel()
        orders = [gates] * self.layers + [np.arange(self.width)]
        vectors = (None, *parts.vectors)
        matrices = map(self._matrix, parts.matrices, parts.scales, vectors, orders)
        *layers, head = matrices
        self._layers, self._head = (_Matrix * self.layers)(*layers), head
        self.struct = _Model(
            self._layers,
            ctypes.pointer(self._head),
            self._kept_at(parts.table, np.float32),
            *(self.layers, self.hidden, self.tokens, self.width),
        )

    def _matrix(self, weight: Array, scale: Array, vector: Array | None, order: Array) -> _Matrix:
        rows, inputs = weight.shape
        ordered = weight[order]
        packed = ordered.reshape(-1, OUTPUTS, inputs // 4, 4).transpose(0, 2, 1, 3)
        start = -128 * ordered.sum(axis=1, dtype=np.int64)
        return _Matrix(
            self._kept_at(packed, np.int8),
            self._kept_at(start, np.int32),
            self._kept_at(scale[order], np.float32),
            None if vector is None else self._kept_at(vector, np.float32),
            *(inputs, rows // OUTPUTS),
        )

    def _kept_at(self, array: Array, dtype: Any) -> int:
        copy = aligned(array.shape, dtype)
        copy[...] = array
        self._kept.append(copy)
        return int(copy.ctypes.data)


class PackedDesk:
    """What rows have in hand: `h` is uint8 `(B, L, H)`, 128 added, `c` fp32 `(L, B, H)`."""

    def __init__(self, model: PackedModel, rows: int) -> None:
        self.model = model
        self.rows = rows
        self.h = aligned((rows, model.layers, model.hidden), np.uint8)
        self.h[...] = 128
        self._h_new = aligned(self.h.shape, np.uint8)
        self.c = aligned((model.layers, rows, model.hidden), np.float32)
        self.logits = aligned((rows, model.width), np.float32)
        self.ids = aligned((rows,), np.int64)
        arrays = (self.h, self._h_new, self.c, self.logits, self.ids)
        self._struct = _Desk(*(int(array.ctypes.data) for array in arrays), rows)

    def step(self) -> None:
        """Read `ids` and write `logits`."""
        library = self.model.library
        library.check(library.dll.genart_text_step(byref(self.model.struct), byref(self._struct)))

    def walk(
        self, *, prompts: Array, sharpness: Array, noise: Array, scores: Array, drawn: Array
    ) -> None:
        """Take as many steps as there are prompts `(K, B)`, drawing what the next one reads.

        Sharpness is `(B,)`, noise and scores are `(K, B, W)`, `drawn` is `(K, B)`.
        """
        steps, wide = len(prompts), (len(prompts), self.rows, self.model.width)
        struct = _Walk(
            steps,
            _address(prompts, np.int64, (steps, self.rows)),
            _address(sharpness, np.float32, (self.rows,)),
            _address(noise, np.float32, wide),
            _address(scores, np.float32, wide),
            _address(drawn, np.int64, (steps, self.rows)),
        )
        library, places = self.model.library, (self.model.struct, self._struct, struct)
        walk = library.dll.genart_text_walk
        library.check(walk(*map(byref, places), self.model.threads))


class Library:
    """A compiled `step.c`.

    Raises:
        UnusableError: if it is none, is another version's, or this CPU can't run it.
    """

    def __init__(self, path: Path) -> None:
        self.dll = opened(path, "genart_text_", ABI, SIGNATURES)
        if not self.dll.genart_text_is_able():
            raise UnusableError("this CPU has no AVX-512 VNNI")

    def check(self, result: int) -> None:
        """Raise what a call came to.

        Raises:
            ValueError: if a token is not in the vocabulary.
        """
        if result != 0:
            raise ValueError("a token is not in the vocabulary")


SIGNATURES: Signatures = {
    "abi": (c_int, []),
    "is_able": (c_int, []),
    "step": (c_int, [POINTER(_Model), POINTER(_Desk)]),
    "walk": (c_int, [POINTER(_Model), POINTER(_Desk), POINTER(_Walk), c_int64]),
}


def aligned(shape: tuple[int, ...], dtype: Any) -> Array:
    """Return zeros that begin with a cache line."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + LINE, np.uint8)
    first = -int(raw.ctypes.data) % LINE
    array: Array = raw[first : first + size].view(dtype).reshape(shape)
    return array


def _address(array: Array, dtype: Any, shape: tuple[int, ...]) -> int:
    if array.dtype != dtype or array.shape != shape or not array.flags.c_contiguous:
        raise ValueError(f"{array.dtype} {array.shape} is not {np.dtype(dtype)} {shape}")
    return int(array.ctypes.data)


def _fit(parts: Parts) -> bool:
    layers, hidden, width = len(parts.matrices) - 1, parts.hidden, len(parts.matrices[-1])
    shapes = [(4 * hidden, hidden * (1 + (n > 0))) for n in range(layers)] + [(width, hidden)]
    return (
        layers >= 1
        and hidden > 0
        and hidden % OUTPUTS == width % OUTPUTS == 0
        and max(hidden // LANES, width // OUTPUTS) <= MOST_BLOCKS
        and 0 < len(parts.table) <= width
        and parts.table.shape[1] == 4 * hidden
        and [matrix.shape for matrix in parts.matrices] == shapes
        and [scale.shape for scale in parts.scales] == [(rows,) for rows, _ in shapes]
        and [vector.shape for vector in parts.vectors] == [(rows,) for rows, _ in shapes[1:]]
    )
