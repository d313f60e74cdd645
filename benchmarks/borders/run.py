"""The order of an attack, and what is judged at its end."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from benchmarks.borders import bodies, forms, heads, paths
from benchmarks.borders.case import Attack, Case, Target, number_of, request
from benchmarks.borders.damage import DAMAGES
from benchmarks.borders.decoding import attack as attack_decoder
from benchmarks.borders.judge import Watch, latency, lives, memory, report
from benchmarks.borders.pictures import plain
from benchmarks.borders.send import Answer, Tally, send, send_all
from benchmarks.borders.service import Service, serving
from benchmarks.borders.slow import Peers, slow_peers, sorts
from benchmarks.rig.processes import Process, running

ATTACKS: dict[str, Attack] = {
    "json: wrong values": bodies.wrong_value,
    "json: repeated names": bodies.repeated_name,
    "json: nesting": bodies.nested,
    "json: none": bodies.not_json,
    "json: damaged": bodies.damaged,
    "json: thousands of members": bodies.many_members,
    "content types": bodies.other_type,
    "form: boundaries": forms.boundaries,
    "form: parts": forms.parts,
    "form: dispositions": forms.dispositions,
    "form: values": forms.values,
    "form: damaged": forms.damaged,
    "head: lengths": heads.lengths,
    "head: fields": heads.many_fields,
    "head: odd values": heads.odd_values,
    "head: hosts and origins": heads.strangers,
    "head: methods": heads.methods,
    "path: ids": paths.ids,
    "path: output numbers": paths.outputs,
    "path: queries": paths.queries,
    "no http": heads.no_http,
    "truncated": heads.truncated,
}
# of each hundred; the others are as many as come
_SHARES = {"json: wrong values": 18, "path: ids": 12, "head: odd values": 8, "path: queries": 7}
_COSTLY = ("json: nesting", "json: thousands of members", "form: parts")  # megabytes each
# what many a decoder begins to read comes most often; the header tells of the others
_PICTURES = {"bits": 4, "ends": 4, "pieces": 4, "chunks": 4, "sizes": 2, "bombs": 1, "disguises": 1}


@dataclass(frozen=True)
class Size:
    """How much: bad requests, damaged pictures, and slow peers of each sort."""

    requests: int
    pictures: int
    peers: int
    warm_up: float  # so much of it beforehand, for what is loaded and kept once


FULL = Size(requests=10_500, pictures=1000, peers=50, warm_up=0.1)
QUICK = Size(requests=600, pictures=60, peers=20, warm_up=0.2)


async def attack_all(folder: Path, size: Size, seed: int, only: str = "") -> bool:
    """Attack, print, and say whether all was withstood; `only` is how a class' name begins."""
    began = time.monotonic()
    with serving(folder) as service:
        target = await _prepare(service)
        await _attack(target, size, -1 - seed, size.warm_up, only)
        life, before = service.life(), service.resident()
        peers = sorts(size.peers, is_quick=size is QUICK)
        with _bystander(folder, target) as bystander:
            async with slow_peers(target.port, peers):
                tallies = await _attack(target, size, seed, 1.0, only)
            good = _heard(bystander)
        watches: list[Watch | Peers] = [
            *memory(before, service.resident()),
            lives(life, service.life()),
            latency(good["took"]),
            *peers,
        ]
        faults = service.faults()
    print(report(tallies, watches, time.monotonic() - began))
    breaches = [breach for tally in tallies for breach in tally.breaches]
    breaches += [f"{count} tracebacks in the log end with {line}" for line, count in faults.items()]
    breaches += [f"a good request got {status:g}" for status in good["wrong"]]
    print("\n".join(f"BREACH {breach}" for breach in breaches[:40]))
    return not breaches and all(watch.is_met for watch in watches)


async def show(folder: Path, seed: int, name: str, index: int) -> None:
    """Send one attack and print it with its answer."""
    with serving(folder) as service:
        target = await _prepare(service)
        if name in ATTACKS:
            case = ATTACKS[name](number_of(seed, name, index), target)
            print(*(piece[:2000] for piece in case.pieces), sep="\n")
            answer = await send(target.port, case)
            print(answer.status, answer.head.decode("latin-1"), answer.body[:2000], sep="\n")
        else:
            tally = Tally(name)
            damage = name.removeprefix("picture: ")
            await attack_decoder(damage, number_of(seed, name, index), target, index, tally)
            print(tally)
        print(service.log.read_text()[-3000:])


