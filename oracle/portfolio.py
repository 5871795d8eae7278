"""The hindsight optimum: exactly where it can be had, between proven bounds where it cannot.

Puts together what the other modules of this package find: heuristics give schedules, prices give
certificates, the exact search and the integer programme give both. Nobody's word is taken for a
schedule: each is checked by :func:`amin_ref.check`, which shares no code with any of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Literal

from amin_ref import Instance, InvalidValue, Schedule, check
from oracle.certificate import Certificate, Stretch, verify
from oracle.deadline import Deadline, ShouldStop
from oracle.heuristics.best_schedule import best_schedule
from oracle.prices.ascent import lower_bound
from oracle.programme.branch_and_cut import ModelTooLarge, solve
from oracle.search.branch_and_bound import IN_FLIGHT, search
from oracle.starts.parts import first_come_first_served, independent_parts, joined

Method = Literal["auto", "ilp", "search"]
Evidence = Literal["certificate", "exhausted", "solver"]

SEARCHED = 24
"""Requests up to which ``auto`` searches exactly when certificate and heuristics do not meet."""

MODELLED = 200
"""Requests up to which ``auto`` asks the integer programme beyond that."""

FIRST_LOOK = 0.02
"""Share of the time that goes into a first certificate, and again into a first schedule."""

FIRST_LOOK_PER_REQUEST = 0.005
"""Seconds for each request after which that first look ends at the latest."""

PRICING = 0.15
"""Share of the time that goes into a better certificate, and again into a better schedule."""

PRICING_SHARES = 0.5
"""Share of the time that goes into a certificate where an integer programme would be too large."""

ENTRIES_PER_SECOND = 2_000
"""Entries of an integer programme for which ``auto`` wants a second each: with less time than that
its relaxation was never solved, and it outlived its time."""

PRICE_UNITS = 2**24
"""Denominator of certificates made from a solver's prices."""

MOST_PRICED_ROUNDS = 2**20
"""Rounds in such a certificate at most."""


@dataclass(frozen=True)
class Optimum:
    """The best schedule found, and a proven bound on all others (specification, section 5).

    Attributes:
        schedule: valid under :func:`amin_ref.check`, without evictions.
        lower_bound: no schedule of the instance has a smaller total latency; request·rounds.
        evidence: what ``lower_bound`` rests on, strongest first: ``"certificate"``: on
            ``certificate``, which anyone can verify; ``"exhausted"``: on the exact search, which
            looked at every schedule that costs less, or excluded it by bounds of its own;
            ``"solver"``: on the dual bound that an integer-programming solver states.
        certificate: evidence for ``lower_bound``; ``None`` when that rests on something else.
    """

    schedule: Schedule
    lower_bound: int
    evidence: Evidence
    certificate: Certificate | None

    @property
    def total_latency(self) -> int:
        """What the schedule costs, an upper bound on OPT; request·rounds."""
        return self.schedule.total_latency

    @property
    def proven(self) -> bool:
        """Whether the schedule is optimal, on the evidence named."""
        return self.lower_bound == self.total_latency

    @property
    def gap(self) -> float:
        """How far the schedule may be from OPT at most, as a share of the bound; 0 when proven."""
        return (self.total_latency - self.lower_bound) / max(1, self.lower_bound)


def optimum(
    instance: Instance,
    time_limit: float = 60.0,
    method: Method = "auto",
    *,
    progress: Callable[[int, int], None] | None = None,
    should_stop: ShouldStop | None = None,
    executor: Executor | None = None,
    in_flight: int = IN_FLIGHT,
) -> Optimum:
    """The least total latency of any schedule, or the best bounds on it that the time allows.

    Args:
        instance: arrivals, unequal prompts and blocks are supported by every method.
        time_limit: seconds of wall-clock time, at least 0. With 0 the result is a list schedule
            and a bound without prices. It is overrun by a second or two; by more where an integer
            programme is large, as the solver is not interrupted in every step of its own.
        method: ``"search"`` is the exact search, ``"ilp"`` the integer programme; both begin with
            the same heuristics. ``"auto"`` asks certificates and heuristics first, and then the
            search for small instances or the integer programme for ones that it can hold.
        progress: called with the least total latency and the best bound so far, whenever one of
            them gets better.
        should_stop: asked a few times a second; when it says yes, the best so far is returned.
        executor: processes that share the exact search where it lasts longer than a second; by
            default, the caller is alone.
        in_flight: pieces of the search that they are given at a time, at least as many as there
            are processes.

    Raises:
        InvalidValue: an argument is not of this kind, or the instance too large for the method.
    """
    _check_arguments(method, in_flight)
    work = _Work(instance, time_limit, progress, should_stop, executor, in_flight)
    work.look_first()
    if method == "search":
        work.search()
    elif method == "ilp":
        work.ask_solver()
    else:
        work.choose()
    return work.best


def _check_arguments(method: str, in_flight: int) -> None:
    if method not in ("auto", "ilp", "search"):
        raise InvalidValue(
            "method", method, "it must be 'auto', 'ilp' or 'search'", "give one of them"
        )
    if in_flight < 1:
        raise InvalidValue(
            "in_flight", in_flight, "processes need something to do", "give 1 or more"
        )


