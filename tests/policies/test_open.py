"""Policies driven round by round by an adversary that fixes an output length only when it must.

With output lengths chosen in advance, few instances reach the states in which a policy fails. Here
the search decides after every round which requests arrive, for how long none completes, and which
complete then. A request's output length is fixed only when it completes: it may complete from its
ℓ-th token on, and must when its next token would exceed its u or the empty cache. A naive model
decides every round, too. At the end the simulator must make the same runs of the resulting
instance.
"""

from __future__ import annotations

from abc import abstractmethod

import pytest
from hypothesis import event, note
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from amin_ref import (
    Amax,
    Amin,
    ByPosition,
    FirstComeFirstServed,
    Instance,
    Policy,
    Ranking,
    Request,
    RequestId,
    Run,
    Shuffled,
    TieBreak,
    VisibleRequest,
    check,
    simulate,
)
from tests.models.naive import (
    NaiveAmax,
    NaiveAmin,
    NaiveFirstCome,
    NaiveScheduler,
    held,
    longest_output,
)
from tests.support.profiles import times

MOST_REQUESTS = 10
MOST_ROUNDS = 3000
"""Far more than any of the machine's instances takes: 10 requests of at most 23 tokens."""

tie_breaks = st.one_of(
    st.just(ByPosition()),
    st.permutations(range(MOST_REQUESTS)).map(lambda order: Ranking(tuple(order))),
    st.integers(0, 2**32 - 1).map(Shuffled),
)


