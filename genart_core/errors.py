"""Errors of the shared half.

GenartError
 ├── UnknownKindError       no such route or kind
 ├── UnknownModelError      no such model for this art
 ├── ModelNotPulledError    the model is known, its file is not here
 ├── DamagedWeightsError    a weights file is not what its card says
 ├── PicturesLostError      too many pictures of a training can't be read
 ├── RefusedError           the request is well-formed but can't be made with this model or here
 ├── InvalidImageError      a file is no picture that can be read
 │    └── TooManyPixelsError     it is one, but too large
 └── ArtError               the job itself cannot succeed; never retried
"""

from collections.abc import Mapping, Sequence
from typing import Literal


class GenartError(Exception):
    """Base of all errors that a caller can do something about; `code` is stable."""

    code = "error"


class UnknownKindError(GenartError):
    """Raised for a kind that the catalogue doesn't list."""

    code = "unknown_kind"

    def __init__(self, kind: str, known: Sequence[str]) -> None:
        super().__init__(f"Unknown kind {kind!r}; known kinds: {', '.join(known)}")
        self.kind = kind
        self.known = tuple(known)


class UnknownModelError(GenartError):
    """Raised for a model name that no art of this kind has."""

    code = "unknown_model"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"Unknown model {name!r}; known models: {', '.join(known) or 'none'}")
        self.name = name
        self.known = tuple(known)


class ModelNotPulledError(GenartError):
    """Raised for a catalogued model whose file has not been downloaded."""

    code = "model_not_pulled"

    def __init__(self, name: str) -> None:
        super().__init__(f"Model {name!r} is not here yet; run: genart models pull {name}")
        self.name = name


class DamagedWeightsError(GenartError):
    """Raised when a weights file is unreadable or its sha256 is not the card's."""

    code = "damaged_weights"


class PicturesLostError(GenartError):
    """Raised where so many of a training's pictures can't be read that it is not to go on."""

    code = "pictures_lost"


class RefusedError(GenartError):
    """Raised by a kind's `check` for a request that its model or the workers can't make.

    `code` is `invalid_request` where the caller named something that isn't there, `too_large` where
    the device has not the memory; `detail` says what would do, and so does `fits`, field by field.
    """

    def __init__(
        self,
        field: str,
        detail: str,
        code: Literal["invalid_request", "too_large"] = "invalid_request",
        fits: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(detail)
        self.field = field
        self.code = code
        self.fits = dict(fits or {})


class InvalidImageError(GenartError):
    """Raised for bytes that are no picture of an allowed format, or a damaged one."""

    code = "invalid_image"


class TooManyPixelsError(InvalidImageError):
    """Raised for a picture of more pixels than are allowed, before any of them is decoded."""

    def __init__(self, pixels: int, allowed: int) -> None:
        super().__init__(f"The picture has {pixels:,} pixels; at most {allowed:,} are allowed")
        self.pixels = pixels
        self.allowed = allowed


class ArtError(GenartError):
    """Raised by a generator when this request can't become an artwork; it is not retried."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
