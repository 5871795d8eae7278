"""Checks T1 to T11 on one case: every policy in lockstep with its brute-force model.

The model (:mod:`tests.models.naive`) follows from the specification alone. Its state is compared
with the policy's decision in every round, so that a failure names the round and the theorem.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from amin_ref import (
    Amax,
    Amin,
    AminError,
    ClairvoyantPolicy,
    Decision,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    Policy,
    Ranking,
    Request,
    RequestId,
    RevealedRequest,
    Schedule,
    VisibleRequest,
    check,
    simulate,
)
from amin_ref.policies.variants import AminVariant
from oracle.certificate import Certificate, Stretch, verify
from tests.long.deep.case import Case
from tests.models.naive import (
    NaiveAmax,
    NaiveAmin,
    NaiveFirstCome,
    NaiveHindsight,
    NaiveScheduler,
    longest_output,
)
from tests.models.naive_optimum import naive_optimum

AnyAmin = Amin | AminVariant
MakeAmin = Callable[[Ranking], AnyAmin]

THEOREMS = ("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11")


class Broken(Exception):
    """A theorem does not hold of a case: which, and what was seen instead."""

    def __init__(self, theorem: str, seen: str) -> None:
        super().__init__(f"{theorem}: {seen}")
        self.theorem = theorem


def demand(holds: bool, theorem: str, *seen: object) -> None:
    """Raise :class:`Broken` unless a statement holds; what was seen is put in words only then."""
    if not holds:
        raise Broken(theorem, ", ".join(str(value) for value in seen))


class Referee:
    """Judges a policy's decisions, round by round, with its brute-force model beside it."""

    def __init__(
        self, instance: Instance, model: NaiveScheduler, ranks: dict[RequestId, int]
    ) -> None:
        self.instance = instance
        self.model = model
        self.ranks = ranks
        self.covered: Counter[str] = Counter()
        self.decisions: list[tuple[int, Decision]] = []

    def judge(
        self,
        now: int,
        arrived: Iterable[RequestId],
        completed: Sequence[RequestId],
        decision: Decision,
    ) -> None:
        """The round as the policy saw and answered it."""
        model = self.model
        for request in completed:
            model.complete(request)
        for request in arrived:
            model.arrive(self.instance.by_id[request], self.ranks[request])
        before = dict(model.generated)
        bounds = {request: known.assumed for request, known in model.known.items()}
        evict, admit = model.decide()
        self.decisions.append((now, decision))
        where = (now, type(model).__name__, decision)
        demand(decision.evict == tuple(evict), "T6", where, evict)
        demand(decision.admit == tuple(admit), "T7", where, admit)
        demand(not model.overflows(model.generated), "T1", where, "the next token does not fit")
        demand(bool(model.generated) or not model.waiting, "T8", where, model.waiting)
        if isinstance(model, NaiveAmin) and evict:
            self._outlives(before, bounds, evict, where)
        if isinstance(model, NaiveAmax):  # and hindsight, which reserves what it knows
            demand(not evict, "T9", where, evict)
        self.covered["rounds"] += 1
        self.covered["rounds with evictions"] += bool(evict)
        self.covered["rounds that leave a request waiting"] += bool(model.waiting)
        model.generate()

    def _outlives(
        self,
        before: dict[RequestId, int],
        bounds: dict[RequestId, int],
        evicted: Iterable[RequestId],
        where: object,
    ) -> None:
        """T4: a request is evicted only if it, or one running behind it in ≺, has outlived ℓ̃."""

        def place(request: RequestId) -> tuple[int, int]:
            return self.model.known[request].assumed, self.ranks[request]

        outliving = [request for request, tokens in before.items() if tokens >= bounds[request]]
        for request in evicted:
            behind = any(place(other) >= place(request) for other in outliving)
            demand(
                behind,
                "T4",
                where,
                request,
                "evicted, but none behind has outlived its bound",
            )


