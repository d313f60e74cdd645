"""Bodies of JSON that are wrong: types, numbers, nesting, repeated names, bytes of no text."""

import json
from random import Random

from benchmarks.borders.case import REFUSED, Case, Target, json_request, request
from benchmarks.borders.texts import NUMBERS, SCALARS, WORDS, flipped, junk

_OTHERS = ("/v1/batch", "/v1/jobs/cancel", "/v1/reproduce")
_OTHER_BODIES = {
    "/v1/batch": b'{"jobs":[{"kind":"text","request":{"length":1}}]}',
    "/v1/jobs/cancel": b'{"ids":["00000000000000000000000000"]}',
    "/v1/reproduce": b'{"job":"00000000000000000000000000"}',
}
_DEEP = (10, 127, 128, 129, 1000, 20_000, 200_000)
_NOT_JSON = (
    *(b"", b"{", b"}", b"{}{}", b"{}x", b"[", b"'a'", b"{a:1}", b'{"a":1,}', b'{"a" 1}', b"//"),
    *(b"\xef\xbb\xbf{}", b"\xff\xfe{\0}\0", b"\0", b"\x00\x00\x00{", b'{"a":"\n"}', b'{"a":"\\x"}'),
    *(b'{"prompt":"\\ud800"}', b'{"\\udc00":1}', b'{"prompt":"\\ud800\\ud800"}', b'{"a":"\\u12"}'),
    *(b'{"prompt":"\xff"}', b'{"prompt":"\xc0\xaf"}', b'{"prompt":"\xed\xa0\x80"}', b"{\x0b}"),
    *(b'{"prompt":"\xf4\x90\x80\x80"}', b'{"\xe2\x28\xa1":1}', b'{"prompt":"\xe2\x82'),
)


def wrong_value(random: Random, target: Target) -> Case:
    """One field of a good body has a value of another type, or a number beyond all bounds."""
    kind, body = _good(random, target)
    name = random.choice([*_fields(target, kind), random.choice(WORDS)])
    value = random.choice([*NUMBERS, *SCALARS, json.dumps(random.choice(WORDS))])
    for _ in range(random.choice((0, 0, 0, 1, 2))):
        value = random.choice(("[%s]", '{"a":%s}', "[%s,%s]")).replace("%s", value)
    members = [f"{json.dumps(key)}:{json.dumps(said)}" for key, said in body.items() if key != name]
    members.append(f"{json.dumps(name)}:{value}")
    return json_request(f"/v1/{kind}", ("{" + ",".join(members) + "}").encode())


def repeated_name(random: Random, target: Target) -> Case:
    """A name stands twice, or a thousand times."""
    kind, body = _good(random, target)
    name = random.choice(_fields(target, kind))
    values = [random.choice([*NUMBERS[:20], *SCALARS]) for _ in range(random.choice((2, 3, 1000)))]
    members = [f"{json.dumps(name)}:{value}" for value in values]
    members += [f"{json.dumps(key)}:{json.dumps(said)}" for key, said in body.items()]
    random.shuffle(members)
    return json_request(f"/v1/{kind}", ("{" + ",".join(members) + "}").encode())


def nested(random: Random, target: Target) -> Case:
    """Brackets within brackets, closed or not."""
    kind, depth = random.choice(list(target.kinds)), random.choice(_DEEP)
    opening, closing = random.choice(((b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")))
    field = random.choice(_fields(target, kind)).encode()
    inner = opening * depth + b"1" + closing * (depth if random.random() < 0.7 else 0)
    whole = inner if random.random() < 0.3 else b'{"%s":%s}' % (field, inner)
    path = random.choice((f"/v1/{kind}", *_OTHERS))
    return json_request(path, whole[:990_000], REFUSED)


def not_json(random: Random, target: Target) -> Case:
    """Bytes that are no JSON, or JSON that is no object of ours."""
    kinds = [f"/v1/{kind}" for kind in target.kinds]
    body = random.choice((random.choice(_NOT_JSON), junk(random, 300)))
    return json_request(random.choice((*kinds, *_OTHERS)), body, REFUSED)


def damaged(random: Random, target: Target) -> Case:
    """A good body of which some bits are others, or the end is missing."""
    path = random.choice(_OTHERS)
    body = _OTHER_BODIES[path]
    if random.random() < 0.6:
        kind, good = _good(random, target)
        path, body = f"/v1/{kind}", json.dumps(good).encode()
    body = flipped(random, body)
    return json_request(path, body[: random.randint(1, len(body))])


def many_members(random: Random, target: Target) -> Case:
    """Thousands of fields or items."""
    kind, count = random.choice(list(target.kinds)), random.choice((50, 2000, 60_000))
    field = random.choice(_fields(target, kind)).encode()
    which = random.randrange(4)
    if which == 0:
        path, body = f"/v1/{kind}", b"{%s}" % b",".join(b'"x%05d":0' % n for n in range(count))
    elif which == 1:
        path, body = f"/v1/{kind}", b'{"%s":[%s]}' % (field, b"1," * count + b"1")
    elif which == 2:
        job = b'{"kind":"x","request":{}}'
        path, body = "/v1/batch", b'{"jobs":[%s]}' % b",".join([job] * (count // 20))
    else:
        path, body = "/v1/jobs/cancel", b'{"ids":[%s""]}' % (b'"%s",' % (b"0" * 26) * count)
    return json_request(path, body[:990_000])


def other_type(random: Random, target: Target) -> Case:
    """A body under a wrong `Content-Type`, charset or `Content-Encoding`."""
    types = (
        *(b"text/plain", b"application/x-www-form-urlencoded", b"application/json; charset=utf-7"),
        *(
            b"application/json; charset=" + b"u" * 3000,
            b"multipart/form-data",
            b"image/png",
            b"*/*",
        ),
        *(b"application/json;;;;", b"application/json, text/plain", b"\xff\xfe", b'a/b; c="\\'),
        *(b"multipart/mixed; boundary=a", b"multipart/form-data; boundary=", b"APPLICATION/JSON "),
    )
    fields = [b"Content-Type: " + random.choice(types)]
    if random.random() < 0.4:
        coding = random.choice((b"gzip", b"br", b"identity", b"gzip, gzip", b"\x80"))
        fields.append(b"Content-Encoding: " + coding)
    path = random.choice((*(f"/v1/{kind}" for kind in target.kinds), *_OTHERS, "/v1/assets"))
    return request(b"POST " + path.encode(), *fields, body=junk(random, 2000))


def _good(random: Random, target: Target) -> tuple[str, dict[str, object]]:
    kind = random.choice(list(target.kinds))
    return kind, dict(target.kinds[kind])


def _fields(target: Target, kind: str) -> list[str]:
    from genart_core.catalogue import kinds

    return list(kinds()[kind].request.model_fields)
