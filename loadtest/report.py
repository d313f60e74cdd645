"""What a run prints."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks.rig.figures import table
from loadtest.figures import percentile
from loadtest.oracle import Accepted, Oracle
from loadtest.scenarios import BAR, OVERLOAD, Fairness, Round
from loadtest.stage import Refusal

Memory = Mapping[str, float]


def of_rounds(rounds: Sequence[Round]) -> str:
    """Say how goodput held under overload."""
    head = ["round", "peak", "offered", "goodput", "of peak"]
    rows = [
        [
            str(number + 1),
            f"{one.peak:.1f} /s",
            f"{one.offered:.0f} /s ({one.offered / one.peak:.1f} x)",
            f"{one.goodput:.1f} /s",
            f"{one.ratio:.1%}",
        ]
        for number, one in enumerate(rounds)
    ]
    verdict = "pass" if holds(rounds) else "FAIL"
    ratio = median(one.ratio for one in rounds)
    said = (
        f"median of the rounds: {ratio:.1%} of peak at {OVERLOAD:g} x, bar >= {BAR:.0%}: {verdict}"
    )
    return f"{table(head, rows)}\n\n{said}"


def holds(rounds: Sequence[Round]) -> bool:
    """Whether goodput under overload reaches the bar, in the median round."""
    return median(one.ratio for one in rounds) >= BAR


def of_latencies(accepted: Sequence[Accepted]) -> str:
    """Lay out seconds from submit to done."""
    head = ["scenario", "kind", "jobs", "p50", "p95", "p99"]
    groups: dict[tuple[str, str], list[float]] = {}
    for one in accepted:
        if one.job is not None and one.job["finished_at"]:
            name = one.group.rstrip(" 0123456789")
            groups.setdefault((name, one.ask.kind), []).append(one.seconds)
    rows = [
        [*names, str(len(s)), *(f"{percentile(s, q) * 1000:.0f} ms" for q in (0.5, 0.95, 0.99))]
        for names, s in groups.items()
    ]
    return table(head, rows)


def of_refusals(refusals: Sequence[Refusal]) -> str:
    """Lay out who was turned away, what he was told, and how true it was."""
    head = ["scenario", "refused as", "times", "Retry-After", "came back then", "accepted"]
    groups: dict[tuple[str, str], list[Refusal]] = {}
    for one in refusals:
        groups.setdefault((one.group.rstrip(" 0123456789"), one.code), []).append(one)
    rows = []
    for names, group in groups.items():
        told = [one.retry_after for one in group if one.retry_after is not None]
        back = [one.was_accepted for one in group if one.was_accepted is not None]
        waits = f"{percentile(told, 0.5):g} s, at most {max(told):g} s" if told else "none"
        silent = len(group) - len(told)
        rows.append(
            [
                *names,
                str(len(group)),
                waits + (f", missing {silent} times" if silent else ""),
                str(len(back)),
                f"{sum(back) / len(back):.0%}" if back else "-",
            ]
        )
    return table(head, rows) if rows else "nobody was turned away"


def of_fairness(found: Fairness) -> str:
    """Say what heavy callers cost the light ones, and how they shared the rest."""
    rows = [
        ["light callers alone", *(f"{s * 1000:.0f} ms" for s in found.alone)],
        ["beside heavy ones", *(f"{s * 1000:.0f} ms" for s in found.beside)],
    ]
    shares = ", ".join(f"{name}: {rate:.1f} /s" for name, rate in found.shares.items())
    index = f"Jain's index of goodput per weight: {found.index:.3f} (1 = all the same)"
    return f"{table(['submit -> done', 'p50', 'p95'], rows)}\n\n{shares}\n{index}"


def of_memory(before: Memory, after: Memory) -> str:
    """Lay out resident memory."""
    rows = [[part, f"{before[part]:.1f} MB", f"{after[part]:.1f} MB"] for part in before]
    return table(["resident", "before", "after"], rows)


def of_oracle(oracle: Oracle, strays: int, problems: Sequence[str]) -> str:
    """Say what became of the jobs, and what else went wrong."""
    accepted = oracle.accepted
    statuses = Counter(one.job["status"] if one.job else "lost" for one in accepted)
    attempts = Counter(one.job["attempt"] for one in accepted if one.job)
    told = ", ".join(f"{count} {status}" for status, count in statuses.items())
    lines = [
        f"{len(accepted)} accepted: {told}; attempts "
        + ", ".join(f"{n}: {count}" for n, count in sorted(attempts.items())),
        f"{len(accepted) - oracle.lost} ended once, as promised, with the right bytes; "
        f"{oracle.lost} did not; {len(oracle.doubled)} doubled; {strays} nobody was told of",
        *(f"FAULT {count} x {fault}" for fault, count in oracle.faults.most_common(20)),
        *(f"FAULT {count} x {what}" for what, count in Counter(problems).most_common(20)),
    ]
    return "\n".join(lines)


def is_clean(oracle: Oracle, strays: int, problems: Sequence[str]) -> bool:
    """Whether nothing was lost, doubled, made unasked for or otherwise wrong."""
    return bool(oracle.accepted) and not (oracle.faults or strays or problems)