class Judged(Policy):
    """A policy with a referee."""

    def __init__(self, policy: Policy, referee: Referee) -> None:
        self.policy = policy
        self.referee = referee

    def begin(self, capacity: int, block_size: int) -> None:
        self.policy.begin(capacity, block_size)

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        decision = self.policy.decide(now, arrived, completed)
        self.referee.judge(now, [request.id for request in arrived], completed, decision)
        if isinstance(self.policy, AnyAmin):
            self._bounds_are_true(self.policy)
        return decision

    def _bounds_are_true(self, amin: AnyAmin) -> None:
        """T3, of Amin's own ℓ̃: as the model has it, and so monotone; and ℓ ≤ ℓ̃ ≤ max(ℓ, o − 1)."""
        for name, bound in amin.lower_bounds.items():
            request = self.referee.instance.by_id[name]
            most = max(request.lower, request.output_len - 1)
            expected = self.referee.model.known[name].assumed
            demand(
                request.lower <= bound <= most and bound == expected,
                "T3",
                request,
                "bound",
                bound,
                "for",
                expected,
            )


class JudgedClairvoyant(ClairvoyantPolicy):
    """The same for a policy that receives output lengths."""

    def __init__(self, policy: ClairvoyantPolicy, referee: Referee) -> None:
        self.policy = policy
        self.referee = referee

    def begin(self, capacity: int, block_size: int) -> None:
        self.policy.begin(capacity, block_size)

    def decide(
        self, now: int, arrived: Sequence[RevealedRequest], completed: Sequence[RequestId]
    ) -> Decision:
        decision = self.policy.decide(now, arrived, completed)
        self.referee.judge(now, [request.id for request in arrived], completed, decision)
        return decision


def examine(case: Case, amin: MakeAmin = Amin) -> Counter[str]:
    """Check T1 to T11 on a case; returns what was covered by name.

    Raises:
        Broken: a theorem does not hold.
    """
    instance = case.instance
    ties = Ranking(case.ranking)
    rng = random.Random(case.seed)
    covered = Counter({"instances": 1, f"blocks of {instance.block_size}": 1})
    covered[f"{len(instance.requests)} requests"] += 1
    covered["instances with later arrivals"] += any(r.arrival for r in instance.requests)

    referee = _referee(case, NaiveAmin)
    ours = _judged(case, Judged(amin(ties), referee), referee, covered)
    covered["instances where Amin evicts"] += ours.evictions > 0
    costs = [ours.total_latency]
    for policy, model in ((FirstComeFirstServed, NaiveFirstCome), (Amax, NaiveAmax)):
        other = _referee(case, model)
        schedule = _judged(case, Judged(policy(ties), other), other, covered)
        costs.append(schedule.total_latency)
    hindsight_referee = _referee(case, NaiveHindsight)
    hindsight = _judged(
        case,
        JudgedClairvoyant(HindsightShortestFirst(ties), hindsight_referee),
        hindsight_referee,
        covered,
    )
    costs.append(hindsight.total_latency)

    _exact_bounds_make_hindsight(case, amin(ties), hindsight)
    _the_future_is_hidden(case, amin(ties), ours, referee.decisions, rng, covered)
    _certificate_optimum_policies(instance, costs, rng, covered)
    covered.update(THEOREMS)
    return covered


def _referee(case: Case, model: type[NaiveScheduler]) -> Referee:
    ranks = {request: rank for rank, request in enumerate(case.ranking)}
    return Referee(case.instance, model(case.instance.capacity, case.instance.block_size), ranks)


