"""What a request would cost, judged before anything is done for it.

A kind's `check` knows what fits into memory. How long a job takes is learned from those before it,
and judged here: what can't end in the time that is given is refused with what could.
"""

import math

from api.engine.overview import Overview
from api.http.errors import ProblemError
from api.http.validation import Complaint, shown
from api.settings import ApiSettings
from genart_core.bounds import advice, fitting
from genart_core.catalogue import Kind
from genart_core.errors import RefusedError
from genart_core.jobs.upkeep import Pace
from genart_core.request import ArtRequest

REACH = 1000  # times the largest cost that was measured: so far what was learned is believed


def check_cost(
    kind: Kind,
    request: ArtRequest,
    overview: Overview,
    settings: ApiSettings,
    finish_within: int | None,
) -> None:
    """Check that a job fits into the memory and the time there are.

    Raises:
        ProblemError: `too_large`, or what else the kind refuses, naming what would do.
    """
    card = overview.models.card(kind, request.model)
    try:
        kind.check(request, card, overview.memory_for(kind.name))
        _check_time(kind, request, overview.paces.get(kind.name), given(settings, finish_within))
    except RefusedError as error:
        raise _problem(request, error) from None


def given(settings: ApiSettings, finish_within: int | None) -> float:
    """Return the seconds that a worker may spend on a job that must have ended by then."""
    bounds = (settings.max_job_seconds, finish_within, settings.job_deadline_seconds)
    return min((float(bound) for bound in bounds if bound), default=math.inf)


def affordable(pace: Pace, seconds: float) -> float:
    """Return the highest cost that may be made in time, if all goes as quickly as it does at best.

    Far beyond what was measured nobody knows, so nothing is refused there that would not have been
    refused within reach.
    """
    if pace.soonest <= 0 or pace.unit_ms <= 0:
        return math.inf
    most = (seconds * 1000 / pace.soonest - pace.base_ms) / pace.unit_ms
    return most if most <= REACH * pace.most else math.inf


def _check_time(kind: Kind, request: ArtRequest, pace: Pace | None, seconds: float) -> None:
    if pace is None:
        return
    cost, most = kind.cost(request), affordable(pace, seconds)
    if cost <= most:
        return
    fits = fitting(request, kind.levers, kind.cost, most)
    takes = (pace.base_ms + pace.unit_ms * cost) * pace.soonest / 1000
    told = f"This takes a worker {takes:.3g} s at least, and {seconds:g} s are given"
    raise RefusedError(next(iter(fits), ""), f"{told}; {advice(fits)}", "too_large", fits)


def _problem(request: ArtRequest, error: RefusedError) -> ProblemError:
    complaint: Complaint = {
        "pointer": f"/{error.field}" if error.field else "",
        "detail": str(error),
    }
    if error.field:
        complaint["got"] = shown(getattr(request, error.field, None))
    if error.fits:
        complaint["fits"] = error.fits
    detail = f"{error.field}: {error}" if error.field else str(error)
    return ProblemError(error.code, detail, errors=[complaint])
