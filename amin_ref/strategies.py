"""Hypothesis strategies: instances, machines, policies and schedules to test schedulers with.

They need Hypothesis, which amin-ref does not install: ``pip install 'amin-ref[strategies]'``. A
property test of a scheduler::

    from hypothesis import given
    from amin_ref import check, simulate
    from amin_ref.strategies import instances

    @given(instances())
    def test_my_scheduler(instance):
        assert check(simulate(instance, MyScheduler())) == ()

A scheduler that is made for serving engines is tested on their machines, with clients that go
away::

    from amin_ref.strategies import aborts, machines

    @given(st.data(), instances(machine=machines()))
    def test_my_scheduler_on_every_machine(data, instance):
        aborted = data.draw(aborts(instance))
        assert check(simulate(instance, MyScheduler(), aborted=aborted)) == ()

Instances are small and tight on purpose: few requests, a cache that barely holds the largest,
equal lengths and predictions far too low. On such instances the cache overflows, requests are
evicted, bounds are tied, and a failure can be followed by hand. Examples shrink towards fewer
requests, shorter lengths, a smaller cache, blocks of one token, arrival in round 0, ties broken by
position, and the paper's machine.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from functools import cache
from typing import Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from amin_ref.model.blocks import occupied
from amin_ref.model.errors import InvalidValue
from amin_ref.model.instance import Instance
from amin_ref.model.machine import PAPERS_MACHINE, AfterEviction, Machine
from amin_ref.model.request import Request
from amin_ref.model.schedule import Outcome, Run, Schedule
from amin_ref.model.validation import LARGEST, RequestId
from amin_ref.policies import (
    ByPosition,
    ClairvoyantPolicy,
    Policy,
    Ranking,
    Shuffled,
    TieBreak,
)
from amin_ref.policies.names import POLICIES, MakeWithTies, NamedPolicy
from amin_ref.simulator.simulation import simulate

Prediction = Literal["lowest", "interval", "exact", "wrong"]
"""``lowest``: ℓ = 1, u unknown. ``interval``: any ℓ ≤ o ≤ u, or u unknown. ``exact``: ℓ = o = u.
``wrong``: any ℓ ≤ u, or u unknown, whatever o is; for machines without sound predictions only."""

PREDICTIONS: tuple[Prediction, ...] = ("lowest", "interval", "lowest", "interval", "exact")
"""Kinds of sound prediction to choose from; most of them leave the output length uncertain."""

UNSOUND: tuple[Prediction, ...] = ("interval", "wrong", "wrong", "wrong")
"""Kinds to choose from where predictions may be wrong: three in four are, some of them to no
effect, as where u is unknown."""

LATEST_ABORT = 12
"""Rounds after its arrival in which the client of a request goes away at the latest: by then, some
requests of :func:`instances` run, some wait, and some have completed."""

BLOCK_SIZES = (1, 2, 4, 16)
"""Block sizes to choose from: the paper's 1, vLLM's 16, and two smaller than most lengths."""


def request_ids() -> SearchStrategy[RequestId]:
    """Any id that a request may have: non-empty strings, and integers of at most 53 bits."""
    return st.one_of(st.text(min_size=1, max_size=8), st.integers(-LARGEST, LARGEST))


def requests(
    ids: SearchStrategy[RequestId] | None = None,
    *,
    max_prompt_len: int = 4,
    max_output_len: int = 10,
    max_arrival: int = 0,
    prediction: Prediction = "interval",
) -> SearchStrategy[Request]:
    """A request.

    Args:
        ids: strategy for its id; :func:`request_ids` by default.
        max_prompt_len: longest prompt; tokens.
        max_output_len: longest output; tokens.
        max_arrival: latest arrival; rounds.
        prediction: kind of its prediction.
    """
    return st.builds(
        _request,
        request_ids() if ids is None else ids,
        st.integers(1, max_prompt_len),
        st.integers(0, max_arrival),
        _lengths(max_output_len, prediction),
    )


def _request(
    request_id: RequestId, prompt_len: int, arrival: int, lengths: tuple[int, int, int | None]
) -> Request:
    output_len, lower, upper = lengths
    return Request(request_id, prompt_len, output_len, lower, upper, arrival)


@cache
def _lengths(
    max_output_len: int, prediction: Prediction
) -> SearchStrategy[tuple[int, int, int | None]]:
    """An output length and its predicted interval, as (o, ℓ, u)."""
    length = st.integers(1, max_output_len)
    if prediction == "exact":
        return length.map(lambda output: (output, output, output))
    if prediction == "lowest":
        return length.map(lambda output: (output, 1, None))
    if prediction == "wrong":
        return st.tuples(length, length, st.integers(0, max_output_len)).map(_unrelated)
    return st.tuples(length, length, st.integers(0, max_output_len)).map(_interval)


def _interval(drawn: tuple[int, int, int]) -> tuple[int, int, int | None]:
    lower, output = sorted(drawn[:2])
    return output, lower, output + drawn[2] - 1 if drawn[2] else None


def _unrelated(drawn: tuple[int, int, int]) -> tuple[int, int, int | None]:
    output, bound, other = drawn
    return output, min(bound, other or bound), max(bound, other) if other else None


@st.composite
def instances(
    draw: st.DrawFn,
    *,
    min_requests: int = 1,
    max_requests: int = 8,
    max_prompt_len: int = 4,
    max_output_len: int = 10,
    max_arrival: int = 40,
    block_sizes: Sequence[int] = BLOCK_SIZES,
    predictions: Sequence[Prediction] | None = None,
    machine: SearchStrategy[Machine] | None = None,
) -> Instance:
    """An instance whose capacity is one to three times what its largest request needs.

    All prompts are equal in about half of the instances. The ids are "a", "b", "c", …

    Args:
        min_requests: fewest requests.
        max_requests: most requests; at most 26.
        max_prompt_len: longest prompt; tokens. With blocks of more than one token it is a block
            more, so that prompts end anywhere in a block.
        max_output_len: longest output; tokens.
        max_arrival: latest arrival; rounds. With 0, all requests arrive in round 0.
        block_sizes: B is one of these.
        predictions: the kind of all predictions of the instance is one of these. By default
            :data:`PREDICTIONS`, or :data:`UNSOUND` where the machine lets predictions be wrong.
        machine: strategy for the machine, such as :func:`machines`; the paper's by default.
    """
    drawn_machine = PAPERS_MACHINE if machine is None else draw(machine)
    if predictions is None:
        predictions = PREDICTIONS if drawn_machine.sound_predictions else UNSOUND
    block_size = draw(st.sampled_from(block_sizes))
    lengths = _lengths(max_output_len, draw(st.sampled_from(predictions)))
    prompt_lens = st.integers(1, max_prompt_len + (block_size if block_size > 1 else 0))
    equal_prompts = draw(st.none() | prompt_lens)
    # Requests that arrive a few rounds apart compete; far apart, the cache is empty in between.
    last = draw(st.sampled_from((0, max_arrival // 10, max_arrival // 3, max_arrival)))
    drawn: list[Request] = []
    for position in range(draw(st.integers(min_requests, max_requests))):
        output_len, lower, upper = draw(lengths)
        drawn.append(
            Request(
                id=string.ascii_lowercase[position],
                prompt_len=equal_prompts or draw(prompt_lens),
                output_len=output_len,
                lower=lower,
                upper=upper,
                arrival=draw(st.integers(0, last)) if last else 0,
            )
        )
    needs = (drawn_machine.held(request.prompt_len + request.output_len) for request in drawn)
    largest = max((occupied(tokens, block_size) for tokens in needs), default=block_size)
    return Instance(
        capacity=largest + draw(st.integers(0, 2 * largest)),
        block_size=block_size,
        requests=tuple(drawn),
        machine=drawn_machine,
    )


def machines() -> SearchStrategy[Machine]:
    """A machine: any eviction, storage and soundness, with and without tight limits.

    Each field shrinks towards that of the paper's machine.
    """
    after_eviction: tuple[AfterEviction, ...] = ("restart", "resume")
    return st.builds(
        Machine,
        after_eviction=st.sampled_from(after_eviction),
        last_token_stored=st.sampled_from((True, False)),
        tokens_per_round=st.none() | st.integers(1, 12),
        max_running=st.none() | st.integers(1, 4),
        watermark=st.integers(0, 2),
        sound_predictions=st.sampled_from((True, False)),
    )


def aborts(instance: Instance) -> SearchStrategy[dict[RequestId, int]]:
    """Up to two requests whose clients go away, each with the round; for :func:`simulate`.

    No client goes away before its request arrives, or later than :data:`LATEST_ABORT` rounds after.
    """
    if not instance.requests:
        return st.just({})
    waits = st.integers(0, LATEST_ABORT)
    drawn = st.dictionaries(st.sampled_from(instance.requests), waits, max_size=2)
    return drawn.map(
        lambda patience: {
            request.id: request.arrival + rounds for request, rounds in patience.items()
        }
    )


def rankings(instance: Instance) -> SearchStrategy[Ranking]:
    """An explicit order of the instance's requests, as a tie-break: any permutation."""
    ids = [request.id for request in instance.requests]
    return st.permutations(ids).map(lambda order: Ranking(tuple(order)))


