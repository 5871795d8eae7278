"""Hypothesis strategies: instances, tie-breaks, policies and schedules to test schedulers with.

They need Hypothesis, which this package does not: ``pip install hypothesis``. A property of
somebody's own scheduler reads::

    from hypothesis import given
    from amin_ref import check, simulate
    from amin_ref.strategies import instances

    @given(instances())
    def test_my_scheduler(instance):
        assert check(simulate(instance, MyScheduler())) == ()

What is drawn is small and tight on purpose: a few requests, a cache that barely holds the largest
of them, lengths that are often equal, predictions that are often far too low. That is where
schedulers overflow, evict and meet ties, and where a failure is short enough to be followed by
hand. Everything shrinks towards fewer requests, shorter lengths, a tighter cache, blocks of one
token, no arrivals, and ties broken by position.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from functools import cache
from typing import Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from amin_ref.model.schedule import Outcome, Run, Schedule
from amin_ref.model.validation import LARGEST, RequestId
from amin_ref.policies import (
    Amax,
    Amin,
    ByPosition,
    ClairvoyantPolicy,
    FirstComeFirstServed,
    HindsightShortestFirst,
    Policy,
    Ranking,
    Shuffled,
    TieBreak,
)
from amin_ref.simulator.simulation import simulate

Prediction = Literal["lowest", "interval", "exact"]
"""What is predicted: ℓ = 1 and no u; any ℓ ≤ o ≤ u or no u; or ℓ = o = u."""

PREDICTIONS: tuple[Prediction, ...] = ("lowest", "interval", "lowest", "interval", "exact")
"""Mostly those that can be wrong."""

BLOCK_SIZES = (1, 2, 4, 16)

BlindPolicy = Amin | FirstComeFirstServed | Amax
BLIND_POLICIES: tuple[type[BlindPolicy], ...] = (Amin, FirstComeFirstServed, Amax)


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
        ids: what its id is drawn from; :func:`request_ids` by default.
        max_prompt_len: longest prompt; tokens.
        max_output_len: longest output; tokens.
        max_arrival: latest arrival; rounds.
        prediction: what is predicted.
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
    """An output length, and the interval predicted for it."""
    length = st.integers(1, max_output_len)
    if prediction == "exact":
        return length.map(lambda output: (output, output, output))
    if prediction == "lowest":
        return length.map(lambda output: (output, 1, None))
    return st.tuples(length, length, st.integers(0, max_output_len)).map(_interval)


def _interval(drawn: tuple[int, int, int]) -> tuple[int, int, int | None]:
    lower, output = sorted(drawn[:2])
    return output, lower, output + drawn[2] - 1 if drawn[2] else None


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
    predictions: Sequence[Prediction] = PREDICTIONS,
) -> Instance:
    """An instance with a tight cache: it fits the largest request, and at most twice as much more.

    Prompts are all equal in about half of the instances. The ids are "a", "b", "c", …

    Args:
        min_requests: fewest requests.
        max_requests: most requests; at most 26.
        max_prompt_len: longest prompt in blocks of one token; a block more where blocks are larger,
            so that prompts end anywhere in a block. Tokens.
        max_output_len: longest output; tokens.
        max_arrival: latest arrival; rounds. With 0, everything arrives at once.
        block_sizes: what B is drawn from.
        predictions: what is predicted in the whole instance is drawn from these.
    """
    block_size = draw(st.sampled_from(block_sizes))
    lengths = _lengths(max_output_len, draw(st.sampled_from(predictions)))
    prompt_lens = st.integers(1, max_prompt_len + (block_size if block_size > 1 else 0))
    equal_prompts = draw(st.none() | prompt_lens)
    # Few rounds apart, requests compete; many rounds apart, the cache runs empty in between.
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
    largest = max((_occupied(request, block_size) for request in drawn), default=block_size)
    return Instance(
        capacity=largest + draw(st.integers(0, 2 * largest)),
        block_size=block_size,
        requests=tuple(drawn),
    )


def _occupied(request: Request, block_size: int) -> int:
    blocks = -(-(request.prompt_len + request.output_len) // block_size)
    return blocks * block_size


def rankings(instance: Instance) -> SearchStrategy[Ranking]:
    """An explicit order of the instance's requests: any permutation."""
    ids = [request.id for request in instance.requests]
    return st.permutations(ids).map(lambda order: Ranking(tuple(order)))


def tie_breaks(instance: Instance) -> SearchStrategy[TieBreak]:
    """By position, a seeded shuffle, or an explicit order of the instance's requests."""
    return st.one_of(
        st.just(ByPosition()),
        rankings(instance),
        st.integers(0, 2**32 - 1).map(Shuffled),
    )


def blind_policies(instance: Instance) -> SearchStrategy[Policy]:
    """Amin, FCFS or Amax, with any tie-break."""
    kinds = st.sampled_from(BLIND_POLICIES)
    return st.builds(lambda kind, ties: kind(ties), kinds, tie_breaks(instance))


def policies(instance: Instance) -> SearchStrategy[Policy | ClairvoyantPolicy]:
    """One of the four policies, with any tie-break."""
    kinds = st.sampled_from((*BLIND_POLICIES, HindsightShortestFirst))
    return st.builds(lambda kind, ties: kind(ties), kinds, tie_breaks(instance))


@st.composite
def schedules(draw: st.DrawFn, drawn_instances: SearchStrategy[Instance] | None = None) -> Schedule:
    """A valid schedule: what one of the four policies makes of an instance.

    Args:
        drawn_instances: what the instance is drawn from; :func:`instances` by default.
    """
    instance = draw(instances() if drawn_instances is None else drawn_instances)
    return simulate(instance, draw(policies(instance)))


@st.composite
def arbitrary_schedules(
    draw: st.DrawFn, drawn_instances: SearchStrategy[Instance] | None = None
) -> Schedule:
    """Any runs of an instance's requests: nearly always invalid, in several ways at once.

    Args:
        drawn_instances: what the instance is drawn from; :func:`instances` by default.
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
