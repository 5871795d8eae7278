"""Checks T1 to T11 on one case: every policy beside its brute-force model, round by round.

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
    """A theorem does not hold for a case; names the theorem, and what was seen instead."""

    def __init__(self, theorem: str, seen: str) -> None:
        super().__init__(f"{theorem}: {seen}")
        self.theorem = theorem


def demand(holds: bool, theorem: str, *seen: object) -> None:
    """Raise :class:`Broken` with the values seen unless a statement holds."""
    if not holds:
        raise Broken(theorem, ", ".join(str(value) for value in seen))


class DecisionChecker:
    """Compares a policy's decisions with those of its brute-force model, round by round."""

    def __init__(
        self, instance: Instance, model: NaiveScheduler, ranks: dict[RequestId, int]
    ) -> None:
        self.instance = instance
        self.model = model
        self.ranks = ranks
        self.covered: Counter[str] = Counter()
        self.decisions: list[tuple[int, Decision]] = []

    def check_round(
        self,
        now: int,
        arrived: Iterable[RequestId],
        completed: Sequence[RequestId],
        decision: Decision,
    ) -> None:
        """Check one round: the policy's input, and its decision."""
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
        if isinstance(model, NaiveAmax):  # or its subclass NaiveHindsight
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
                "evicted, but no request behind it in ≺ has outlived its bound",
            )


class Checked(Policy):
    """A policy whose decisions are checked in every round."""

    def __init__(self, policy: Policy, checker: DecisionChecker) -> None:
        self.policy = policy
        self.checker = checker

    def begin(self, capacity: int, block_size: int) -> None:
        self.policy.begin(capacity, block_size)

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        decision = self.policy.decide(now, arrived, completed)
        self.checker.check_round(now, [request.id for request in arrived], completed, decision)
        if isinstance(self.policy, AnyAmin):
            self._bounds_are_true(self.policy)
        return decision

    def _bounds_are_true(self, amin: AnyAmin) -> None:
        """T3, of Amin's own ℓ̃: equal to the model's, which never falls; ℓ ≤ ℓ̃ ≤ max(ℓ, o − 1)."""
        for name, bound in amin.lower_bounds.items():
            request = self.checker.instance.by_id[name]
            most = max(request.lower, request.output_len - 1)
            expected = self.checker.model.known[name].assumed
            demand(
                request.lower <= bound <= most and bound == expected,
                "T3",
                request,
                "bound",
                bound,
                "for",
                expected,
            )


class CheckedClairvoyant(ClairvoyantPolicy):
    """The same for a policy that receives output lengths."""

    def __init__(self, policy: ClairvoyantPolicy, checker: DecisionChecker) -> None:
        self.policy = policy
        self.checker = checker

    def begin(self, capacity: int, block_size: int) -> None:
        self.policy.begin(capacity, block_size)

    def decide(
        self, now: int, arrived: Sequence[RevealedRequest], completed: Sequence[RequestId]
    ) -> Decision:
        decision = self.policy.decide(now, arrived, completed)
        self.checker.check_round(now, [request.id for request in arrived], completed, decision)
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

    checker = _checker(case, NaiveAmin)
    ours = _checked_schedule(case, Checked(amin(ties), checker), checker, covered)
    covered["instances where Amin evicts"] += ours.evictions > 0
    costs = [ours.total_latency]
    for policy, model in ((FirstComeFirstServed, NaiveFirstCome), (Amax, NaiveAmax)):
        other = _checker(case, model)
        schedule = _checked_schedule(case, Checked(policy(ties), other), other, covered)
        costs.append(schedule.total_latency)
    hindsight_checker = _checker(case, NaiveHindsight)
    hindsight = _checked_schedule(
        case,
        CheckedClairvoyant(HindsightShortestFirst(ties), hindsight_checker),
        hindsight_checker,
        covered,
    )
    costs.append(hindsight.total_latency)

    _exact_bounds_make_hindsight(case, amin(ties), hindsight)
    _the_future_is_hidden(case, amin(ties), ours, checker.decisions, rng, covered)
    _certificate_optimum_policies(instance, costs, rng, covered)
    covered.update(THEOREMS)
    return covered


def _checker(case: Case, model: type[NaiveScheduler]) -> DecisionChecker:
    ranks = {request: rank for rank, request in enumerate(case.ranking)}
    return DecisionChecker(
        case.instance, model(case.instance.capacity, case.instance.block_size), ranks
    )


def _checked_schedule(
    case: Case,
    policy: Checked | CheckedClairvoyant,
    checker: DecisionChecker,
    covered: Counter[str],
) -> Schedule:
    """The schedule, with T1 to T3 and T6 to T9 checked in every round, T1 and T2 as a whole."""
    instance = case.instance
    try:
        schedule = simulate(instance, policy)
    except AminError as error:
        raise Broken("T1 or T2", str(error)) from error
    for violation in check(schedule):
        raise Broken("T1" if violation.rule == "within-capacity" else "T2", violation.message)
    tokens = sum(request.output_len for request in instance.requests)
    factor = len(instance.requests) if isinstance(checker.model, NaiveAmin) else 1
    latest = max(request.arrival for request in instance.requests) + factor * tokens
    demand(schedule.makespan <= latest, "T2", "makespan", schedule.makespan, "for", latest)
    covered.update(checker.covered)
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
    """T5: decisions up to a round do not depend on u, nor on outputs not yet determined."""
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
    checker = _checker(replace(case, instance=other), NaiveAmin)
    simulate(other, Checked(amin, checker))
    seen = [decision for decision in decisions if decision[0] <= now]
    again = [decision for decision in checker.decisions if decision[0] <= now]
    demand(seen == again, "T5", now, other, again, "for", seen)


def _another_future(
    request: Request, instance: Instance, ours: Schedule, now: int, rng: random.Random
) -> Request:
    """The request with another output that is still possible in round ``now``, and any u."""
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
    """T10 and T11: random certificate's bound ≤ optimum by enumeration ≤ costs of policies."""
    least = naive_optimum(instance)
    demand(least <= min(costs), "T11", "optimum", least, "policies", costs)
    covered["instances where no policy is optimal"] += least < min(costs)
    rounds = rng.randint(0, 14)
    highest = rng.choice((1, 3, 8))
    prices = [rng.randint(0, highest) for _ in range(rounds)]
    if rng.random() < 0.7:
        prices.sort(reverse=True)  # good prices fall where all requests arrive in round 0
    stretch = Stretch(rng.choice((0, 0, 1)), tuple(prices))
    certificate = Certificate(instance, rng.choice((5, 12, 30)), (stretch,))
    bound = verify(instance, certificate)
    demand(bound <= least, "T10", certificate, bound, "for", least)
    without_prices = sum(request.output_len for request in instance.requests)
    covered["certificates that prove something"] += bound > without_prices
    covered["certificates that prove optimality"] += bound == least > without_prices
