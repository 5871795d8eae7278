"""Bounds and optima: the only module of the command line that imports ``oracle``.

``oracle`` needs solvers, which take a second to import and are not installed everywhere. So it is
imported when a function of this module is called, not before.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amin_ref.cli.exit_codes import INTERRUPTED
from amin_ref.cli.messages import say
from amin_ref.cli.progress import Watch, asked_to_stop, solving
from amin_ref.cli.wording import gap
from amin_ref.cli.workers import processes
from amin_ref.model.instance import Instance
from amin_ref.model.schedule import Schedule

if TYPE_CHECKING:
    from oracle.certificate import Certificate
    from oracle.portfolio import Method, Optimum

PIECES_PER_WORKER = 4
"""Pieces of an exact search in flight for each worker process: enough that a process which ends
early finds another piece waiting, and few enough that the search stops soon after Ctrl-C."""


@dataclass(frozen=True, slots=True)
class BestKnown:
    """The best schedule found and a lower bound, and how the search ended.

    Attributes:
        optimum: the schedule, the bound and the evidence for it.
        interrupted: whether Ctrl-C ended the search before it was done or its time was up.
    """

    optimum: Optimum
    interrupted: bool


@dataclass(frozen=True, slots=True)
class ProvenBound:
    """A lower bound on the total latency of every schedule of an instance.

    Attributes:
        total_latency: the bound, recomputed from the certificate in exact arithmetic;
            request·rounds.
        certificate: the certificate that proves it.
        interrupted: whether Ctrl-C ended the search before its time was up.
    """

    total_latency: int
    certificate: Certificate
    interrupted: bool


def best_known(
    instance: Instance, time_limit: float, *, method: Method = "auto", workers: int = 1
) -> BestKnown:
    """The best schedule that is found in ``time_limit`` seconds, and a lower bound.

    Shows progress on a terminal. Ctrl-C ends the search with what it has found; a second Ctrl-C
    ends the program.

    Args:
        instance: the requests and the cache.
        time_limit: seconds, 0 or more.
        method: as :func:`oracle.optimum` has it.
        workers: processes that share an exact search, at least 1.

    Raises:
        InvalidValue: the instance is too large for the method.
        KeyboardInterrupt: Ctrl-C was pressed twice.
    """
    from oracle import optimum

    with ExitStack() as stack:
        watch = stack.enter_context(solving(time_limit))
        stop = stack.enter_context(asked_to_stop())
        executor = stack.enter_context(processes(workers))
        show = _Improvements(watch)
        best = optimum(
            instance,
            time_limit,
            method,
            progress=show.both,
            should_stop=stop,
            executor=executor,
            in_flight=PIECES_PER_WORKER * workers,
        )
        return BestKnown(best, stop())


def best_of(schedules: Iterable[Schedule], time_limit: float) -> BestKnown:
    """The best of some schedules of an instance, and a lower bound as :func:`proven_bound` has it.

    For machines with limits, on which no search finds schedules.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed twice.
    """
    from oracle import Optimum

    best = min(schedules, key=lambda schedule: schedule.total_latency)
    proven = proven_bound(best.instance, time_limit)
    found = Optimum(best, proven.total_latency, "certificate", proven.certificate)
    return BestKnown(found, proven.interrupted)


def proven_bound(instance: Instance, time_limit: float) -> ProvenBound:
    """The best lower bound on the optimum that ``time_limit`` seconds give, with its certificate.

    Needs no solver. Shows progress and ends on Ctrl-C as :func:`best_known` does.

    Args:
        instance: the requests and the cache.
        time_limit: seconds, 0 or more.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed twice.
    """
    from oracle import lower_bound, verify

    with solving(time_limit) as watch, asked_to_stop() as stop:
        certificate = lower_bound(
            instance,
            time_limit=time_limit,
            progress=_Improvements(watch).bound,
            should_stop=stop,
        )
        interrupted = stop()
    return ProvenBound(verify(instance, certificate), certificate, interrupted)


def certificate_in(text: str) -> Certificate:
    """The certificate in a JSON text.

    Raises:
        InvalidDocument: the text is not a certificate.
        InvalidValue: a field breaks a rule.
    """
    from oracle import Certificate

    return Certificate.from_json(text)


def proven_by(certificate: Certificate) -> int:
    """The lower bound that a certificate proves; request·rounds."""
    from oracle import verify

    return verify(certificate.instance, certificate)


def tell_interrupted() -> int:
    """Say on standard error that Ctrl-C ended a search; the exit code for that."""
    say("interrupted; these are the best bounds so far.")
    return INTERRUPTED


def evidence_in_words(best: Optimum) -> str:
    """How the lower bound was proved, as a clause; if there is a gap, the clause says why."""
    if best.evidence == "certificate":
        return "a certificate, which 'amin-ref verify' recomputes in exact arithmetic"
    if best.evidence == "solver":
        return "the bound that the integer-programming solver states, which no certificate proves"
    if best.proven:
        return "an exact search, which excluded every schedule that costs less"
    return (
        "an exact search, which excluded every schedule that costs less than the bound and was "
        "stopped before it decided between the bound and the best schedule"
    )


class _Improvements:
    """Shows each better schedule or bound, with the seconds that have gone by."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._began = time.monotonic()

    def both(self, cost: int, bound: int) -> None:
        share = (cost - bound) / max(1, bound)
        self._show(f"bound {bound:,}, best {cost:,}, gap {gap(share)}")

    def bound(self, bound: float) -> None:
        self._show(f"lower bound {bound:,.0f}")

    def _show(self, doing: str) -> None:
        self._watch.update(time.monotonic() - self._began, doing)
