"""Which methods search for the optimum, and for how long?

:func:`optimum` runs several methods, one after the other. Heuristics give schedules, prices give
certificates; the exact search and the integer programme give schedules and bounds. The result is
the best schedule and the best bound of all methods. Each schedule is checked by
:func:`amin_ref.check`, which shares no code with the methods.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Literal

from amin_ref import Instance, InvalidValue, Schedule, check
from amin_ref.model.machine import refuse_limits
from oracle.budget import DEFAULT_BUDGET, Budget
from oracle.certificate import Certificate, Stretch, keeps_tokens, verify
from oracle.deadline import Deadline, ShouldStop
from oracle.heuristics.best_schedule import best_schedule
from oracle.heuristics.best_tokens import best_token_schedule
from oracle.prices.ascent import lower_bound
from oracle.programme.candidates import ModelTooLarge
from oracle.search.branch_and_bound import IN_FLIGHT, search
from oracle.search.token_vectors import search_token_vectors
from oracle.starts.parts import Part, first_come_first_served, independent_parts, joined

Method = Literal["auto", "ilp", "search"]
Evidence = Literal["certificate", "exhausted", "solver"]

PRICE_UNITS = 2**24
"""Denominator of certificates that are made from a solver's prices.

A solver's prices have about eight digits, and 2**-24 is 6e-8.
"""

MOST_PRICED_ROUNDS = 2**20
"""Most rounds of such a certificate: it names every round, and would take megabytes of text."""


@dataclass(frozen=True)
class Optimum:
    """The best schedule found, and a bound on all schedules (specification, section 5).

    Attributes:
        schedule: the best schedule found; valid under :func:`amin_ref.check`. It has no evictions
            unless the machine resumes evicted requests.
        lower_bound: no schedule of the instance has a smaller total latency; request·rounds.
        evidence: how ``lower_bound`` was proved. The evidence says nothing about the schedule,
            which is optimal if and only if :attr:`proven` is true. Strongest first:

            * ``"certificate"``: by ``certificate``; :func:`oracle.verify` recomputes the bound.
            * ``"exhausted"``: by the exact search, which excluded every schedule that costs less
              than ``lower_bound``, by trying it or by bounds of its own. If time or memory ran out
              before the bound reached the cost of ``schedule``, a gap remains.
            * ``"solver"``: by an integer-programming solver, which states this dual bound.
        certificate: the evidence for ``lower_bound``, or ``None`` where the evidence is another.
    """

    schedule: Schedule
    lower_bound: int
    evidence: Evidence
    certificate: Certificate | None

    @property
    def total_latency(self) -> int:
        """Total latency of the schedule, an upper bound on OPT; request·rounds."""
        return self.schedule.total_latency

    @property
    def proven(self) -> bool:
        """Whether the schedule is optimal: no schedule costs less, on the evidence named."""
        return self.lower_bound == self.total_latency

    @property
    def gap(self) -> float:
        """By what share of the bound the schedule may exceed OPT at most; 0 when proven."""
        return (self.total_latency - self.lower_bound) / max(1, self.lower_bound)

    @property
    def evidence_in_words(self) -> str:
        """One sentence on how ``lower_bound`` was proved, and on why there is a gap, if any."""
        rests_on = {
            "certificate": "The bound rests on a certificate, which amin-ref verify recomputes",
            "exhausted": f"The exact search excluded every schedule that costs less than "
            f"{self.lower_bound}",
            "solver": "The bound is the dual bound that an integer-programming solver states",
        }[self.evidence]
        if self.proven:
            return f"{rests_on}; the schedule reaches it and is optimal."
        if self.evidence == "exhausted":
            return f"{rests_on}, and ended before it reached {self.total_latency}."
        return f"{rests_on}; the optimum lies between it and {self.total_latency}."


def optimum(
    instance: Instance,
    time_limit: float = 60.0,
    method: Method = "auto",
    *,
    progress: Callable[[int, int], None] | None = None,
    should_stop: ShouldStop | None = None,
    executor: Executor | None = None,
    in_flight: int = IN_FLIGHT,
    budget: Budget = DEFAULT_BUDGET,
) -> Optimum:
    """The least total latency of any schedule, or the best bounds on it that the time allows.

    Args:
        instance: arrivals, unequal prompts and blocks are supported by every method. The machine
            may resume evicted requests; its schedules then are those that keep tokens.
        time_limit: seconds of wall-clock time; finite, 0 or more. With 0 the result is a list
            schedule and a bound without prices. The limit is overrun by a second or two, and by
            more where an integer programme is large: some steps of a solver cannot be interrupted.
        method: ``"search"``: the exact search; ``"ilp"``: the integer programme, which needs
            highspy and PuLP; ``"auto"``: prices and heuristics, then the search if requests are
            few, or the integer programme if it is small enough and a solver is installed. All
            begin with the same prices and heuristics.
        progress: called with the least total latency and the best lower bound so far, whenever one
            of them gets better.
        should_stop: called a few times a second; after ``True`` the best so far is returned.
        executor: processes that share an exact search which lasts more than seconds; ``None``: the
            calling process works alone.
        in_flight: work items that the executor is given at a time, at least 1: as many as it has
            processes.
        budget: how much of the time each method gets.

    Raises:
        InvalidValue: an argument is not of this kind, the instance is too large for the method,
            the method is ``"ilp"`` and no solver is installed, or the machine has a limit
            (``tokens_per_round``, ``max_running``, ``watermark``).
    """
    refuse_limits(
        instance.machine,
        "optimum knows no limits, and its schedule could break this one",
        "leave the limit out, or call lower_bound, whose bound holds with limits too",
    )
    _check_arguments(method, in_flight)
    work = _Work(instance, time_limit, progress, should_stop, executor, in_flight, budget)
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
    if method == "ilp" and not _solver_is_installed():
        raise InvalidValue(
            "method",
            method,
            "the integer programme needs highspy and PuLP, which cannot be imported",
            "install highspy and pulp, or give 'search'",
        )
    if in_flight < 1:
        raise InvalidValue("in_flight", in_flight, "it must be at least 1", "give 1 or more")


def _solver_is_installed() -> bool:
    """Whether the integer programme can run; certificates and the search need no solver."""
    try:
        import oracle.programme.branch_and_cut  # noqa: F401 - only whether it can be imported
    except ImportError:
        return False
    return True


@dataclass(frozen=True)
class _Costs:
    """What some requests cost.

    Attributes:
        cost: their total latency in the best schedules known; request·rounds.
        bound: a lower bound on it; request·rounds.
    """

    cost: int
    bound: int


class _Work:
    """The best schedule and the best bound so far, and the methods that may improve them."""

    def __init__(
        self,
        instance: Instance,
        time_limit: float,
        progress: Callable[[int, int], None] | None,
        should_stop: ShouldStop | None,
        executor: Executor | None,
        in_flight: int,
        budget: Budget,
    ) -> None:
        self._instance = instance
        self._deadline = Deadline.after(time_limit, should_stop)
        self._time_limit = time_limit
        self._should_stop = should_stop
        self._progress = progress
        self._executor = executor
        self._in_flight = in_flight
        self._budget = budget
        self._elsewhere = _Costs(0, 0)
        certificate = lower_bound(instance, time_limit=0)
        self._prices = certificate
        bound = verify(instance, certificate)
        schedule = first_come_first_served(instance)
        self.best = Optimum(schedule, bound, "certificate", certificate)
        self._told = _Costs(schedule.total_latency, bound)
        if keeps_tokens(instance):
            self._offer_schedule(best_token_schedule(instance, 0))
        else:
            self._offer_schedule(best_schedule(instance, time_limit=0, certificate=certificate))

    def look_first(self) -> None:
        """A first certificate and a first schedule, from which all later methods start."""
        seconds = min(
            self._budget.first_look * self._time_limit,
            self._budget.first_look_per_request * len(self._instance.requests),
        )
        self._price(seconds)
        self._improve_schedule(seconds)

    def choose(self) -> None:
        """The method that proves most for an instance of this size."""
        budget, size = self._budget, len(self._instance.requests)
        if size <= budget.searched:
            self.search()
            return
        seconds_of_solver = (1 - 2 * budget.pricing) * self._time_limit
        modelled = size <= budget.modelled and (
            self._entries() <= budget.entries_per_second * seconds_of_solver
        )
        modelled = modelled and _solver_is_installed() and not keeps_tokens(self._instance)
        no_programme = size <= budget.modelled and not modelled
        pricing = budget.pricing_alone if no_programme else budget.pricing
        self._price(pricing * self._time_limit)
        if modelled:
            self._improve_schedule(budget.pricing * self._time_limit)
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
        """The exact search, in one independent part of the instance after the other."""
        if self._is_over():
            return
        keeps = keeps_tokens(self._instance)
        self._by_parts(self._searched_tokens if keeps else self._searched_starts, "exhausted")

    def _by_parts(self, solve: Callable[[Part, float], tuple[Schedule, int]], by: Evidence) -> None:
        """Take the schedule and the bound of each independent part, each in its share of the time.

        In an optimal schedule of a part no round idles, so it is over before the next part arrives,
        on every machine without limits.

        Args:
            solve: of a part and seconds, a schedule and a bound.
            by: what proves the bounds.
        """
        parts = independent_parts(self._instance)
        schedules: list[Schedule] = []
        proved = 0
        for index, part in enumerate(parts):
            after = parts[index + 1 :]
            self._elsewhere = _Costs(
                sum(schedule.total_latency for schedule in schedules)
                + sum(each.of(self.best.schedule).total_latency for each in after),
                proved + sum(r.output_len for each in after for r in each.instance.requests),
            )
            schedule, bound = solve(part, self._deadline.remaining / (len(parts) - index))
            schedules.append(schedule)
            proved += bound
        self._offer_schedule(joined(self._instance, parts, schedules))
        self._offer_bound(proved, by)

    def _searched_starts(self, part: Part, seconds: float) -> tuple[Schedule, int]:
        found = search(
            part.instance,
            warm_start=part.of(self.best.schedule),
            time_limit=seconds,
            progress=self._take_progress_of_part,
            should_stop=self._should_stop,
            executor=self._executor,
            in_flight=self._in_flight,
            budget=self._budget,
        )
        return found.schedule, found.lower_bound

    def _take_progress_of_part(self, cost: int, bound: int) -> None:
        self._report(cost + self._elsewhere.cost, bound + self._elsewhere.bound)

    def _searched_tokens(self, part: Part, seconds: float) -> tuple[Schedule, int]:
        """As :meth:`_searched_starts`, where evicted requests keep their tokens."""
        certificate = lower_bound(
            part.instance,
            self._budget.pricing * seconds,
            should_stop=self._should_stop,
            budget=self._budget,
        )
        found = search_token_vectors(
            part.instance,
            part.of(self.best.schedule),
            certificate=certificate,
            time_limit=(1 - self._budget.pricing) * seconds,
            should_stop=self._should_stop,
        )
        return found.schedule, max(found.lower_bound, verify(part.instance, certificate))

    def ask_solver(self) -> None:
        """The integer programme, from the best schedule on."""
        if self._is_over():
            return
        if keeps_tokens(self._instance):
            self._by_parts(self._solved_tokens, "solver")
            return
        # Imported here: everything else works where no solver is installed.
        from oracle.programme.branch_and_cut import solve

        found = solve(
            self._instance,
            time_limit=self._deadline.remaining,
            warm_start=self.best.schedule,
            progress=self._take_progress_of_solver,
            should_stop=self._should_stop,
            budget=self._budget,
        )
        self._offer_schedule(found.schedule)
        self._offer_bound(found.lower_bound, "solver")
        if found.prices is not None:
            self._offer_certificate(_certificate_of(self._instance, found.prices))

    def _solved_tokens(self, part: Part, seconds: float) -> tuple[Schedule, int]:
        """The integer programme where evicted requests keep their tokens."""
        from oracle.programme.token_programme import solve_tokens

        found = solve_tokens(
            part.instance,
            part.of(self.best.schedule),
            time_limit=seconds,
            should_stop=self._should_stop,
        )
        return found.schedule, found.lower_bound

    def _take_progress_of_solver(self, cost: int, bound: int) -> None:
        self._offer_bound(bound, "solver")
        self._report(cost)

    def _price(self, seconds: float) -> None:
        if not self._is_over():
            self._offer_certificate(
                lower_bound(
                    self._instance,
                    time_limit=seconds,
                    should_stop=self._should_stop,
                    budget=self._budget,
                )
            )

    def _improve_schedule(self, seconds: float) -> None:
        if self._is_over():
            return
        if keeps_tokens(self._instance):
            self._offer_schedule(
                best_token_schedule(
                    self._instance,
                    seconds,
                    should_stop=self._should_stop,
                    warm_start=self.best.schedule,
                )
            )
        else:
            self._offer_schedule(
                best_schedule(
                    self._instance,
                    time_limit=seconds,
                    progress=self._report,
                    should_stop=self._should_stop,
                    certificate=self._prices,
                    budget=self._budget,
                )
            )

    def _offer_schedule(self, schedule: Schedule) -> None:
        if schedule.total_latency < self.best.total_latency and not check(schedule):
            self._take(replace(self.best, schedule=schedule))

    def _offer_certificate(self, certificate: Certificate) -> None:
        bound = verify(self._instance, certificate)
        if bound >= self.best.lower_bound:
            self._prices = certificate
            self._take(Optimum(self.best.schedule, bound, "certificate", certificate))

    def _offer_bound(self, bound: int, evidence: Evidence) -> None:
        if bound > self.best.lower_bound:
            self._take(Optimum(self.best.schedule, bound, evidence, None))

    def _take(self, better: Optimum) -> None:
        self.best = better
        self._report(better.total_latency)

    def _report(self, cost: int, bound: int = 0) -> None:
        """Report a cost and a bound that a method has reached, even if the rest is to come.

        Neither gets worse from one report to the next.
        """
        self._told = _Costs(
            min(cost, self._told.cost, self.best.total_latency),
            max(bound, self._told.bound, self.best.lower_bound),
        )
        if self._progress is not None:
            self._progress(self._told.cost, self._told.bound)

    def _is_over(self) -> bool:
        return self.best.proven or self._deadline.passed


def _certificate_of(instance: Instance, prices: Mapping[int, float]) -> Certificate:
    """A certificate of one stretch, from the first arrival on, with these prices by round.

    Where the stretch would be longer than :data:`MOST_PRICED_ROUNDS` it is left out.
    """
    first = min((request.arrival for request in instance.requests), default=0)
    rounds = max(prices, default=first) - first + 1
    if rounds > MOST_PRICED_ROUNDS:
        return Certificate(instance, 1, ())
    multipliers = tuple(
        max(0, round(prices.get(first + offset, 0.0) * PRICE_UNITS)) for offset in range(rounds)
    )
    return Certificate(instance, PRICE_UNITS, (Stretch(first, multipliers),))
