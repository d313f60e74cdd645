"""Forms that are malformed: boundaries, parts, headers of parts, charsets, files where none are."""

from random import Random

from benchmarks.borders.case import REFUSED, WITHSTOOD, Case, Target, request
from benchmarks.borders.texts import NUMBERS, WORDS, flipped, junk

_TYPES = (
    *(b"multipart/form-data", b"multipart/form-data; boundary=", b"multipart/form-data; boundary"),
    *(b'multipart/form-data; boundary="', b"multipart/form-data; boundary=" + b"b" * 5000),
    *(b"multipart/form-data; boundary=b; boundary=c", b"multipart/form-data; boundary=\xff\0"),
    *(b"multipart/form-data;boundary=b;charset=utf-7", b"multipart/form-data, boundary=b"),
    *(
        b"multipart/form-data; boundary*=utf-8''b",
        b"multipart/form-data; boundary*0=b; boundary*1=c",
    ),
    b"multipart/form-data; boundary=" + b";" * 3000,
)
_DISPOSITIONS = (
    *(
        b"form-data",
        b"form-data; name=",
        b'form-data; name=""',
        b'form-data; name="',
        b"attachment",
    ),
    *(b'form-data; name="a"; name="image"', b'form-data; name="\xff"', b"form-data; name=image;"),
    *(
        b"form-data; name*=utf-8''%ff",
        b'form-data; filename="x"',
        b"\xff",
        b'form-data;;;;name="a"',
    ),
    *(b'form-data; name="image"; filename="../../../etc/passwd"', b'form-data; name="__class__"'),
    *(b"form-data; name=\"image\"; filename*=utf-16''%ff%fe", b'form-data; name="a\\"b"'),
    *(b'form-data; name="' + b"a" * 3900 + b'"', b"form-data; " + b'x="y"; ' * 500 + b'name="a"'),
)


def boundaries(random: Random, target: Target) -> Case:
    """A content type that names no boundary, two, or another one than the body has."""
    body = _form(_part(b'form-data; name="image"', junk(random, 100)), boundary=b"other")
    return _post(random, target, body, random.choice(_TYPES), REFUSED)


def parts(random: Random, target: Target) -> Case:
    """Parts by the thousand, within one another, empty, or with headers that are none."""
    return _post(random, target, random.choice((_many_parts, _odd_part, _odd_lines))(random))


def _many_parts(random: Random) -> bytes:
    which = random.choice((b'form-data; name="a"', b'form-data; name="image"; filename="a"'))
    return _form(*[_part(which, b"1")] * random.choice((128, 129, 5000)))


def _odd_part(random: Random) -> bytes:
    nested = _form(_part(b'form-data; name="a"', b"1"), boundary=b"c")
    fields = (
        [b"X: 1"] * random.choice((8, 9, 5000)),
        [b"X: " + b"a" * random.choice((4090, 90_000))],
        [b"no colon"],
        [b"\0: \xff"],
        [b"Content-Transfer-Encoding: base64"],
        [b"Content-Type: multipart/mixed; boundary=c"],
    )
    name = random.choice((b"a", b"image"))
    said = random.choice((b"1", nested))
    return _form(_part(b'form-data; name="%s"' % name, said, *random.choice(fields)))


def _odd_lines(random: Random) -> bytes:
    return random.choice(
        (
            *(b"--b", b"--b--", b"--b\r\n", b"--b\r\n\r\n", b"\r\n" * 5000, b"--b" * 5000),
            *(b"--b\n\nx\n--b--", b"preamble\r\n--b--\r\nepilogue", b"-" * 200_000),
        )
    )


def dispositions(random: Random, target: Target) -> Case:
    """Names and file names that are none, or lead elsewhere."""
    said = [
        _part(random.choice(_DISPOSITIONS), junk(random, 50)) for _ in range(random.choice((1, 2)))
    ]
    return _post(random, target, _form(*said))


def values(random: Random, target: Target) -> Case:
    """Fields whose text is no value of theirs, in whatever charset."""
    from genart_core.catalogue import kinds

    kind = random.choice(_pictured(target))
    name = random.choice(list(kinds()[kind].request.model_fields)).encode()
    said = random.choice((random.choice(NUMBERS), random.choice(WORDS), '{"a":1', "[" * 10_000))
    text = random.choice(
        (said.encode("utf-8", "surrogatepass"), said.encode("utf-16"), b"\xff\xfe")
    )
    charset = random.choice(
        (b"X: 1", b"Content-Type: text/plain; charset=utf-7", b"Content-Type: \xff")
    )
    field = _part(b'form-data; name="%s"' % name, text, charset)
    body = _form(*[field] * random.choice((1, 1, 2, 20)))
    return _send(f"/v1/{kind}", body, b"multipart/form-data; boundary=b", WITHSTOOD)


def damaged(random: Random, target: Target) -> Case:
    """A form of which some bits are others, or the end is missing."""
    whole = _form(
        _part(
            b'form-data; name="image"; filename="a.png"',
            junk(random, 200),
            b"Content-Type: image/png",
        ),
        _part(b'form-data; name="seed"', b"1"),
    )
    body = flipped(random, whole)[: random.randint(1, len(whole))]
    return _post(random, target, body)


def _post(
    random: Random,
    target: Target,
    body: bytes,
    kind: bytes = b"multipart/form-data; boundary=b",
    allowed: frozenset[int] = WITHSTOOD,
) -> Case:
    path = random.choice(
        (*(f"/v1/{name}" for name in _pictured(target)), "/v1/assets", "/v1/reproduce")
    )
    return _send(path, body, kind, allowed)


def _send(path: str, body: bytes, kind: bytes, allowed: frozenset[int]) -> Case:
    return request(
        b"POST " + path.encode(), b"Content-Type: " + kind, body=body[:2_000_000], allowed=allowed
    )


def _pictured(target: Target) -> list[str]:
    from genart_core.catalogue import kinds
    from genart_core.request import image_fields

    return [name for name in target.kinds if image_fields(kinds()[name].request)]


def _part(disposition: bytes, data: bytes, *fields: bytes) -> bytes:
    head = b"\r\n".join([b"Content-Disposition: " + disposition, *fields])
    return head + b"\r\n\r\n" + data


def _form(*said: bytes, boundary: bytes = b"b") -> bytes:
    return (
        b"".join(b"--%s\r\n%s\r\n" % (boundary, part) for part in said) + b"--%s--\r\n" % boundary
    )
