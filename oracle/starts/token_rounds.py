"""Token rounds: a schedule as the rounds in which each request generates its tokens.

On a machine with ``after_eviction="resume"`` a request may pause after any token and continue later
(specification, section 7). So a schedule is the rounds t_1 < t_2 < … < t_o of each request, in the
order of the instance's requests. In round t_a a request holds B·⌈(s + a)/B⌉ tokens (s + a − 1 where
the last token is not stored), and in all other rounds none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from amin_ref.model.blocks import occupied_by_round
from amin_ref.model.errors import InvalidValue
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from amin_ref.model.rounds import generates
from amin_ref.model.schedule import Run, Schedule, refuse_what_a_log_lacks
from oracle.starts.start_rounds import refuse_another_instance

TokenRounds = Sequence[Sequence[int]]
"""For each request of an instance, in its order, the rounds of its tokens, in ascending order."""


def held_by_token(instance: Instance, request: Request) -> NDArray[np.int64]:
    """What the request occupies in the round of each token, first to last; tokens."""
    stored = instance.machine.held(request.prompt_len)
    return occupied_by_round(stored, request.output_len, instance.block_size)


def latency_of_tokens(instance: Instance, rounds: TokenRounds) -> int:
    """Total latency: Σ (t_o + 1 − r); request·rounds."""
    pairs = zip(instance.requests, rounds, strict=True)
    return sum(own[-1] + 1 - request.arrival for request, own in pairs)


def tokens_fit(instance: Instance, rounds: TokenRounds) -> bool:
    """Whether these rounds are a schedule of the instance, within its capacity; exact.

    Each request needs o ascending rounds from its arrival on. Limits of the machine
    (``tokens_per_round``, ``max_running``, ``watermark``) are not looked at.
    """
    held: dict[int, int] = {}
    for request, own in zip(instance.requests, rounds, strict=True):
        if len(own) != request.output_len or own[0] < request.arrival:
            return False
        if any(later <= earlier for earlier, later in pairwise(own)):
            return False
        for round_, tokens in zip(own, held_by_token(instance, request).tolist(), strict=True):
            held[round_] = held.get(round_, 0) + tokens
    return max(held.values(), default=0) <= instance.capacity


def schedule_from_tokens(instance: Instance, rounds: TokenRounds) -> Schedule:
    """The schedule in which each request generates its tokens in these rounds.

    A request that pauses for a round or more is evicted, and resumed in the round of its next
    token, in which it computes its whole prefix. Nothing is checked: :func:`amin_ref.check` judges
    the schedule.
    """
    return Schedule(
        instance,
        tuple(
            run
            for request, own in zip(instance.requests, rounds, strict=True)
            for run in _runs(request, own)
        ),
    )


def _runs(request: Request, rounds: Sequence[int]) -> Iterator[Run]:
    start = rounds[0]
    for earlier, later in pairwise(rounds):
        if later > earlier + 1:
            yield Run(request.id, int(start), int(earlier) + 1, "evicted")
            start = later
    yield Run(request.id, int(start), int(rounds[-1]) + 1, "completed")


def tokens_of(instance: Instance, schedule: Schedule, argument: str) -> tuple[tuple[int, ...], ...]:
    """The rounds of the tokens of each request, in the order of the instance.

    Rounds in which a run computes only a part of its prefix generate nothing and are dropped. They
    only take room, so what is left is a schedule of the same cost.

    Args:
        instance: the instance to be scheduled, whose machine resumes evicted requests.
        schedule: a schedule of that instance, from a caller.
        argument: the caller's name for the schedule, for the message of an error.

    Raises:
        InvalidValue: the schedule is of another instance, has aborted or unfinished requests or
            ``held``, or is not valid.
    """
    refuse_another_instance(instance, schedule, argument)
    refuse_what_a_log_lacks(schedule, argument)
    found: dict[object, list[int]] = {request.id: [] for request in instance.requests}
    for run in sorted(schedule.runs, key=lambda run: (run.start, run.stop)):
        own = found[run.request]
        prefix = instance.by_id[run.request].prompt_len + len(own)
        own += (run.start + np.flatnonzero(generates(run, prefix))).tolist()
    rounds = tuple(tuple(found[request.id]) for request in instance.requests)
    if not tokens_fit(instance, rounds):
        raise InvalidValue(
            argument,
            schedule,
            "its tokens are not a valid schedule",
            "look at check(schedule) for what is wrong",
        )
    return rounds
