"""The simulator refuses impossible decisions, naming the rule; policies get the right input."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from amin_ref import (
    Amax,
    Amin,
    ClairvoyantPolicy,
    Decision,
    FirstComeFirstServed,
    IllegalDecision,
    Instance,
    InvalidValue,
    NoProgress,
    Policy,
    Request,
    RequestId,
    RevealedRequest,
    Run,
    Schedule,
    VisibleRequest,
    check,
    simulate,
)
from amin_ref.model.errors import MOST_NAMED
from amin_ref.model.schedule import LONGEST_TIMELINE
from amin_ref.policies.lookahead import LONGEST_LOOK_AHEAD
from amin_ref.simulator.simulation import (
    IDLE_ROUNDS,
    LONGEST_CYCLE,
    _cycle,
    _cycle_in_words,
)
from amin_ref.strategies import instances, policies
from tests.models.naive import held, naive_occupancy
from tests.models.observation import Recorder, record, round_states
from tests.support.profiles import times

TWO = Instance(6, (Request("a", 1, 3), Request("b", 1, 2)))
"""Each request fits alone; both together fit for two rounds."""


class Scripted(Policy):
    """Returns the given decisions, one in each round, and empty decisions afterwards."""

    def __init__(self, *script: object) -> None:
        self.script: tuple[Decision, ...] = script  # type: ignore[assignment]  # wrong on purpose

    def begin(self, capacity: int, block_size: int) -> None:
        self.remaining = list(self.script)

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        return self.remaining.pop(0) if self.remaining else NOTHING


NOTHING = Decision()


def decision(evict: object = (), admit: object = ()) -> Decision:
    """A decision whose parts may have any type."""
    return Decision(evict, admit)  # type: ignore[arg-type]  # wrong types are what is tested


RULE_NAMES = {
    "not waiting": "admitted-what-does-not-wait",
    "not running": "evicted-what-does-not-run",
}
"""The name of a broken rule, by the last words of the sentence that describes the rule."""


@pytest.mark.parametrize(
    ("script", "now", "requests", "rule"),
    [
        ((None,), 0, (), "None, which is no Decision"),
        ((("a",),), 0, (), "('a',), which is no Decision"),
        ((decision(admit="a"),), 0, (), "admit is 'a', which is no tuple"),
        ((decision(admit=["a"]),), 0, (), "admit is ['a'], which is no tuple"),
        ((decision(evict=None),), 0, (), "evict is None, which is no tuple"),
        ((decision(admit=(["a"],)),), 0, (["a"],), "no request's id"),
        ((decision(admit=(True,)),), 0, (True,), "no request's id"),
        ((decision(admit=("a", None)),), 0, (None,), "no request's id"),
        ((decision(evict=(1.0,)),), 0, (1.0,), "no request's id"),
        ((decision(admit=("c",)),), 0, ("c",), "admitted, but it is not waiting"),
        ((decision(admit=("a", "a")),), 0, ("a",), "admitted, but it is not waiting"),
        ((decision(admit=("a",)), decision(admit=("a",))), 1, ("a",), "not waiting"),
        ((NOTHING, decision(evict=("a",))), 1, ("a",), "evicted, but it is not running"),
        ((decision(evict=("zz",)),), 0, ("zz",), "evicted, but it is not running"),
        ((decision(admit=("a",)), decision(evict=("a", "a"))), 1, ("a",), "not running"),
        ((decision(evict=("a",), admit=("a",)),), 0, ("a",), "not running"),
        (
            (decision(admit=("a",)), NOTHING, NOTHING, decision(evict=("a",))),
            3,
            ("a",),
            "not running",
        ),
        (
            (decision(admit=("a",)), NOTHING, NOTHING, decision(admit=("a",))),
            3,
            ("a",),
            "not waiting",
        ),
    ],
)
def test_illegal_decisions_are_refused(
    script: tuple[object, ...], now: int, requests: tuple[object, ...], rule: str
) -> None:
    with pytest.raises(IllegalDecision) as caught:
        simulate(TWO, Scripted(*script))
    assert caught.value.round == now
    assert caught.value.requests == requests
    assert f" {rule}" in f" {caught.value.rule}"  # from the beginning of a word on
    named = [name for ending, name in RULE_NAMES.items() if rule.endswith(ending)]
    assert caught.value.name == (named[0] if named else "not-a-decision")
    assert str(caught.value).startswith(f"round {now}, requests ")
    assert str(caught.value).endswith(".")


@pytest.mark.theorem("T1")
@pytest.mark.parametrize("spare", [0, 1])
def test_overflow_is_refused_in_its_first_round(spare: int) -> None:
    """T1: both hold 1 + t tokens after t rounds; M tokens are allowed, M + 1 are not."""
    instance = Instance(7 + spare, (Request("a", 1, 3), Request("b", 1, 3)))
    both = Scripted(Decision(admit=("a", "b")))
    if spare:
        assert check(simulate(instance, both)) == ()
        return
    with pytest.raises(IllegalDecision) as caught:
        simulate(instance, both)
    assert caught.value.round == 2
    assert set(caught.value.requests) == {"a", "b"}
    assert "needs 8 tokens of cache and it has 7 (T1)" in caught.value.rule
    assert caught.value.name == "overflow"


class Headlong(Policy):
    """Admits every request on arrival, whether it fits or not.

    Evicts each request once, after ``patience`` rounds, and readmits it in the same round.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def begin(self, capacity: int, block_size: int) -> None:
        self.due: dict[int, list[RequestId]] = {}
        self.completed: set[RequestId] = set()

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        self.completed |= set(completed)
        new = [request.id for request in arrived]
        self.due[now + self.patience] = new
        evict = tuple(i for i in self.due.get(now, ()) if i not in self.completed)
        return Decision(evict, (*evict, *new))