class _Work:
    """The best schedule and the best bound so far, and those who may improve them."""

    def __init__(
        self,
        instance: Instance,
        time_limit: float,
        progress: Callable[[int, int], None] | None,
        should_stop: ShouldStop | None,
        executor: Executor | None,
        in_flight: int,
    ) -> None:
        self._executor = executor
        self._in_flight = in_flight
        self._instance = instance
        self._time_limit = time_limit
        self._deadline = Deadline.after(time_limit, should_stop)
        self._progress = progress
        self._should_stop = should_stop
        certificate = lower_bound(instance, time_limit=0)
        self._prices = certificate
        bound = verify(instance, certificate)
        self.best = Optimum(first_come_first_served(instance), bound, "certificate", certificate)
        self._offer_schedule(best_schedule(instance, time_limit=0, certificate=certificate))

    def look_first(self) -> None:
        """A certificate and a schedule that everything after can start from."""
        seconds = min(
            FIRST_LOOK * self._time_limit,
            FIRST_LOOK_PER_REQUEST * len(self._instance.requests),
        )
        self._price(seconds)
        self._improve_schedule(seconds)

    def choose(self) -> None:
        """Whatever proves most for an instance of this size."""
        size = len(self._instance.requests)
        if size <= SEARCHED:
            self.search()
            return
        modelled = size <= MODELLED and (
            self._entries() <= ENTRIES_PER_SECOND * (1 - 2 * PRICING) * self._time_limit
        )
        # What no integer programme can close, prices of shares may: they take longer to find.
        pricing = PRICING if modelled or size > MODELLED else PRICING_SHARES
        self._price(pricing * self._time_limit)
        if modelled:
            self._improve_schedule(PRICING * self._time_limit)
            with contextlib.suppress(ModelTooLarge):
                self.ask_solver()
        self._improve_schedule(self._deadline.remaining)

    def _entries(self) -> int:
        """Entries of the integer programme: rounds of a run, for each round it may start in."""
        requests = self._instance.requests
        start = {run.request: run.start for run in self.best.schedule.runs}
        waits = (start[request.id] - request.arrival for request in requests)
        longest = max(waits, default=0) + max((one.output_len for one in requests), default=0)
        kinds = {(one.prompt_len, one.output_len, one.arrival) for one in requests}
        return sum(output_len * longest for _, output_len, _ in kinds)

    def search(self) -> None:
        """The exact search, one part of the instance after the other where it falls into parts."""
        if self._is_over():
            return
        parts = independent_parts(self._instance)
        schedules: list[Schedule] = []
        bound = 0
        for index, part in enumerate(parts):
            found = search(
                part.instance,
                warm_start=part.of(self.best.schedule),
                time_limit=self._deadline.remaining / (len(parts) - index),
                should_stop=self._should_stop,
                executor=self._executor,
                in_flight=self._in_flight,
            )
            schedules.append(found.schedule)
            bound += found.lower_bound
        self._offer_schedule(joined(self._instance, parts, schedules))
        self._offer_bound(bound, "exhausted")

    def ask_solver(self) -> None:
        """The integer programme, from the best schedule on."""
        if self._is_over():
            return
        found = solve(
            self._instance,
            time_limit=self._deadline.remaining,
            warm_start=self.best.schedule,
            progress=self._hear_solver,
            should_stop=self._should_stop,
        )
        self._offer_schedule(found.schedule)
        self._offer_bound(found.lower_bound, "solver")
        if found.prices is not None:
            self._offer_certificate(_certificate_of(self._instance, found.prices))

    def _hear_solver(self, cost: int, bound: int) -> None:
        self._offer_bound(bound, "solver")
        self._tell(cost)

    def _price(self, seconds: float) -> None:
        if not self._is_over():
            self._offer_certificate(
                lower_bound(self._instance, time_limit=seconds, should_stop=self._should_stop)
            )

    def _improve_schedule(self, seconds: float) -> None:
        if not self._is_over():
            self._offer_schedule(
                best_schedule(
                    self._instance,
                    time_limit=seconds,
                    progress=self._tell,
                    should_stop=self._should_stop,
                    certificate=self._prices,
                )
            )

    def _offer_schedule(self, schedule: Schedule) -> None:
        if schedule.total_latency < self.best.total_latency and not check(schedule):
            self._learn(replace(self.best, schedule=schedule))

    def _offer_certificate(self, certificate: Certificate) -> None:
        bound = verify(self._instance, certificate)
        if bound >= self.best.lower_bound:
            self._prices = certificate
            self._learn(Optimum(self.best.schedule, bound, "certificate", certificate))

    def _offer_bound(self, bound: int, evidence: Evidence) -> None:
        if bound > self.best.lower_bound:
            self._learn(Optimum(self.best.schedule, bound, evidence, None))

    def _learn(self, better: Optimum) -> None:
        self.best = better
        self._tell(better.total_latency)

    def _tell(self, cost: int) -> None:
        """Report a cost that was found, whether its schedule is at hand yet or not."""
        if self._progress is not None:
            self._progress(min(cost, self.best.total_latency), self.best.lower_bound)

    def _is_over(self) -> bool:
        return self.best.proven or self._deadline.passed


def _certificate_of(instance: Instance, prices: Mapping[int, float]) -> Certificate:
    """Prices by round as a certificate of one stretch, from the first arrival on.

    Empty, and so proving little, where that stretch would be too long to write down.
    """
    first = min((request.arrival for request in instance.requests), default=0)
    rounds = max(prices, default=first) - first + 1
    if rounds > MOST_PRICED_ROUNDS:
        return Certificate(instance, 1, ())
    multipliers = tuple(
        max(0, round(prices.get(first + offset, 0.0) * PRICE_UNITS)) for offset in range(rounds)
    )
    return Certificate(instance, PRICE_UNITS, (Stretch(first, multipliers),))
