"""Addresses that try to be others: in every id, in the query, and in the way to a route."""

from random import Random
from urllib.parse import quote

from benchmarks.borders.case import REFUSED, WITHSTOOD, Case, Target, request
from benchmarks.borders.texts import NUMBERS, WORDS, flipped, junk

_ROUTES = (
    *(
        b"GET /v1/jobs/%s",
        b"DELETE /v1/jobs/%s",
        b"POST /v1/jobs/%s/cancel",
        b"GET /v1/jobs/%s/events",
    ),
    *(b"GET /v1/jobs/%s/outputs/0", b"GET /v1/jobs/%s/outputs.zip", b"GET /v1/jobs/%s/previews/0"),
    *(b"GET /v1/jobs/%s/webhooks", b"POST /v1/jobs/%s/webhooks/redeliver", b"GET /v1/models/%s"),
    *(b"GET /v1/assets/%s", b"HEAD /v1/assets/%s", b"GET /v1/assets/%s/metadata"),
    *(b"DELETE /v1/assets/%s", b"GET /problems/%s", b"GET /studio/%s", b"GET /studio/x/%s"),
    *(b"POST /v1/%s", b"GET /%s", b"GET /v1/jobs/%s/%s", b"GET %s"),
)
_TRICKS = (
    *(b"..", b"%2e%2e", b"%2e%2e%2f%2e%2e%2fetc%2fpasswd", b"..%2f", b"%252e%252e%252f", b"..%5c"),
    *(
        b"%c0%ae%c0%ae/",
        b"%00",
        b"a%00b",
        b"%0d%0aX-Injected:%201",
        b"%0a",
        b"%20",
        b"%09",
        b";",
        b";a",
    ),
    *(
        b"//",
        b"///",
        b"/./",
        b"%2f",
        b"%5c",
        b"\\..\\",
        b"%",
        b"%zz",
        b"%u0041",
        b"%e2%80%ae",
        b"~",
    ),
    *(
        b"%ef%bc%8e%ef%bc%8e",
        b"%ed%a0%80",
        b"%ff",
        b"\xff",
        b"\xc3\xa9",
        b"*",
        b"?",
        b"#",
        b"'",
        b"$",
    ),
    *(
        b"0" * 5000,
        b"%30" * 26,
        b"-1",
        b"+1",
        b"1e3",
        b"0x0",
        b"null",
        b"NaN",
        b"self",
        b"@",
        b"[::1]",
    ),
)
_NUMBERS = (
    *(
        b"-0",
        b"+0",
        b"00",
        b"0.0",
        b"0e0",
        b"%200",
        b"0%20",
        b"0%0a",
        b"0_0",
        b"0x0",
        b"0;",
        b"0,0",
    ),
    *(
        b"%d9%a0",
        b"%ef%bc%90",
        b"%c2%b2",
        b"%e0%a5%a6",
        b"0%cc%81",
        b"0%00",
        b"-1",
        b"1",
        b"999999",
    ),
    *(b"9" * 40, b"9" * 5000, b"", b"%30%30", b"0?", b"0/", b"0//", b"0%2f", b"\xd9\xa0", b"1e400"),
)
_PARAMETERS = (
    *("limit", "cursor", "kind", "status", "tag", "created_after", "created_before", "after"),
    *("priority", "start_within", "finish_within", "webhook", "webhook_events", "x", "limit[]"),
)
_QUERIED = (
    *(
        "GET /v1/jobs",
        "GET /v1/assets",
        "POST /v1/text",
        "GET /v1/jobs/{job}/events",
        "GET /v1/models",
    ),
    *("POST /v1/batch", "POST /v1/reproduce", "GET /livez", "GET /metrics", "GET /v1/jobs/{job}"),
)


def ids(random: Random, target: Target) -> Case:
    """An id that is none, in each place where one stands."""
    route = random.choice(_ROUTES)
    trick = random.choice((_trick, _bent))(random, target)
    line = route.replace(b"%s", trick.replace(b" ", b"+")) if b"%s" in route else route
    # what is left of it may be an address that is there, such as `/`
    return request(line, body=b"" if line.startswith(b"POST") else None)


def outputs(random: Random, target: Target) -> Case:
    """A number of an output that is spelt in another way; only `0` is there."""
    number = random.choice(_NUMBERS)
    folder = random.choice((b"outputs", b"previews"))
    line = b"GET /v1/jobs/%s/%s/%s" % (target.job.encode(), folder, number)
    return request(line, allowed=WITHSTOOD if number == b"0?" else REFUSED)


def queries(random: Random, target: Target) -> Case:
    """Parameters that are unknown, repeated, of another type, or no text."""
    line = random.choice(_QUERIED).format(job=target.job)
    parts = []
    for _ in range(random.choice((1, 1, 2, 3, 400))):
        said = random.choice((*WORDS[:40], *NUMBERS[:12]))
        value = quote(said, safe="", errors="surrogatepass").encode()
        value = random.choice((value, value, random.choice(_TRICKS).replace(b"#", b"%23")))
        parts.append(quote(random.choice(_PARAMETERS), safe="[]").encode() + b"=" + value)
    query = b"&".join(parts)[:60_000].replace(b" ", b"+")
    body = b'{"length":1}' if line.startswith("POST") else None
    kind = b"Content-Type: application/json"
    return request(line.encode() + b"?" + query, kind, body=body)


def _trick(random: Random, target: Target) -> bytes:
    if random.random() < 0.3:
        word = random.choice(WORDS)
        return quote(word, safe="", errors="surrogatepass").encode()
    return b"".join(random.choices(_TRICKS, k=random.choice((1, 1, 2, 4))))


def _bent(random: Random, target: Target) -> bytes:
    """Return an id that is there, but for a little."""
    good = random.choice((target.job, target.sha256, "nietzsche")).encode()
    trick = random.choice(_TRICKS)
    changes = (
        *(good.upper(), good[:-1], good + b"0", good + b"%20", good + b"%00", b"%20" + good),
        *(
            good + trick,
            trick + good,
            good[:5] + trick + good[5:],
            good.replace(b"0", b"%ef%bc%90"),
        ),
        quote(flipped(random, good, 1), safe="").encode(),
        quote(junk(random, 30), safe="").encode(),
    )
    return random.choice(changes)