def tie_breaks(instance: Instance) -> SearchStrategy[TieBreak]:
    """By position, a seeded shuffle, or an explicit order of the instance's requests."""
    return st.one_of(
        st.just(ByPosition()),
        rankings(instance),
        st.integers(0, 2**32 - 1).map(Shuffled),
    )


def policies(instance: Instance) -> SearchStrategy[Policy | ClairvoyantPolicy]:
    """One of :data:`amin_ref.policies.names.POLICIES` for its machine, with any tie-break."""
    machine = instance.machine
    makers = st.sampled_from([each.make for each in POLICIES.values() if _is_for(each, machine)])
    return st.builds(lambda make, ties: make(ties), makers, tie_breaks(instance))


def blind_policies(instance: Instance) -> SearchStrategy[Policy]:
    """One of these policies that does not see output lengths, with any tie-break."""
    machine = instance.machine
    makers = st.sampled_from(
        [each.make for each in POLICIES.values() if _is_blind(each) and _is_for(each, machine)]
    )
    return st.builds(_blind_policy, makers, tie_breaks(instance))


def _is_for(policy: NamedPolicy, machine: Machine) -> bool:
    try:
        policy.make(ByPosition()).use(machine)
    except InvalidValue:
        return False
    return True


def _is_blind(policy: NamedPolicy) -> bool:
    return isinstance(policy.make(ByPosition()), Policy)


