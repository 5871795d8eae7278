"""Uniform instances, and the state of each round to which the proofs of T16 and Theorem C refer.

A uniform instance has equal prompts, one interval [ℓ, u], all requests in round 0 and blocks of one
token. What a proof looks at in a round is derived from Amin's decisions and the specification, by
token. The states are derived from Amin's decisions and the specification, by
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

from amin_ref import Amin, ByPosition, Instance, RequestId, Schedule
from amin_ref.small.setting import Setting
from tests.models.observation import Observed, ranks_of, record, round_states

Key = tuple[int, float]
"""κ = (ℓ̃, rank)."""


@dataclass(frozen=True)
class Moment:
    """A round, from step 2 to its end.

    Attributes:
        now: the round t.
        before: the requests that run before step 3, by descending key.
        evicted: E_t.
        admitted: the requests that are admitted in step 4.
        running: R_t, those that run in step 5, by descending key.
        waiting: those that wait after step 4.
        key: κ_t of every unfinished request.
        generated: tokens that each request of ``before`` or ``running`` has generated at the start
            of the round.
        completed: those that complete at time t + 1.
    """

    now: int
    before: tuple[RequestId, ...]
    evicted: frozenset[RequestId]
    admitted: frozenset[RequestId]
    running: tuple[RequestId, ...]
    waiting: frozenset[RequestId]
    key: Mapping[RequestId, Key]
    generated: Mapping[RequestId, int]
    completed: frozenset[RequestId]

    def bound(self, request: RequestId) -> int:
        """ℓ̃ after step 2."""
        return self.key[request][0]


def watched(instance: Instance) -> tuple[Schedule, list[Moment]]:
    """Amin's schedule, ties broken by position, and every round of it."""
    schedule, observed = record(instance, Amin())
    ranks = ranks_of(instance, ByPosition())
    return schedule, list(_moments(instance, observed, ranks))


def _moments(
    instance: Instance, observed: Sequence[Observed], ranks: Mapping[RequestId, float]
) -> Iterator[Moment]:
    for state in round_states(observed):
        key = {
            request: (state.refined[request], ranks[request])
            for request in (*state.running, *state.waiting)
        }
        descending = sorted(key, key=key.__getitem__, reverse=True)
        evicted, admitted = frozenset(state.decision.evict), frozenset(state.decision.admit)
        running = tuple(
            request
            for request in descending
            if request in admitted or (request in state.running and request not in evicted)
        )
        generated = {**state.running, **dict.fromkeys(admitted, 0)}
        yield Moment(
            now=state.now,
            before=tuple(request for request in descending if request in state.running),
            evicted=evicted,
            admitted=admitted,
            running=running,
            waiting=(state.waiting | evicted) - admitted,
            key=key,
            generated=generated,
            completed=frozenset(
                request
                for request in running
                if generated[request] + 1 == instance.by_id[request].output_len
            ),
        )


@st.composite
def uniform(
    draw: st.DrawFn,
    *,
    longest_prompt: int = 12,
    most_requests: int = 60,
    most_at_once: int = 30,
) -> tuple[Setting, tuple[int, ...]]:
    """A setting, in some examples with s > u, and output lengths in the order of rank.

    The lengths are of six kinds: uniform; either bound; long ones first; mixed ones first; uniform
    on a logarithmic scale; in cycles. The cache holds from one to ``most_at_once`` of the
    longest requests, and some tokens more.
    """
    prompt_len = draw(st.integers(1, draw(st.sampled_from((3, longest_prompt)))))
    lower = draw(st.integers(1, draw(st.sampled_from((2, 8)))))
    upper = lower + draw(st.integers(0, draw(st.sampled_from((6, 30)))))
    largest = prompt_len + upper
    capacity = largest * draw(
        st.integers(1, draw(st.sampled_from((3, most_at_once // 3, most_at_once))))
    )
    capacity += draw(st.integers(0, largest - 1))
    count = draw(st.integers(1, most_requests))
    kind = draw(st.integers(0, 5))
    cut = draw(st.integers(0, count))
    random = Random(draw(st.integers(0, 10**6)))
    outputs = tuple(
        _output(kind, lower, upper, position < cut, position, random) for position in range(count)
    )
    return Setting(prompt_len, lower, upper, capacity), outputs


def _output(kind: int, lower: int, upper: int, early: bool, position: int, random: Random) -> int:
    if kind == 0 or (kind == 3 and early):
        return random.randint(lower, upper)
    if kind == 1:
        return random.choice((lower, upper))
    if kind == 2:
        return upper if early else lower
    if kind == 4:
        return min(upper, int(lower * math.exp(random.random() * math.log((upper + 1) / lower))))
    if kind == 5:
        return lower + position % (upper - lower + 1)
    return lower
