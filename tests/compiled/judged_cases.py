"""Random valid schedules, right and wrong ones, and how both replays judge them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from amin_ref import (
    AminError,
    Instance,
    RequestId,
    Schedule,
    TieBreak,
    VisibleRequest,
    check,
    simulate,
)
from amin_ref.compiled.refusal import NotCompiled
from amin_ref.conformance.bound_rules import BOUND_RULES, KNOWN_BUGS, BoundRule
from amin_ref.conformance.first_come import replay_first_come
from amin_ref.conformance.large import judged
from amin_ref.conformance.replay import replay
from amin_ref.conformance.waiting import Ranks
from tests.compiled.cases import COMPILED, HUGE, random_case
from tests.models.naive import NaiveAmin, naive_schedule
from tests.models.wrong_schedulers import WRONG

RULES: tuple[BoundRule | None, ...] = (
    None,
    *BOUND_RULES.values(),
    *(bug.bound_rule for bugs in KNOWN_BUGS.values() for bug in bugs),
)
"""Every bound rule that a schedule is replayed with; ``None`` stands for FCFS."""


LONGEST_WRONG = 2_000
"""The round by which a wrong scheduler is given up: its requests have at most 800 tokens in all."""


class Deviating(NaiveAmin):
    """Amin, with ranks of its own in each round, which in some rounds does anything that fits."""

    rng = random.Random(0)
    seldom = 0.1

    def decide(self) -> tuple[list[RequestId], list[RequestId]]:
        """Steps 2 to 4, or random evictions and admissions."""
        for known in self.known.values():
            known.rank = self.rng.random()
        if self.rng.random() > self.seldom:
            return super().decide()
        evicted = []
        for request in self.rng.sample(list(self.generated), len(self.generated)):
            if self.overflows(self.generated) or self.rng.random() < self.seldom:
                del self.generated[request]
                evicted.append(request)
        admitted = []
        for request in self.rng.sample(sorted(self.waiting, key=str), len(self.waiting)):
            self.generated[request] = 0
            if self.rng.random() < 0.5 or self.overflows(self.generated):
                del self.generated[request]
            else:
                self.waiting.remove(request)
                admitted.append(request)
        self.waiting |= set(evicted)
        return evicted, admitted


@dataclass(frozen=True)
class JudgedCase:
    """A valid schedule, and a tie-break."""

    schedule: Schedule
    ties: TieBreak

    def ranks(self) -> Ranks:
        """The rank of every request."""
        return {
            request.id: (self.ties.rank(VisibleRequest.of(request, position)), position)
            for position, request in enumerate(self.schedule.instance.requests)
        }


def random_judged_case(rng: random.Random) -> JudgedCase:
    """A schedule of one of many schedulers, perhaps with its later runs delayed by a round."""
    while True:
        case = random_case(rng)
        schedule = _scheduled(rng, case.instance, case.ties)
        if schedule is None:
            continue
        if rng.random() < 0.2:
            since = rng.choice(schedule.runs).start
            late = (
                replace(run, start=run.start + 1, stop=run.stop + 1) if run.start >= since else run
                for run in schedule.runs
            )
            schedule = Schedule(case.instance, late)
        if not check(schedule):
            return JudgedCase(schedule, case.ties)


def _scheduled(rng: random.Random, instance: Instance, ties: TieBreak) -> Schedule | None:
    """What a scheduler drawn at random makes of an instance; ``None`` if it fails."""
    kind = rng.randrange(3)
    try:
        if kind == 0:
            return simulate(instance, rng.choice(COMPILED)(ties), compiled=False)
        if any(request.arrival >= HUGE for request in instance.requests):
            return None  # the others may go through every round
        if kind == 1:
            wrong = rng.choice([each for each in WRONG if each.claims == "amin"])
            return simulate(instance, wrong.make(), compiled=False, max_rounds=LONGEST_WRONG)
    except AminError:  # a wrong scheduler may overflow the cache or make no progress
        return None
    Deviating.rng, Deviating.seldom = rng, rng.choice((0.02, 0.2))
    ranks = dict.fromkeys(instance.by_id, 0.0)
    return naive_schedule(instance, Deviating(instance.capacity, instance.block_size), ranks)


Verdict = tuple[int, int | None]
"""How many rounds were replayed, and the first wrong one; ``None``: all are right."""


def readable_verdict(case: JudgedCase, rule: BoundRule | None, ranks: Ranks | None) -> Verdict:
    """The verdict of the reference."""
    replayed = (
        replay_first_come(case.schedule, ranks)
        if rule is None
        else replay(case.schedule, rule, ranks)
    )
    return replayed.rounds, None if replayed.wrong is None else replayed.wrong.now


def compiled_verdict(
    case: JudgedCase, rule: BoundRule | None, ranks: Ranks | None
) -> Verdict | None:
    """The verdict of compiled code; ``None`` where it does not plan as far ahead as the rule."""
    try:
        found = judged(case.schedule, rule, ranks, however_few=True)
    except NotCompiled:
        assert case.schedule.instance.capacity >= HUGE  # a request without an upper bound
        return None
    return found.rounds, found.wrong


def differing(case: JudgedCase, rng: random.Random) -> Iterator[str]:
    """The verdicts that are not equal, under Amin's rule, FCFS or a rule drawn at random."""
    rule = rng.choice((BOUND_RULES["amin"], None, rng.choice(RULES), rng.choice(RULES)))
    for ranks in (None, case.ranks()):
        found = compiled_verdict(case, rule, ranks)
        expected = readable_verdict(case, rule, ranks)
        if found not in (None, expected):
            yield f"{found} in place of {expected}: {rule}, {ranks}, {case.schedule.runs}"
