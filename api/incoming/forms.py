"""Forms with files: `multipart/form-data` (RFC 7578), read as they come and within bounds.

The parts are cut by python-multipart's parser; what they mean is decided here. A file of a field
that names pictures becomes an `Upload`, any other part is text.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import BaseModel
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from api.http.errors import ProblemError
from api.incoming.bodies import too_large
from api.incoming.form_values import Taken, taken_by, value_of
from api.incoming.uploads import Upload
from genart_core.request import image_fields
from genart_core.words import counted

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_PARTS = 128
MAX_HEADERS = 8  # of one part
MAX_HEADER_BYTES = 4096  # of one line
DEFAULT_MAX_PICTURES = 16  # in a list that doesn't say how many it takes
_PLAIN_ENCODINGS = (b"", b"7bit", b"8bit", b"binary")


def is_form(fields: dict[bytes, bytes]) -> bool:
    """Whether the body is said to be such a form."""
    media_type = fields.get(b"content-type", b"").partition(b";")[0].strip().lower()
    return media_type == b"multipart/form-data" and b"content-encoding" not in fields


def max_pictures(request_class: type[BaseModel]) -> dict[str, int]:
    """Return how many pictures each field takes that takes some."""
    return {
        name: _max_length(request_class, name) if takes_list else 1
        for name, takes_list in image_fields(request_class).items()
    }


def _max_length(request_class: type[BaseModel], name: str) -> int:
    bounds = request_class.model_fields[name].metadata
    found = [getattr(bound, "max_length", None) for bound in bounds]
    return min((most for most in found if most is not None), default=DEFAULT_MAX_PICTURES)


class FormReader:
    """Makes sense of a form's bytes, as they are written to it. Not for the event loop."""

    def __init__(
        self,
        request_class: type[BaseModel],
        content_type: bytes,
        *,
        max_image_bytes: int,
        max_text_bytes: int,
    ) -> None:
        """`max_text_bytes` is for all fields together that are no files.

        Raises:
            ProblemError: `invalid_form` if the content type names no boundary.
        """
        self._class = request_class
        self._pictures = max_pictures(request_class)
        self._max_image_bytes = max_image_bytes
        self._text_left = self._max_text_bytes = max_text_bytes
        self._parts = 0
        self._is_whole = False
        self._headers: dict[bytes, bytes] = {}
        self._header_name = self._header_value = b""
        self._name = ""
        self._part: Upload | bytearray = bytearray()
        self._came: dict[str, list[str | Upload]] = {}
        self.uploads: list[Upload] = []
        logging.getLogger("python_multipart").setLevel(logging.ERROR)  # callers' errors, not ours
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        if not boundary:
            raise _malformed("the Content-Type names no boundary")
        try:
            self._parser = MultipartParser(
                boundary,
                self._callbacks(),
                max_header_count=MAX_HEADERS,
                max_header_size=MAX_HEADER_BYTES,
            )
        except FormParserError as error:
            raise _malformed(str(error)) from None

    def write(self, data: bytes) -> None:
        """Take the next bytes of the body.

        Raises:
            ProblemError: as soon as something is wrong with them.
        """
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _malformed(str(error)) from None

    def values(self) -> dict[str, Any]:
        """Return the fields of the whole form, pictures as the references they will have.

        Raises:
            ProblemError: `invalid_form` if its end is missing, `invalid_request` if a field came
                twice that has one value.
        """
        if not self._is_whole:
            raise _malformed("it ends before its closing boundary")
        taken = taken_by(self._class)
        values = {
            name: self._value(name, parts, taken.get(name)) for name, parts in self._came.items()
        }
        return {name: value for name, value in values.items() if value is not None}

    def json(self) -> bytes:
        """Return these fields as the JSON object that would say the same."""
        return orjson.dumps(self.values())

    def close(self) -> None:
        """Remove the files, one that is not whole too."""
        if isinstance(self._part, Upload):
            self._part.close()
        for upload in self.uploads:
            upload.close()

    def _value(self, name: str, parts: Sequence[str | Upload], taken: Taken | None) -> Any:
        texts = [part.reference if isinstance(part, Upload) else part for part in parts]
        if taken is None:
            return texts[0]  # there is no such field, as validation will say
        if len(texts) > 1 and not taken.takes_many:
            raise _wrong(name, f"came {len(texts)} times, but has one value")
        return value_of(taken, texts)

    def _callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._take_header_name,
            "on_header_value": self._take_header_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._open,
            "on_part_data": self._take,
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        self._headers = {}
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise _malformed(f"it has more than {MAX_PARTS} parts")

    def _take_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _take_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _open(self) -> None:
        """Decide by its headers what a part is."""
        disposition, options = parse_options_header(self._headers.get(b"content-disposition"))
        if disposition != b"form-data" or not options.get(b"name"):
            raise _malformed('a part has no Content-Disposition: form-data; name="…"')
        self._name = _text(options[b"name"], "the name of a part")
        encoding = self._headers.get(b"content-transfer-encoding", b"").strip().lower()
        if encoding not in _PLAIN_ENCODINGS:
            raise _malformed(f"{self._name}: a Content-Transfer-Encoding is not taken")
        is_picture = self._headers.get(b"content-type", b"").strip().lower().startswith(b"image/")
        if b"filename" in options or (is_picture and self._name in self._pictures):
            self._part = self._new_upload(options.get(b"filename", b""))
        else:
            self._part = bytearray()

    def _new_upload(self, filename: bytes) -> Upload:
        name = self._name
        if name not in self._pictures:
            fields = ", ".join(self._pictures)
            raise _wrong(name, f"takes no file; those that do are {fields}")
        place = len(self._came.get(name, ()))
        if place >= self._pictures[name]:
            raise _wrong(name, f"takes at most {counted(self._pictures[name], 'picture')}")
        takes_list = image_fields(self._class)[name]
        pointer = f"/{name}/{place}" if takes_list else f"/{name}"
        return Upload(pointer, self._max_image_bytes, is_named=bool(filename))

    def _take(self, data: bytes, start: int, end: int) -> None:
        if isinstance(self._part, Upload):
            self._part.write(data[start:end])
            return
        self._text_left -= end - start
        if self._text_left < 0:
            raise too_large(self._max_text_bytes)
        self._part += data[start:end]

    def _end(self) -> None:
        part = self._part
        if isinstance(part, Upload):
            # a file input of a page that was not filled in comes without name and bytes
            if part.size or part.is_named:
                self.uploads.append(part)
                self._came.setdefault(self._name, []).append(part)
            else:
                part.close()
        else:
            text = _text(bytes(part), self._name)
            self._came.setdefault(self._name, []).append(text)

    def _finish(self) -> None:
        self._is_whole = True


def _text(data: bytes, what: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _malformed(f"{what} is not in UTF-8") from None


def _malformed(why: str) -> ProblemError:
    return ProblemError("invalid_form", f"This is no multipart/form-data that can be read: {why}")


def _wrong(name: str, why: str) -> ProblemError:
    complaint = {"pointer": f"/{name[:80]}", "detail": why[:1].upper() + why[1:]}
    return ProblemError("invalid_request", f"{name[:80]}: {why}", errors=[complaint])
