"""Damaged pictures on their whole way: submitted, and decoded by a worker."""

import base64
from random import Random

import orjson

from benchmarks.borders.case import REFUSED, Case, Target, request
from benchmarks.borders.damage import DAMAGES
from benchmarks.borders.send import Answer, Tally, send

_WAIT = b"Prefer: wait=30"
_TYPES = (b"image/png", b"image/jpeg", b"image/gif", b"image/webp", b"image/svg+xml", b"image/x")
_KINDS: tuple[tuple[str, dict[str, int]], ...] = (
    ("vae-edit", {}),
    ("vae-edit", {}),
    ("dream", {"iterations": 1, "octaves": 1, "size": 64}),
)
ENDINGS = {("succeeded", ""), ("failed", "invalid_image"), ("failed", "too_large")}


async def attack(name: str, random: Random, target: Target, index: int, tally: Tally) -> None:
    """Send one damaged picture, and follow what becomes of it to its end."""
    data = DAMAGES[name](random)
    case = random.choice((_as_form, _as_uri, _as_asset))(random, data)
    answer = await send(target.port, case)
    tally.note(index, case, answer)
    if b'"reference":' in answer.body:
        case = _of_asset(random, answer)
        answer = await send(target.port, case)
        tally.note(index, case, answer)
    if answer.status in (200, 202):
        ending = await _ending(target, answer)
        tally.endings[" ".join(ending).strip()] += 1
        if ending not in ENDINGS:
            tally.breaches.append(f"{tally.name}:{index}: the job ended as {ending}")


def _as_form(random: Random, data: bytes) -> Case:
    kind, fields = random.choice(_KINDS)
    parts = [
        b'Content-Disposition: form-data; name="image"; filename="%s"\r\nContent-Type: %s\r\n\r\n'
        % (random.choice((b"a.png", b"a.exe", b"../a", b"")), random.choice(_TYPES))
        + data
    ]
    parts += [
        b'Content-Disposition: form-data; name="%s"\r\n\r\n%d' % (field.encode(), said)
        for field, said in fields.items()
    ]
    body = b"".join(b"--b\r\n%s\r\n" % part for part in parts) + b"--b--\r\n"
    return _post(kind, b"multipart/form-data; boundary=b", body)


def _as_uri(random: Random, data: bytes) -> Case:
    kind, fields = random.choice(_KINDS)
    head = random.choice(_TYPES).decode()
    uri = f"data:{head};base64,{base64.b64encode(data).decode()}"
    return _post(kind, b"application/json", orjson.dumps({"image": uri, **fields}))


def _as_asset(random: Random, data: bytes) -> Case:
    kind = b"Content-Type: " + random.choice(_TYPES)
    return request(b"POST /v1/assets", kind, body=data, allowed=REFUSED | {200, 201})


def _of_asset(random: Random, answer: Answer) -> Case:
    kind, fields = random.choice(_KINDS)
    reference = orjson.loads(answer.body)["reference"]
    return _post(kind, b"application/json", orjson.dumps({"image": reference, **fields}))


def _post(kind: str, media_type: bytes, body: bytes) -> Case:
    line = b"POST /v1/" + kind.encode()
    return request(line, b"Content-Type: " + media_type, _WAIT, body=body)


async def _ending(target: Target, answer: Answer) -> tuple[str, str]:
    """Wait for a job's end; return its status and the code of its error."""
    job = orjson.loads(answer.body)
    while not job.get("finished_at"):
        line = b"GET " + job["urls"]["self"].encode()
        answer = await send(target.port, request(line, _WAIT))
        if answer.status != 200:
            return f"status {answer.status}", ""
        job = orjson.loads(answer.body)
    return job["status"], (job["error"] or {}).get("code", "")
