"""The proved checker of conformance and ``conform`` agree on verdict and first wrong round.

The schedules are Amin's, those of other policies and of wrong schedulers, and random mixtures of
valid decisions; most have some requests that tie.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from amin_ref import (
    Amax,
    Amin,
    ClairvoyantPolicy,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Instance,
    InvalidValue,
    Policy,
    Ranking,
    Request,
    RequestId,
    Run,
    Schedule,
    VisibleRequest,
    check,
    conform,
    simulate,
)
from amin_ref.model.blocks import occupied
from amin_ref.policies.lookahead import Job
from amin_ref.policies.variants import (
    AminVariant,
    EvictsLargest,
    EvictsNewest,
    NeverLooksAhead,
    NeverRefines,
)
from tests.rocq.program import Program
from tests.rocq.test_differential import ranked, spoilt
from tests.support.profiles import many

pytestmark = pytest.mark.slow

SCHEDULES = many(1000, 20_000)
"""Random valid schedules for each kind of ties: some seconds for a thousand."""


class EvictsOneMore(AminVariant):
    """Evicts one running request more than needed, whichever, the first time it evicts (step 3)."""

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        super().begin(capacity, block_size)
        self.has_evicted = False

    def refine_and_evict(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> list[Job]:
        """See :meth:`AminVariant.refine_and_evict`."""
        evicted = super().refine_and_evict(now, arrived, completed)
        others = sorted(self.batch.running, key=lambda job: str(job.id))
        if evicted and others and not self.has_evicted:
            self.has_evicted = True
            one_more = random.Random(now).choice(others)
            self.batch.evict(one_more)
            evicted.append(one_more)
        return evicted


MAKERS: tuple[Callable[[Ranking], Policy | ClairvoyantPolicy], ...] = (
    Amin,
    Amin,
    Amin,
    Amax,
    HindsightShortestFirst,
    FirstComeFirstServed,
    EvictsOneMore,
    EvictsOneMore,
    EvictsOneMore,
    EvictsOneMore,
    EvictsLargest,
    EvictsNewest,
    NeverLooksAhead,
    NeverRefines,
)
"""Amin, the other policies, and wrong variants of Amin."""


@pytest.fixture(scope="module")
def program(compiled_program: Path) -> Iterator[Program]:
    with Program(compiled_program) as running:
        yield running


def tying(rng: random.Random) -> Instance:
    """A small instance in which many requests have the same lower bound."""
    block = rng.choice([1, 1, 2, 3])
    span = rng.choice([3, 6, 12])
    bounds = [rng.randint(1, span) for _ in range(2)]
    requests = []
    for i in range(rng.randint(2, 8)):
        output = rng.randint(1, span)
        lower = min(output, rng.choice(bounds))
        arrival = rng.choice([0, 0, 0, rng.randint(0, 12)])
        requests.append(Request(f"r{i}", rng.randint(1, span), output, lower, None, arrival))
    need = max(occupied(each.prompt_len + each.output_len, block) for each in requests)
    return Instance(need + rng.randint(0, 2 * need), tuple(requests), block)


def later(rng: random.Random, runs: list[Run]) -> list[Run]:
    """The runs, with those from a random round on delayed by a few rounds."""
    first, shift = rng.choice(runs).start, rng.randint(1, 3)
    if any(run.start < first < run.stop for run in runs):
        return runs
    return [
        Run(run.request, run.start + shift, run.stop + shift, run.outcome)
        if run.start >= first
        else run
        for run in runs
    ]


def restarted(rng: random.Random, runs: list[Run]) -> list[Run]:
    """The runs, with one evicted request started again in the round in which it is evicted."""
    evicted = [run for run in runs if run.outcome == "evicted"]
    if not evicted:
        return runs
    thrown = rng.choice(evicted)
    after = [run for run in runs if run.request == thrown.request and run.start >= thrown.stop]
    again = min(after, key=lambda run: run.start)
    stop = thrown.stop + again.stop - again.start
    moved = Run(again.request, thrown.stop, stop, again.outcome)
    return [moved if run is again else run for run in runs]


def drawn_schedules(rng: random.Random) -> Iterator[tuple[Schedule, Ranking, dict[RequestId, int]]]:
    """Valid schedules, each with the ranking that its maker may have used, and with its ranks."""
    while True:
        instance = tying(rng)
        ties, ranks = ranked(rng, instance)
        own = ties if rng.random() < 0.6 else ranked(rng, instance)[0]
        try:
            runs = list(simulate(instance, rng.choice(MAKERS)(own)).runs)
            match rng.randrange(5):
                case 0:
                    runs = spoilt(rng, instance, runs)
                case 1:
                    runs = later(rng, runs)
                case 2:
                    runs = restarted(rng, runs)
            schedule = Schedule(instance, tuple(runs))
        except InvalidValue:
            continue
        if not check(schedule):
            yield schedule, ties, ranks


def answer(schedule: Schedule, ties: Ranking | None) -> str:
    """``conform``'s verdict in the words of the program."""
    departure = conform(schedule, ties=ties).departure
    return "conforms" if departure is None else f"departs {departure.round}"


@pytest.mark.parametrize("free", [True, False], ids=["free ties", "given ties"])
def test_conform_finds_what_the_proved_checker_finds(program: Program, free: bool) -> None:
    rng = random.Random(f"conform {free}")
    verdicts: Counter[str] = Counter()
    late = 0
    for _, (schedule, ties, ranks) in zip(range(SCHEDULES), drawn_schedules(rng), strict=False):
        proved = program.conforms(schedule.instance, schedule.runs, ranks, free=free)
        assert proved == answer(schedule, None if free else ties), schedule
        verdicts[proved.split()[0]] += 1
        late += proved.startswith("departs") and proved != "departs 0"
    # Each verdict is common, and many wrong rounds come after right ones.
    assert min(verdicts["conforms"], verdicts["departs"], late) > SCHEDULES // 10


def test_an_invalid_schedule_is_called_invalid(program: Program) -> None:
    rng = random.Random("invalid")
    found = 0
    while found < SCHEDULES // 10:
        instance = tying(rng)
        runs = spoilt(rng, instance, list(simulate(instance, Amin()).runs))
        try:
            broken = {each.rule for each in check(Schedule(instance, tuple(runs)))}
        except InvalidValue:
            continue
        # The model's validity lacks this rule; `conform` of the model refuses a later round.
        if broken - {"nothing-after-completion"}:
            ranks = {request.id: place for place, request in enumerate(instance.requests)}
            assert program.conforms(instance, runs, ranks, free=True) == "invalid"
            found += 1