class OpenMachine(RuleBasedStateMachine):
    """A policy and its naive model under an adversary. Requests are named by their position."""

    @abstractmethod
    def schedulers(
        self, capacity: int, block_size: int, ties: TieBreak
    ) -> tuple[Policy, NaiveScheduler]:
        """The policy under test, and its model."""

    @initialize(
        block_size=st.sampled_from((1, 1, 2, 4, 16)),
        blocks=st.integers(2, 12),
        rest=st.integers(0, 15),
        ties=tie_breaks,
    )
    def start(self, block_size: int, blocks: int, rest: int, ties: TieBreak) -> None:
        # Caches above 24 tokens, or two blocks, reach no new states and take longer.
        blocks = min(blocks, max(2, 24 // block_size))
        self.block_size = block_size
        self.capacity = blocks * block_size + rest % block_size
        self.ties = ties
        self.policy, self.naive = self.schedulers(self.capacity, block_size, ties)
        self.policy.begin(self.capacity, block_size)
        self.now = 0
        self.requests: list[Request] = []
        self.arriving: list[Request] = []
        self.generated: dict[RequestId, int] = {}
        self.waiting: set[RequestId] = set()
        self.completing: list[RequestId] = []
        self.lost: dict[RequestId, int] = {}
        self.outputs: dict[RequestId, int] = {}
        self.runs: list[Run] = []
        self.is_broken = False

    # What the adversary may do between two rounds.

    @precondition(lambda self: len(self.requests) < MOST_REQUESTS)
    @rule(data=st.data())
    def arrive(self, data: st.DataObject) -> None:
        """A request arrives. It runs for as long as possible, unless ``complete`` ends it."""
        most_tokens = longest_output(0, self.capacity, self.block_size)
        prompt_len = data.draw(st.integers(1, min(6, most_tokens - 1)), label="prompt_len")
        longest = most_tokens - prompt_len
        lower = data.draw(st.integers(1, min(8, longest)), label="lower")
        upper = data.draw(st.none() | st.integers(lower, longest + 3), label="upper")
        output_len = longest if upper is None else min(upper, longest)
        request = Request(len(self.requests), prompt_len, output_len, lower, upper, self.now)
        self.requests.append(request)
        self.arriving.append(request)

    @precondition(lambda self: self.may_complete())
    @rule(data=st.data())
    def complete(self, data: st.DataObject) -> None:
        """The adversary decides that a running request has generated its whole output."""
        request = data.draw(st.sampled_from(self.may_complete()), label="completes")
        self.completing.append(request)

    @rule()
    def next_round(self) -> None:
        self.play()

    @precondition(lambda self: self.generated)
    @rule(rounds=st.integers(2, 12))
    def let_it_run(self, rounds: int) -> None:
        """No request completes unless it must: bounds are outlived, and the cache overflows."""
        for _ in range(rounds):
            self.play()

    @precondition(lambda self: self.is_idle())
    @rule(rounds=st.integers(1, 200))
    def no_arrivals(self, rounds: int) -> None:
        self.now += rounds

    # The rounds that follow from it.

    def may_complete(self) -> list[RequestId]:
        """Requests with at least ℓ tokens, and with more than they had at any eviction."""
        return [
            request
            for request, tokens in self.generated.items()
            if tokens >= self.requests[int(request)].lower
            and tokens > self.lost.get(request, 0)
            and request not in self.completing
        ]

    def is_idle(self) -> bool:
        return not (self.generated or self.waiting or self.arriving)

    def play(self) -> None:
        """One round of the policy, of the model, and of the cache."""
        self.is_broken = True
        completed = self.completions()
        arrived = [self.visible(request) for request in self.arriving]
        decision = self.policy.decide(self.now, arrived, completed)
        note(f"round {self.now}: {decision}")
        for request in self.arriving:
            self.naive.arrive(request, self.rank(request))
            self.waiting.add(request.id)
        self.arriving = []
        evicted, admitted = self.naive.decide()
        assert (decision.evict, decision.admit) == (tuple(evicted), tuple(admitted))  # T6, T7
        for evictee in evicted:
            tokens = self.generated.pop(evictee)
            self.lost[evictee] = max(tokens, self.lost.get(evictee, 0))
            self.runs.append(Run(evictee, self.now - tokens, self.now, "evicted"))
            self.waiting.add(evictee)
        for admittee in admitted:
            self.waiting.remove(admittee)
            self.generated[admittee] = 0
        for request_id in self.generated:
            self.generated[request_id] += 1
        self.naive.generate()
        self.now += 1
        self.is_broken = False

    def completions(self) -> tuple[RequestId, ...]:
        """The requests that the adversary has chosen, and those that have their longest output."""
        completed = tuple(
            request
            for request, tokens in self.generated.items()
            if request in self.completing or tokens == self.requests[int(request)].output_len
        )
        for request in completed:
            self.outputs[request] = self.generated.pop(request)
            self.naive.complete(request)
            started = self.now - self.outputs[request]
            self.runs.append(Run(request, started, self.now, "completed"))
        self.completing = []
        return completed

    def visible(self, request: Request) -> VisibleRequest:
        return VisibleRequest(
            request.id,
            request.prompt_len,
            request.lower,
            request.upper,
            request.arrival,
            int(request.id),
        )

    def rank(self, request: Request) -> float:
        if isinstance(self.ties, Ranking):
            return self.ties.ids.index(request.id)
        return self.ties.rank(self.visible(request))

    # Properties after every step of the adversary.

    @invariant()
    def memory_is_safe(self) -> None:
        """T1."""
        total = sum(
            held(self.requests[int(request)].prompt_len, tokens, self.block_size)
            for request, tokens in self.generated.items()
        )
        assert total <= self.capacity

    @invariant()
    def the_model_agrees(self) -> None:
        """T6, T7."""
        assert self.naive.generated == self.generated
        assert self.naive.waiting == self.waiting

    @invariant()
    def the_cache_is_not_idle(self) -> None:
        """T8."""
        assert self.generated or not self.waiting

    def teardown(self) -> None:
        """T2, T5: every request completes, and the simulator makes the same runs."""
        if self.is_broken:
            return
        while not self.is_idle():
            assert self.now < MOST_ROUNDS
            self.play()
        event("evictions: " + ("some" if len(self.runs) > len(self.requests) else "none"))
        written = Instance(
            self.capacity,
            tuple(
                Request(
                    request.id,
                    request.prompt_len,
                    self.outputs[request.id],
                    request.lower,
                    request.upper,
                    request.arrival,
                )
                for request in self.requests
            ),
            self.block_size,
        )
        schedule = simulate(written, self.policy)
        assert set(schedule.runs) == set(self.runs)
        assert check(schedule) == ()


class OpenAmin(OpenMachine):
    def schedulers(
        self, capacity: int, block_size: int, ties: TieBreak
    ) -> tuple[Policy, NaiveScheduler]:
        self.amin = Amin(ties)
        self.last_bounds: dict[RequestId, int] = {}
        return self.amin, NaiveAmin(capacity, block_size)

    @invariant()
    def bounds_are_true_and_never_fall(self) -> None:
        """T3."""
        bounds = self.amin.lower_bounds
        for request, bound in bounds.items():
            still_possible = self.requests[int(request)].output_len
            least = self.last_bounds.get(request, self.requests[int(request)].lower)
            assert least <= bound <= still_possible
        self.last_bounds |= bounds


class OpenFirstCome(OpenMachine):
    def schedulers(
        self, capacity: int, block_size: int, ties: TieBreak
    ) -> tuple[Policy, NaiveScheduler]:
        return FirstComeFirstServed(ties), NaiveFirstCome(capacity, block_size)


class OpenAmax(OpenMachine):
    def schedulers(
        self, capacity: int, block_size: int, ties: TieBreak
    ) -> tuple[Policy, NaiveScheduler]:
        return Amax(ties), NaiveAmax(capacity, block_size)


@pytest.mark.theorem("T1")
@pytest.mark.theorem("T2")
@pytest.mark.theorem("T3")
@pytest.mark.theorem("T5")
@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@pytest.mark.theorem("T8")
def test_amin_satisfies_its_theorems_under_an_adversary() -> None:
    """T1 to T3 and T5 to T8 in every round that an adversary leads Amin to."""
    run_state_machine_as_test(OpenAmin, settings=times(1))


@pytest.mark.theorem("T1")
@pytest.mark.theorem("T2")
@pytest.mark.theorem("T5")
@pytest.mark.theorem("T6")
@pytest.mark.theorem("T7")
@pytest.mark.theorem("T8")
def test_fcfs_satisfies_its_theorems_under_an_adversary() -> None:
    """T1, T2 and T5 to T8 in every round that an adversary leads FCFS to."""
    run_state_machine_as_test(OpenFirstCome, settings=times(0.4))


@pytest.mark.theorem("T1")
@pytest.mark.theorem("T2")
@pytest.mark.theorem("T5")
@pytest.mark.theorem("T7")
@pytest.mark.theorem("T8")
@pytest.mark.theorem("T9")
def test_amax_satisfies_its_theorems_under_an_adversary() -> None:
    """T1, T2, T5 and T7 to T9 in every round that an adversary leads Amax to."""
    run_state_machine_as_test(OpenAmax, settings=times(0.4))