@pytest.mark.theorem("T1")
@times(2)
@given(instances(), st.integers(1, 12))
def test_the_first_round_that_holds_too_much_is_refused(instance: Instance, patience: int) -> None:
    """T1: after completions and evictions, the first round with more than M tokens is refused."""
    runs = [
        run
        for request in instance.requests
        for run in headlong_runs(request, request.output_len > patience, patience)
    ]
    totals = naive_occupancy(Schedule(instance, tuple(runs)))
    too_full = [now for now, total in enumerate(totals) if total > instance.capacity]
    event("too full: " + ("in some round" if too_full else "never"))
    if not too_full:
        assert simulate(instance, Headlong(patience)).runs == Schedule(instance, tuple(runs)).runs
        return
    with pytest.raises(IllegalDecision, match="next token needs") as caught:
        simulate(instance, Headlong(patience))
    assert caught.value.round == too_full[0]
    assert f"needs {totals[too_full[0]]} tokens" in caught.value.rule


def headlong_runs(request: Request, evicted: bool, patience: int) -> list[Run]:
    """The runs of a request under Headlong: one of ``patience`` tokens if evicted; the last run."""
    again = request.arrival + patience if evicted else request.arrival
    last = Run(request.id, again, again + request.output_len, "completed")
    return [Run(request.id, request.arrival, again, "evicted"), last] if evicted else [last]


def test_the_message_of_an_overflow_names_a_few_of_many_requests() -> None:
    """The error's attribute holds all of them."""
    requests = tuple(Request(i, 1, 1) for i in range(200))
    with pytest.raises(IllegalDecision) as caught:
        simulate(Instance(399, requests), Scripted(Decision(admit=tuple(range(200)))))
    assert caught.value.requests == tuple(range(200))
    assert str(caught.value).startswith("round 0, requests 0, 1, 2, 3, 4 and 195 more: the running")


def test_overflow_is_counted_in_whole_blocks() -> None:
    instance = Instance(11, (Request("a", 3, 2), Request("b", 3, 2)), 4)
    with pytest.raises(IllegalDecision, match="needs 16 tokens of cache and it has 11"):
        simulate(instance, Scripted(Decision(admit=("a", "b"))))