async def _prepare(service: Service) -> Target:
    """Have a picture kept, and a job of each kind made: what that needs is loaded by then."""
    port = service.port
    kind = b"Content-Type: image/png"
    asset = orjson.loads((await send(port, request(b"POST /v1/assets", kind, body=plain()))).body)
    image = asset["reference"]
    kinds: dict[str, dict[str, object]] = {
        "text": {"length": 1},
        "dream": {"image": image, "iterations": 1, "octaves": 1, "size": 64},
        "style": {"content": image, "style": [image], "size": 64, "iterations": 1},
        "vae-sample": {},
        "vae-edit": {"image": image},
        "gan-sample": {},
    }
    jobs = {name: await _made(port, name, body) for name, body in kinds.items()}
    return Target(port, jobs["text"], asset["sha256"], kinds)


async def _made(port: int, kind: str, body: dict[str, object]) -> str:
    """Return the id of a job that has succeeded."""
    fields = (b"Content-Type: application/json", b"Prefer: wait=60")
    line, said = b"POST /v1/" + kind.encode(), orjson.dumps({**body, "seed": 1})
    job = orjson.loads((await send(port, request(line, *fields, body=said), seconds=90)).body)
    if job["status"] != "succeeded":
        raise RuntimeError(f"the first job of {kind} has not been made: {job}")
    return str(job["id"])


async def _attack(target: Target, size: Size, seed: int, share: float, only: str) -> list[Tally]:
    """Send a share of all attacks, and return what became of them by class."""
    tallies = []
    for name, whole in _counts(size.requests).items():
        # these fill memory to its usual height, so warming up takes all of them
        count = whole if name in _COSTLY else round(whole * share)
        if name.startswith(only):
            tallies.append(_noted(await _send_requests(name, count, seed, target)))
    for damage in DAMAGES:
        part = _PICTURES[damage] / sum(_PICTURES.values())
        count = max(round(size.pictures * share * part), 1)
        if f"picture: {damage}".startswith(only):
            tallies.append(_noted(await _send_pictures(damage, count, seed, target)))
    return tallies


async def _send_requests(name: str, count: int, seed: int, target: Target) -> Tally:
    """Send attacks of one class; jobs that came of them are not to be made."""
    tally = Tally(name)

    async def note(index: int, case: Case, answer: Answer) -> None:
        tally.note(index, case, answer)
        place = answer.field(b"location")
        if answer.status in (200, 202) and place.startswith(b"/v1/jobs/"):
            await send(target.port, request(b"DELETE " + place))

    cases = ((i, ATTACKS[name](number_of(seed, name, i), target)) for i in range(count))
    await send_all(target.port, cases, note)
    return tally


async def _send_pictures(damage: str, count: int, seed: int, target: Target) -> Tally:
    """Send pictures damaged in one way, each to its end."""
    tally = Tally(f"picture: {damage}")
    for index in range(count):
        random = number_of(seed, tally.name, index)
        await attack_decoder(damage, random, target, index, tally)
    return tally


def _noted(tally: Tally) -> Tally:
    """Let a watcher know how far it is."""
    sys.stderr.write(f"{tally.name}: {tally.sent} sent, {len(tally.breaches)} breaches\n")
    return tally


def _counts(total: int) -> dict[str, int]:
    """Divide a number of requests among the classes."""
    rest = [name for name in ATTACKS if name not in _SHARES and name not in _COSTLY]
    counts = {name: total * share // 100 for name, share in _SHARES.items()}
    counts |= dict.fromkeys(_COSTLY, total * 2 // 100)
    left = total - sum(counts.values())
    counts |= {name: -(-left // len(rest)) for name in rest}
    return {name: counts[name] for name in ATTACKS}


@contextmanager
def _bystander(folder: Path, target: Target) -> Iterator[Process]:
    command = [sys.executable, "-m", "benchmarks.borders.bystander", str(target.port), target.job]
    with running("bystander", command, folder, stdout=subprocess.PIPE) as process:
        process.read_line(30)
        yield process


def _heard(bystander: Process) -> dict[str, list[float]]:
    bystander.write_line(b"stop")
    found: dict[str, list[float]] = json.loads(bystander.read_line(60))
    return found
