"""Heads of requests that are wrong: lengths that contradict, fields beyond number, odd values."""

from random import Random

from benchmarks.borders.case import REFUSED, WITHSTOOD, Case, Target, request
from benchmarks.borders.texts import flipped, junk

_JSON = b"Content-Type: application/json"
_SMUGGLED = b"GET /v1/jobs HTTP/1.1\r\nHost: evil.example\r\n\r\n"
_RANGES = (
    *(b"bytes=0-", b"bytes=-1", b"bytes=-0", b"bytes=5-1", b"bytes=999999999-", b"bytes=0-0,1-1"),
    *(b"bytes=" + b"0-0," * 3000, b"bytes=" + b"9" * 36 + b"-", b"bytes=" + b"9" * 5000 + b"-"),
    *(b"bytes", b"bytes=", b"bytes=a-b", b"bytes=--1", b"bytes=0--1", b"pages=1-2", b"bytes=\xb2-"),
    *(b"bytes=0-" + b"9" * 36, b"bytes=1 - 2", b"bytes=-" + b"9" * 36, b"bytes=\xd9\xa1-"),
)
_TAGS = (
    *(b"*", b'"', b'W/"', b'"a', b"a,b,c", b'W/W/"1"', b"," * 4000, b'"' + b"a" * 8000 + b'"'),
    *(b"\xff\xfe", b'"\x80"', b"", b'"1", "2", *'),
)
_VALUES = {
    b"Last-Event-ID": (
        *(b"0-0", b"-1", b"0", b"-", b"+", b"$", b">", b"0-0 0-0", b"9" * 40, b"1-" + b"9" * 40),
        *(b"18446744073709551615-18446744073709551615", b"18446744073709551616-0", b"a-b", b"\x80"),
        *(b"1.5-0", b"\xd9\xa1-0", b" ", b"*", b"0x1-0", b"-1--1"),
    ),
    b"Prefer": (
        *(b"wait", b"wait=", b"wait=-1", b"wait=1e9", b"wait=\xb2", b"wait=NaN", b"wait=0x1"),
        *(b'wait="', b"wait=0;wait=1", b"," * 5000, b"respond-async" * 1000, b"wait=00000000"),
        *(b"=;=,;", b"\xff=\xff", b"handling=strict, wait=a"),
    ),
    b"Idempotency-Key": (
        *(b"", b'""', b'"', b'"\\', b"a" * 255, b"a" * 256, b"\xff", b"a b", b"\x80" * 20, b"a\tb"),
        b'"' + b"\\" * 400 + b'"',
    ),
    b"Accept": (b"", b"*/*;q=a", b"," * 3000, b"text/event-stream;;;", b"\xff/\xff"),
    b"Accept-Encoding": (b"gzip;q=a", b"gzip;q=1e400", b"," * 3000, b"gzip;q=0.0000", b"\xff"),
    b"Cache-Control": (b"no-cache=\xff", b"," * 3000, b"max-age=-1", b"no-store no-cache"),
    b"X-Request-Id": (b"a" * 128, b"a" * 129, b"\x80", b"a b", b"<script>", b"%0d%0a"),
    b"Authorization": (b"Bearer", b"Bearer ", b"bearer \xff", b"Basic a", b"Bearer " + b"a" * 9000),
    b"Expect": (b"100-continue", b"200-ok", b"100-continue, 100-continue"),
    b"Upgrade": (b"h2c", b"websocket", b"HTTP/2.0", b"TLS/1.3"),
    b"Forwarded": (b"for=127.0.0.1;host=a", b'for="_', b"for=" + b"a" * 3000),
    b"X-Forwarded-For": (b"127.0.0.1", b"::1", b"\xff"),
    b"Cookie": (b"a=b;" * 2000, b"=", b"\xff"),
    b"traceparent": (b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01", b"ff-zz", b"00-" + b"f" * 999),
}
_HOSTS = (
    *(b"Host: evil.example", b"Host: 127.0.0.1.nip.io", b"Host: localhost@evil", b"Host: [::1"),
    *(b"Host: ", b"Host: \xff", b"Host: 127.0.0.1\r\nHost: evil", b"X: 1", b"Host: 2130706433"),
    *(b"Host: " + b"a" * 3000, b"Host: 127.0.0.1:99999", b"Host: 127.0.0.1:80:80", b"Host:\t"),
)
_METHODS = (
    *(b"OPTIONS", b"TRACE", b"CONNECT", b"PUT", b"PATCH", b"PROPFIND", b"PURGE", b"get", b"G\xc3T"),
    *(b"SEARCH", b"LINK", b"M-SEARCH", b"MKCOL", b"GET\0", b"POST ", b"", b"A" * 2000, b"HEAD"),
)


def lengths(random: Random, target: Target) -> Case:
    """Shapes that make two readers disagree on where a request ends."""
    body = b'{"length":1}'
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    length = b"Content-Length: %d" % len(body)
    fields, sent = random.choice(
        (
            ((length, length), body),
            ((length, b"Content-Length: 5"), body),
            ((b"Content-Length: 12, 12",), body),
            ((length, b"Transfer-Encoding: chunked"), chunked + _SMUGGLED),
            ((b"Transfer-Encoding: chunked", b"Content-Length: 3"), chunked + _SMUGGLED),
            ((b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"), chunked),
            ((b"Transfer-Encoding: xchunked",), chunked),
            ((b"Transfer-Encoding : chunked",), chunked),
            ((b"Transfer-Encoding:\x0bchunked",), chunked),
            ((b"Transfer-Encoding: chunked, gzip",), chunked),
            ((b" Transfer-Encoding: chunked", length), chunked),
            ((b"Transfer-Encoding\r\n : chunked",), chunked),
            ((b"Transfer-Encoding: chunked",), b"-1\r\n\r\n0\r\n\r\n"),
            ((b"Transfer-Encoding: chunked",), b"ffffffffffffffff\r\n" + body),
            ((b"Transfer-Encoding: chunked",), b"1;" + b"a" * 70_000 + b"\r\nx\r\n0\r\n\r\n"),
            ((b"Transfer-Encoding: chunked",), b"0\r\n" + b"T: 1\r\n" * 20_000 + b"\r\n"),
            ((b"Transfer-Encoding: chunked",), b"c\n" + body + b"\n0\n\n"),
            ((b"Content-Length: -1",), body),
            ((b"Content-Length: +12",), body),
            ((b"Content-Length: 0x0c",), body),
            ((b"Content-Length: 1_2",), body),
            ((b"Content-Length: \xd9\xa1",), body),
            ((b"Content-Length: " + b"9" * 30,), body),
            ((b"Content-Length: " + b"0" * 40 + b"12",), body),
            ((b"Content-Length:",), body),
            ((b"Content-Length: 0",), _SMUGGLED),
        )
    )
    path = random.choice(("/v1/text", "/v1/dream", "/v1/assets", "/livez", "/nope")).encode()
    head = b"\r\n".join([b"POST %s HTTP/1.1" % path, b"Host: 127.0.0.1", _JSON, *fields, b"", b""])
    return Case((head + sent,), WITHSTOOD, is_cut=True)


def many_fields(random: Random, target: Target) -> Case:
    """More fields, or longer ones, than a head may have; names that are none."""
    count = random.choice((120, 129, 1000, 8000))
    fields = random.choice(
        (
            [b"X-%d: 1" % n for n in range(count)],
            [b"X-Long: " + b"a" * random.choice((8_000, 65_536, 300_000))],
            [b"A" * random.choice((300, 70_000)) + b": 1"],
            [b"Cookie: a=b"] * count,
            [
                random.choice(
                    (b"X\0Y: 1", b"X Y: 1", b": 1", b"X", b"\xff: 1", b"X: a\0b", b"X:\x01")
                )
            ],
            [b"X: 1\r\n folded", b"\tX: 1"],
            [b"X: 1\nY: 2", b"X: 1\rY: 2"],
        )
    )
    return request(b"GET /livez", *fields)


def odd_values(random: Random, target: Target) -> Case:
    """Fields that mean something here, with values that mean nothing."""
    job = target.job.encode()
    path = random.choice(
        (
            b"GET /v1/jobs/" + job,
            b"GET /v1/jobs/%s/events" % job,
            b"GET /v1/jobs/%s/outputs/0" % job,
            b"GET /v1/assets/" + target.sha256.encode(),
            b"GET /v1/jobs",
            b"GET /",
            b"GET /openapi.json",
            b"HEAD /livez",
        )
    )
    fields = []
    for name in random.sample(list(_VALUES), random.randint(1, 4)):
        fields += [name + b": " + random.choice(_VALUES[name])] * random.choice((1, 1, 1, 2, 40))
    fields += [b"Range: " + random.choice(_RANGES)] * random.choice((0, 1, 1, 3))
    fields += [random.choice((b"If-None-Match: ", b"If-Range: ")) + random.choice(_TAGS)]
    if random.random() < 0.3:
        return request(b"POST /v1/text", _JSON, *fields, body=b'{"length":0}', allowed=REFUSED)
    return request(path, *fields)


def strangers(random: Random, target: Target) -> Case:
    """Hosts and origins that are not ours."""
    path = random.choice((b"GET /v1/jobs", b"GET /livez", b"POST /v1/text", b"DELETE /v1/jobs/x"))
    host = random.choice(_HOSTS)
    if random.random() < 0.5:
        return request(path, host=host, body=b"{}" if path.startswith(b"POST") else None)
    origin = random.choice(
        (
            b"null",
            b"",
            b"https://evil.example",
            b"http://localhost:1",
            b"\xff",
            b"a" * 9000,
            b"http://",
        )
    )
    site = random.choice((b"cross-site", b"same-site", b"none", b"\xff", b"CROSS-SITE"))
    fields = [b"Origin: " + origin, b"Sec-Fetch-Site: " + site]
    fields += [b"Access-Control-Request-Method: " + random.choice(_METHODS)]
    return request(random.choice((path, b"OPTIONS /v1/text", b"OPTIONS *")), *fields)


def methods(random: Random, target: Target) -> Case:
    """Methods that an address hasn't, or that are none."""
    path = random.choice(
        (
            b"/",
            b"*",
            b"/v1/text",
            b"/v1/jobs",
            b"/v1/jobs/" + target.job.encode(),
            b"/livez",
            b"/v1",
        )
    )
    method = random.choice(_METHODS)
    body = random.choice((None, b"", junk(random, 200)))
    return request(method + b" " + path, body=body)


def no_http(random: Random, target: Target) -> Case:
    """Bytes that are no HTTP, or another version of it."""
    good = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    data = random.choice(
        (
            *(junk(random, 500), flipped(random, good), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            *(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + junk(random, 200), b"\r\n" * 5000),
            *(good.replace(b"1.1", b"9.9"), good.replace(b"\r\n", b"\n"), good[2:], b"\0" * 100),
            *(
                good.replace(b" HTTP/1.1", b""),
                b"GET  /livez  HTTP/1.1\r\n\r\n",
                b"*1\r\n$4\r\nPING\r\n",
            ),
            *(good[: random.randrange(len(good))], good * 30, b"GET http:// HTTP/1.1\r\n\r\n"),
        )
    )
    return Case((data,), WITHSTOOD, is_cut=True)


def truncated(random: Random, target: Target) -> Case:
    """A body that ends before it has come."""
    body = random.choice((b'{"length":1', junk(random, 3000)))
    path = random.choice((*(f"/v1/{kind}" for kind in target.kinds), "/v1/assets", "/v1/batch"))
    kind = random.choice(
        (_JSON, b"Content-Type: image/png", b"Content-Type: multipart/form-data; boundary=a")
    )
    length = b"Content-Length: %d" % (len(body) + random.choice((1, 1000, 10**6, 10**9)))
    how = random.choice((length, b"Transfer-Encoding: chunked"))
    if how is not length:
        body = b"%x\r\n%s" % (len(body) + 5, body)
    head = b"\r\n".join(
        [b"POST %s HTTP/1.1" % path.encode(), b"Host: 127.0.0.1", kind, how, b"", b""]
    )
    return Case((head, body), WITHSTOOD, is_cut=True)