class Reckless(Policy):
    """Evicts and admits at random, without regard to the capacity."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def begin(self, capacity: int, block_size: int) -> None:
        self.random = random.Random(self.seed)
        self.waiting: list[RequestId] = []
        self.running: list[RequestId] = []

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        self.waiting += [request.id for request in arrived]
        self.running = [request for request in self.running if request not in completed]
        evict = [request for request in self.running if self.random.random() < 0.1]
        self.waiting += evict
        admit = [request for request in self.waiting if self.random.random() < 0.3]
        self.waiting = [request for request in self.waiting if request not in admit]
        self.running = [request for request in self.running if request not in evict] + admit
        return Decision(tuple(evict), tuple(admit))


@pytest.mark.theorem("T1")
@times(2)
@given(instances(), st.integers(0, 2**32 - 1))
def test_reckless_policies_are_refused_when_they_overflow_and_not_before(
    instance: Instance, seed: int
) -> None:
    """T1: for any decisions of the policy, a schedule that the simulator returns is valid."""
    reckless = Recorder(Reckless(seed))
    overflowed: IllegalDecision | None = None
    try:
        schedule = simulate(instance, reckless)
    except IllegalDecision as refused:
        overflowed = refused
    else:
        assert check(schedule) == ()
    event("overflow" if overflowed else "no overflow")
    totals = {}
    for state in round_states(reckless.rounds):
        decision = state.decision
        tokens = {i: a for i, a in state.running.items() if i not in decision.evict}
        tokens |= dict.fromkeys(decision.admit, 0)
        totals[state.now] = sum(
            held(instance.by_id[i].prompt_len, a + 1, instance.block_size)
            for i, a in tokens.items()
        )
    too_full = [now for now, total in totals.items() if total > instance.capacity]
    assert too_full == ([overflowed.round] if overflowed else [])
    assert overflowed is None or f"needs {totals[overflowed.round]} tokens" in overflowed.rule


def test_a_request_that_has_not_arrived_cannot_be_admitted() -> None:
    instance = Instance(9, (Request("a", 1, 3), Request("b", 1, 3, arrival=2)))
    with pytest.raises(IllegalDecision, match="round 0, requests 'b': admitted, but it is not"):
        simulate(instance, Scripted(Decision(admit=("a", "b"))))


def test_policies_other_than_amin_may_readmit_in_the_round_of_an_eviction() -> None:
    """Amin waits for the next round; section 2 of the specification does not require that."""
    script = Scripted(
        Decision(admit=("a",)),
        Decision(evict=("a",), admit=("a", "b")),
    )
    schedule = simulate(TWO, script)
    assert schedule.runs == (
        Run("a", 0, 1, "evicted"),
        Run("a", 1, 4, "completed"),
        Run("b", 1, 3, "completed"),
    )
    assert check(schedule) == ()


def test_a_policy_that_admits_nothing_ends_in_an_error() -> None:
    with pytest.raises(NoProgress, match="requests wait, 'a' among them"):
        simulate(TWO, Scripted())
    last = Run("b", IDLE_ROUNDS + 3, IDLE_ROUNDS + 5, "completed")
    patient = Scripted(
        Decision(admit=("a",)), *[NOTHING] * (IDLE_ROUNDS + 2), Decision(admit=("b",))
    )
    assert simulate(TWO, patient).runs[-1] == last


@pytest.mark.theorem("T8")
def test_idle_rounds_count_from_the_first_one() -> None:
    one = Instance(9, (Request("a", 1, 1),))
    idle = [NOTHING] * IDLE_ROUNDS
    admit = Decision(admit=("a",))
    assert simulate(one, Scripted(*idle, admit)).makespan == IDLE_ROUNDS + 1
    with pytest.raises(NoProgress, match=f"round {IDLE_ROUNDS}: .* 1 requests wait, 'a' among"):
        simulate(one, Scripted(*idle, NOTHING, admit))
    after = [Decision(admit=("a",)), NOTHING, NOTHING, *idle, NOTHING]
    with pytest.raises(NoProgress, match=f"round {3 + IDLE_ROUNDS}: .* 'b' among"):
        simulate(TWO, Scripted(*after, Decision(admit=("b",))))


@pytest.mark.theorem("T2")
def test_the_message_of_no_progress_counts_only_unfinished_requests() -> None:
    three = Instance(9, (Request("a", 1, 1), Request("b", 1, 4), Request("c", 1, 4)))
    said = r"^round 3: 2 requests are not completed yet, but the limit is 2 rounds"
    with pytest.raises(NoProgress, match=said):
        simulate(three, Amin(), max_rounds=2)


def test_rounds_before_the_last_arrival_do_not_count_as_idle() -> None:
    """While arrivals remain, a policy may keep the cache empty for any number of rounds."""
    instance = Instance(9, (Request("a", 1, 1), Request("b", 1, 1, arrival=3 * IDLE_ROUNDS)))

    class Together(Scripted):
        def decide(
            self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
        ) -> Decision:
            return Decision(admit=("a", "b")) if now == 3 * IDLE_ROUNDS else NOTHING

    assert simulate(instance, Together()).makespan == 3 * IDLE_ROUNDS + 1


class Thrashing(Policy):
    """Evicts the running request in every round, and admits it again."""

    def begin(self, capacity: int, block_size: int) -> None:
        self.running: tuple[RequestId, ...] = ()

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        evicted, self.running = self.running, self.running or (arrived[0].id,)
        return Decision(evict=evicted, admit=self.running)


@pytest.mark.theorem("T2")
@pytest.mark.parametrize("max_rounds", [None, 0, 7])
def test_a_policy_that_thrashes_for_ever_ends_in_an_error(max_rounds: int | None) -> None:
    """T2 does not hold for this policy."""
    with pytest.raises(NoProgress, match=r"2 requests are not completed yet, but the limit is \d+"):
        simulate(TWO, Thrashing(), max_rounds=max_rounds)


@pytest.mark.theorem("T2")
def test_requests_that_evict_each_other_are_named_with_their_cycle() -> None:
    """Every three rounds one of the two is evicted for the other."""

    class Seesaw(Policy):
        def begin(self, capacity: int, block_size: int) -> None:
            pass

        def decide(
            self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
        ) -> Decision:
            if now % 3:
                return Decision()
            before, after = ("a", "b") if now % 6 else ("b", "a")
            return Decision(evict=(before,) if now else (), admit=(after,))

    instance = Instance(9, (Request("a", 3, 5), Request("b", 3, 5)))
    with pytest.raises(NoProgress) as caught:
        simulate(instance, Seesaw(), max_rounds=24)
    assert str(caught.value) == (
        "round 25: 2 requests are not completed yet, but the limit is 24 rounds (T2): 'a', 'b' "
        "evict each other again and again, in a cycle of 6 rounds (the last: 'a' from round 18 to "
        "its eviction in round 21, 'b' from round 21 to its eviction in round 24); mend the policy "
        "or raise max_rounds."
    )
    with pytest.raises(NoProgress, match=r"the limit is 9 rounds \(T2\); mend"):
        # Evictions in rounds 3, 6 and 9 are one cycle and a half: nothing has repeated yet.
        simulate(instance, Seesaw(), max_rounds=9)


@pytest.mark.theorem("T2")
def test_a_cycle_of_many_requests_is_cut_short_in_its_message() -> None:
    class Carousel(Policy):
        def begin(self, capacity: int, block_size: int) -> None:
            pass

        def decide(
            self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
        ) -> Decision:
            return Decision(evict=((now - 1) % 7,) if now else (), admit=(now % 7,))

    instance = Instance.from_lengths([(3, 5)] * 7, capacity=9)
    said = r": .* and 2 more evict each other .* cycle of 7 rounds \(.* and 2 runs more\); mend"
    with pytest.raises(NoProgress, match=said):
        simulate(instance, Carousel(), max_rounds=50)


def evictions(*runs: tuple[str, int, int]) -> list[Run]:
    return [Run(name, start, stop, "evicted") for name, start, stop in runs]


ONCE = evictions(("a", 0, 2), ("b", 1, 4), ("c", 4, 5))
AGAIN = evictions(("a", 5, 7), ("b", 6, 9), ("c", 9, 10))


@pytest.mark.theorem("T2")
@pytest.mark.parametrize(("runs", "length"), [
    ([*ONCE, *AGAIN], 3),
    ([*evictions(("x", 0, 9), ("c", 1, 2)), *ONCE, *AGAIN], 3),
    (evictions(("a", 0, 2), ("a", 2, 4)), 1),
    (evictions(("a", 0, 2), ("a", 2, 4), ("a", 4, 6)), 1),
    (ONCE, 0),
    ([], 0),
    (evictions(("a", 0, 2)), 0),
    ([*ONCE[:-1], Run("c", 4, 5, "completed"), *AGAIN], 0),
    ([*ONCE, *AGAIN[:-1], Run("c", 9, 10, "completed")], 0),
    ([*ONCE, *evictions(("a", 5, 7), ("b", 6, 9), ("d", 9, 10))], 0),
    ([*ONCE, *evictions(("a", 5, 8), ("b", 6, 9), ("c", 9, 10))], 0),
    ([*ONCE, *evictions(("a", 6, 8), ("b", 6, 9), ("c", 9, 10))], 0),
    (evictions(("a", 3, 5), ("a", 3, 5)), 0),
])  # fmt: skip
def test_a_cycle_is_a_sequence_of_evictions_that_ends_the_runs_twice(
    runs: list[Run], length: int
) -> None:
    """The second time, the same requests run for as many rounds, all later by the same number."""
    assert list(_cycle(runs)) == runs[len(runs) - length :]
    assert (_cycle_in_words(runs) == "") == (length == 0)


@pytest.mark.theorem("T2")
@pytest.mark.parametrize("size", [1, 2, MOST_NAMED, MOST_NAMED + 1, LONGEST_CYCLE])
def test_the_message_of_a_cycle_names_at_most_a_few_requests(size: int) -> None:
    runs = evictions(*((f"r{place % size}", place, place + 1) for place in range(2 * size)))
    said = _cycle_in_words(runs)
    assert f"in a cycle of {size} rounds (the last: 'r0' from round {size} to its" in said
    assert ("is evicted again and again" in said) == (size == 1)
    assert ("evict each other again and again" in said) == (size > 1)
    assert (f" and {size - MOST_NAMED} more evict" in said) == (size > MOST_NAMED)
    assert (f" and {size - MOST_NAMED} runs more)" in said) == (size > MOST_NAMED)
    assert said.count("'r0'") == 2


@pytest.mark.theorem("T2")
@pytest.mark.parametrize(("count", "last_arrival"), [(2, 0), (2, 7), (99, 0), (101, 3)])
def test_the_default_of_max_rounds_is_a_hundred_times_serial_running(
    count: int, last_arrival: int
) -> None:
    """max_rounds = last arrival + max(100, n)·Σo + the idle rounds allowed."""
    others = tuple(Request(i, 1, 1, arrival=last_arrival) for i in range(1, count))
    instance = Instance(9, (Request(0, 1, 2), *others))
    most = last_arrival + max(100, count) * (2 + len(others)) + IDLE_ROUNDS
    said = f"round {most + 1}: {count} requests are not completed yet, but the limit is {most} "
    with pytest.raises(NoProgress, match=said):
        simulate(instance, Thrashing())


@given(st.data(), instances())
def test_max_rounds_is_the_round_by_which_all_requests_must_complete(
    data: st.DataObject, instance: Instance
) -> None:
    policy = data.draw(policies(instance))
    schedule = simulate(instance, policy)
    assert simulate(instance, policy, max_rounds=schedule.makespan) == schedule
    with pytest.raises(NoProgress):
        simulate(instance, policy, max_rounds=schedule.makespan - 1)


@given(st.data(), instances())
def test_a_policy_decides_in_each_round_in_which_a_request_runs_or_waits(
    data: st.DataObject, instance: Instance
) -> None:
    """Each such round has one call; each arrival and completion is passed once, in its round."""
    schedule, rounds = record(instance, data.draw(policies(instance)))
    asked = [observed.now for observed in rounds]
    assert asked == sorted(set(asked))
    alive = {
        now
        for request in instance.requests
        for now in range(request.arrival, schedule.completions[request.id])
    }
    # When all present requests have completed, there is one more call if arrivals remain.
    with_completions = {stop for stop in schedule.completions.values() if stop < schedule.makespan}
    assert set(asked) == alive | with_completions
    for observed in rounds:
        assert {request.id for request in observed.arrived} == {
            request.id for request in instance.requests if request.arrival == observed.now
        }
        assert set(observed.completed) == {
            i for i, stop in schedule.completions.items() if stop == observed.now
        }


def test_completions_are_counted_as_they_happen() -> None:
    counts: list[int] = []
    instance = Instance(40, tuple(Request(i, 1, 1 + i // 2) for i in range(5)))
    simulate(instance, Amin(), on_completion=counts.append)
    assert counts == [2, 4, 5]


def test_a_single_first_completion_is_counted() -> None:
    counts: list[int] = []
    instance = Instance(40, (Request("a", 1, 1), Request("b", 1, 2)))
    simulate(instance, Amin(), on_completion=counts.append)
    assert counts == [1, 2]


def test_an_instance_without_requests_has_an_empty_schedule() -> None:
    assert simulate(Instance(9, ()), Amin()).runs == ()


class Curious(Policy):
    """Records the requests that it receives, and admits each on arrival."""

    shown: list[VisibleRequest]

    def begin(self, capacity: int, block_size: int) -> None:
        self.shown = []
        self.size = (capacity, block_size)

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        self.shown += arrived
        return Decision(admit=tuple(request.id for request in arrived))


class CuriousClairvoyant(ClairvoyantPolicy):
    shown: list[RevealedRequest]

    def begin(self, capacity: int, block_size: int) -> None:
        self.shown = []

    def decide(
        self, now: int, arrived: Sequence[RevealedRequest], completed: Sequence[RequestId]
    ) -> Decision:
        self.shown += arrived
        return Decision(admit=tuple(request.id for request in arrived))


@pytest.mark.theorem("T5")
def test_only_clairvoyant_policies_receive_output_lengths() -> None:
    """T5: every policy receives all other fields of each request, and its position."""
    requests = (Request("a", 3, 5, 2, 9, 4), Request(7, 1, 6))
    instance = Instance(400, requests, 16)
    blind, clairvoyant = Curious(), CuriousClairvoyant()
    simulate(instance, blind)
    simulate(instance, clairvoyant)
    assert blind.size == (400, 16)
    assert blind.shown == [VisibleRequest(7, 1, 1, None, 0, 1), VisibleRequest("a", 3, 2, 9, 4, 0)]
    assert clairvoyant.shown == [
        RevealedRequest(7, 1, 1, None, 0, 1, 6),
        RevealedRequest("a", 3, 2, 9, 4, 0, 5),
    ]


def test_rounds_beyond_the_largest_number_are_refused() -> None:
    late = Instance(9, (Request("a", 1, 2, arrival=2**53 - 1),))
    with pytest.raises(InvalidValue, match="stop is 9007199254740993, but it must be at most"):
        simulate(late, Amin())
    in_time = Instance(9, (Request("a", 1, 2, arrival=2**53 - 3),))
    assert simulate(in_time, Amin()).makespan == 2**53 - 1


@pytest.mark.parametrize("kind", [Amin, FirstComeFirstServed])
def test_a_policy_can_be_used_again_after_an_interrupted_simulation(
    kind: type[Amin] | type[FirstComeFirstServed],
) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    policy = kind()
    with pytest.raises(KeyboardInterrupt):
        simulate(TWO, policy, on_completion=interrupt)
    assert simulate(TWO, policy) == simulate(TWO, kind())


def test_a_look_ahead_of_too_many_rounds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tried with a limit of 100 rounds: the actual limit would need half a GiB."""
    monkeypatch.setattr("amin_ref.policies.lookahead.LONGEST_LOOK_AHEAD", 100)

    def reserving(upper: int) -> Schedule:
        return simulate(Instance(1000, (Request("a", 1, 2, upper=upper),)), Amax())

    assert reserving(100).runs == (Run("a", 0, 2, "completed"),)
    with pytest.raises(InvalidValue, match="rounds is 101, but at most 100 rounds are planned"):
        reserving(101)


def test_limits_have_the_values_that_the_decisions_state() -> None:
    """The limits have the values that decisions D23 and D25 and their docstrings state."""
    assert IDLE_ROUNDS == 1000
    half_a_gib, gib = 2**29, 2**30
    assert half_a_gib == 8 * LONGEST_LOOK_AHEAD
    assert gib == 8 * LONGEST_TIMELINE