def _blind_policy(make: MakeWithTies, ties: TieBreak) -> Policy:
    policy = make(ties)
    assert isinstance(policy, Policy)
    return policy


@st.composite
def schedules(draw: st.DrawFn, drawn_instances: SearchStrategy[Instance] | None = None) -> Schedule:
    """A valid schedule: that of one of :func:`policies` for an instance.

    Args:
        drawn_instances: strategy for the instance; :func:`instances` by default.
    """
    instance = draw(instances() if drawn_instances is None else drawn_instances)
    return simulate(instance, draw(policies(instance)))


@st.composite
def arbitrary_schedules(
    draw: st.DrawFn, drawn_instances: SearchStrategy[Instance] | None = None
) -> Schedule:
    """Any runs of an instance's requests: nearly always invalid, and by several rules at once.

    Args:
        drawn_instances: strategy for the instance; :func:`instances` by default.
    """
    instance = draw(instances() if drawn_instances is None else drawn_instances)
    runs = [
        draw(_runs(request))
        for request in instance.requests
        for _ in range(draw(st.integers(0, 3)))
    ]
    return Schedule(instance, tuple(runs))


@st.composite
def _runs(draw: st.DrawFn, request: Request) -> Run:
    outcomes: tuple[Outcome, ...] = ("completed", "evicted")
    start = draw(st.integers(0, request.arrival + 20))
    length = draw(st.just(request.output_len) | st.integers(0, request.output_len + 2))
    return Run(request.id, start, start + length, draw(st.sampled_from(outcomes)))
