"""Pictures that come with a request: as files of a form, or as data URIs."""

import base64
import binascii
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from urllib.parse import unquote_to_bytes

from api.http.errors import ProblemError

_MEMORY_BYTES = 256 * 1024  # what is larger lies on disk
_WHITESPACE = b" \t\n\f\r"


class Upload:
    """One picture's bytes, with their digest; removed when closed."""

    def __init__(self, pointer: str, limit: int, *, is_named: bool = True) -> None:
        """`pointer` says which field it is for; `limit` is the most bytes that it may have.

        `is_named` is false for a file without a name.
        """
        self.pointer = pointer
        self.is_named = is_named
        self.size = 0
        self._limit = limit
        self._digest = sha256()
        self._file = SpooledTemporaryFile(max_size=_MEMORY_BYTES)  # noqa: SIM115  see `close`

    def write(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            ProblemError: `image_too_large` if they are too many.
        """
        self.size += len(data)
        if self.size > self._limit:
            raise image_too_large(self.pointer, self._limit)
        self._digest.update(data)
        self._file.write(data)

    @property
    def sha256(self) -> str:
        """The digest of what was written so far."""
        return self._digest.hexdigest()

    @property
    def reference(self) -> str:
        """How a request names this picture once it is stored."""
        return f"asset:{self.sha256}"

    def read(self) -> bytes:
        """Return the whole."""
        self._file.seek(0)
        return self._file.read()

    def close(self) -> None:
        """Remove it."""
        self._file.close()


def is_data_uri(reference: str) -> bool:
    """Whether a picture comes inside its own reference."""
    return reference[:5].lower() == "data:"


def decode_data_uri(uri: str, pointer: str, limit: int) -> Upload:
    """Return the picture in a data URI, read as browsers do (WHATWG Infra, forgiving-base64).

    Raises:
        ProblemError: `invalid_image` if it is no base64, `image_too_large` if it has more bytes
            than `limit`.
    """
    text = uri.partition(",")[2]
    # more than this is too large, whatever of it may be white space or escaped
    if len(text) > 4 * limit + 4096:
        raise image_too_large(pointer, limit)
    data = unquote_to_bytes(text) if "%" in text else text.encode()
    data = data.translate(None, _WHITESPACE)
    try:
        # padding may be missing, but not be wrong
        decoded = base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
    except binascii.Error as error:
        why = f"the data URI is no base64: {error}"
        raise wrong_picture("invalid_image", pointer, why) from None
    upload = Upload(pointer, limit)
    try:
        upload.write(decoded)
    except ProblemError:
        upload.close()
        raise
    return upload


def image_too_large(pointer: str, limit: int) -> ProblemError:
    """Return the problem of a picture that has too many bytes."""
    why = f"at most {limit:,} bytes are taken for one picture"
    return wrong_picture("image_too_large", pointer, why, allowed={"bytes": limit})


def wrong_picture(code: str, pointer: str, why: str, **facts: object) -> ProblemError:
    """Return a problem with one picture; its complaint, which has the pointer, says only why."""
    complaint = {"pointer": pointer, "detail": about("", why), **facts}
    return ProblemError(code, about(pointer, why), errors=[complaint])


def about(pointer: str, detail: str) -> str:
    """Return a detail that says which field it is about; without a pointer it is the whole body."""
    return f"{pointer[1:]}: {detail}" if pointer else f"{detail[:1].upper()}{detail[1:]}"