def _judged(
    case: Case, policy: Judged | JudgedClairvoyant, referee: Referee, covered: Counter[str]
) -> Schedule:
    """T1 to T3 and T6 to T9 in every round, and T1 and T2 of the whole schedule."""
    instance = case.instance
    try:
        schedule = simulate(instance, policy)
    except AminError as error:
        raise Broken("T1 or T2", str(error)) from error
    for violation in check(schedule):
        raise Broken("T1" if violation.rule == "within-capacity" else "T2", violation.message)
    tokens = sum(request.output_len for request in instance.requests)
    factor = len(instance.requests) if isinstance(referee.model, NaiveAmin) else 1
    latest = max(request.arrival for request in instance.requests) + factor * tokens
    demand(schedule.makespan <= latest, "T2", "makespan", schedule.makespan, "for", latest)
    covered.update(referee.covered)
    return schedule


def _exact_bounds_make_hindsight(case: Case, amin: AnyAmin, hindsight: Schedule) -> None:
    """T4, second half: with ℓ = o, Amin makes H-SF's runs, none of them evicted."""
    exact = replace(
        case.instance,
        requests=tuple(replace(r, lower=r.output_len) for r in case.instance.requests),
    )
    runs = simulate(exact, amin).runs
    demand(runs == hindsight.runs, "T4", "exact bounds", runs, "H-SF", hindsight.runs)


def _the_future_is_hidden(
    case: Case,
    amin: AnyAmin,
    ours: Schedule,
    decisions: Sequence[tuple[int, Decision]],
    rng: random.Random,
    covered: Counter[str],
) -> None:
    """T5: other outputs that cannot be known by a round, and any u, change nothing up to it."""
    instance = case.instance
    now = rng.randrange(ours.makespan)
    other = replace(
        instance,
        requests=tuple(_another_future(r, instance, ours, now, rng) for r in instance.requests),
    )
    covered["other futures that differ"] += any(
        new.output_len != old.output_len
        for new, old in zip(other.requests, instance.requests, strict=True)
    )
    referee = _referee(replace(case, instance=other), NaiveAmin)
    simulate(other, Judged(amin, referee))
    seen = [decision for decision in decisions if decision[0] <= now]
    again = [decision for decision in referee.decisions if decision[0] <= now]
    demand(seen == again, "T5", now, other, again, "for", seen)


def _another_future(
    request: Request, instance: Instance, ours: Schedule, now: int, rng: random.Random
) -> Request:
    """The request with any output that may still be true of it in round ``now``, and any u."""
    if ours.completions[request.id] <= now:
        output_len = request.output_len
    else:
        seen = [
            min(run.stop, now) - run.start
            for run in ours.runs
            if run.request == request.id and run.start <= now
        ]
        least = max(request.lower, max(seen, default=0) + 1)
        most = longest_output(request.prompt_len, instance.capacity, instance.block_size)
        output_len = rng.randint(least, max(least, min(most, least + 4)))
    upper = rng.choice((None, output_len, output_len + 3))
    return replace(request, output_len=output_len, upper=upper)


def _certificate_optimum_policies(
    instance: Instance, costs: Sequence[int], rng: random.Random, covered: Counter[str]
) -> None:
    """T10 and T11: any certificate's bound, the optimum by enumeration, and what policies cost."""
    least = naive_optimum(instance)
    demand(least <= min(costs), "T11", "optimum", least, "policies", costs)
    covered["instances where no policy is optimal"] += least < min(costs)
    rounds = rng.randint(0, 14)
    highest = rng.choice((1, 3, 8))
    prices = [rng.randint(0, highest) for _ in range(rounds)]
    if rng.random() < 0.7:
        prices.sort(reverse=True)  # as good prices are, where everything arrives at once
    stretch = Stretch(rng.choice((0, 0, 1)), tuple(prices))
    certificate = Certificate(instance, rng.choice((5, 12, 30)), (stretch,))
    bound = verify(instance, certificate)
    demand(bound <= least, "T10", certificate, bound, "for", least)
    without_prices = sum(request.output_len for request in instance.requests)
    covered["certificates that prove something"] += bound > without_prices
    covered["certificates that prove optimality"] += bound == least > without_prices
