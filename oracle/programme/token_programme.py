"""The integer programme where evicted requests keep their tokens.

One binary variable for each request i, token a and round t: whether i generates its a-th token in
round t. Each token has one round; a request has generated a tokens by the end of round t + 1 only
if it has generated a − 1 by the end of round t; and no round holds more than the capacity. The cost
is Σ (t + 1 − r) over last tokens (specification, section 7).

Only rounds that a schedule no dearer than the best known one can use have a variable: as every
request takes at least o rounds, request i has at most the best cost minus Σ_{j≠i} o_j. No token is
later than max r + Σ o (lemma R1 in ``proofs_notes/theorems/optimum_resume.md``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from amin_ref.model.errors import InvalidValue
from amin_ref.model.instance import Instance
from amin_ref.model.schedule import Schedule
from oracle.deadline import Deadline, ShouldStop
from oracle.programme.candidates import ModelTooLarge
from oracle.programme.solvers import (
    Answer,
    Constraint,
    Programme,
    Supervision,
    solve_with_highs,
)
from oracle.starts.token_rounds import (
    TokenRounds,
    held_by_token,
    latency_of_tokens,
    schedule_from_tokens,
    tokens_fit,
    tokens_of,
)

MOST_ENTRIES = 2_000_000
"""Most entries of the constraints: PuLP takes about ten seconds to build such a model."""

INTEGRAL = 1e-6
"""Distance below which a solver's number counts as whole: HiGHS's own tolerance."""


@dataclass(frozen=True)
class TokenIlpResult:
    """What the integer programme found, and the dual bound that the solver states.

    Attributes:
        schedule: the best schedule known, checked to fit.
        lower_bound: the solver's dual bound, rounded up; Σ o where it states none.
    """

    schedule: Schedule
    lower_bound: int


def solve_tokens(
    instance: Instance,
    warm_start: Schedule,
    *,
    time_limit: float,
    should_stop: ShouldStop | None = None,
) -> TokenIlpResult:
    """The best schedule and the dual bound of the integer programme, solved by HiGHS.

    Args:
        instance: its machine has ``after_eviction="resume"``; limits of the machine are ignored.
        warm_start: a valid schedule of the instance, from which the solver starts.
        time_limit: seconds; finite, 0 or more. With 0 no solver runs.
        should_stop: called now and then; soon after ``True`` the best so far is returned.

    Raises:
        ModelTooLarge: the programme would have more than :data:`MOST_ENTRIES` entries.
        InvalidValue: the machine restarts evicted requests, or an argument is not of this kind.
    """
    if instance.machine.after_eviction != "resume":
        raise InvalidValue(
            "instance: machine",
            instance.machine,
            "this integer programme is for machines that resume evicted requests",
            "give after_eviction='resume', or call oracle.optimum",
        )
    deadline = Deadline.after(time_limit, should_stop)
    rounds: TokenRounds = tokens_of(instance, warm_start, "warm_start")
    least = sum(request.output_len for request in instance.requests)
    if deadline.passed or latency_of_tokens(instance, rounds) == least:
        return TokenIlpResult(warm_start, least)
    model = _Model(instance, rounds)
    answer = solve_with_highs(
        model.programme(), model.start(rounds), Supervision(deadline, _report_nothing)
    )
    if answer.dual_bound is not None:
        least = max(least, math.ceil(answer.dual_bound - INTEGRAL))
    found = model.rounds(answer)
    if found is not None and tokens_fit(instance, found):
        rounds = min(rounds, found, key=lambda own: latency_of_tokens(instance, own))
    cost = latency_of_tokens(instance, rounds)
    return TokenIlpResult(schedule_from_tokens(instance, rounds), min(least, cost))


def _report_nothing(bound: float) -> None:
    """The dual bound is taken from the answer."""


class _Model:
    """The columns of the programme: for each request and token, one for each round it may take."""

    def __init__(self, instance: Instance, best: TokenRounds) -> None:
        self._instance = instance
        requests = instance.requests
        work = sum(request.output_len for request in requests)
        horizon = max(request.arrival for request in requests) + work
        spare = latency_of_tokens(instance, best) - work
        # The last round of the last token of each request.
        self._last = [
            min(horizon, request.arrival + request.output_len + spare) - 1 for request in requests
        ]
        self._widths = [
            last - (request.arrival + request.output_len - 1) + 1
            for last, request in zip(self._last, requests, strict=True)
        ]
        entries = sum(
            request.output_len * width * (width + 3)
            for request, width in zip(requests, self._widths, strict=True)
        )
        if entries > MOST_ENTRIES:
            raise ModelTooLarge(
                "instance: entries of the integer programme",
                entries,
                f"at most {MOST_ENTRIES} are given to a solver",
                "give method='search', or fewer requests",
            )
        sizes = [
            request.output_len * width
            for request, width in zip(requests, self._widths, strict=True)
        ]
        self._offsets = [0, *accumulate(sizes)]

    def _column(self, position: int, token: int, place: int) -> int:
        """Of the request's token, counted from 0, in the ``place``-th of its rounds.

        The rounds of token a begin a rounds after the arrival, and all tokens have equally many.
        """
        return self._offsets[position] + token * self._widths[position] + place

    def programme(self) -> Programme:
        """The programme."""
        costs = [0] * self._offsets[-1]
        constraints: list[Constraint] = []
        held: dict[int, tuple[list[int], list[int]]] = {}
        for position, request in enumerate(self._instance.requests):
            width = self._widths[position]
            occupied = held_by_token(self._instance, request).tolist()
            for token, tokens in enumerate(occupied):
                own = [self._column(position, token, place) for place in range(width)]
                constraints.append(Constraint(own, [1] * width, "equal", 1))
                for place, column in enumerate(own):
                    columns, coefficients = held.setdefault(
                        request.arrival + token + place, ([], [])
                    )
                    columns.append(column)
                    coefficients.append(tokens)
                    if token == request.output_len - 1:
                        costs[column] = token + place + 1
                if token:
                    before = [self._column(position, token - 1, place) for place in range(width)]
                    # By its place-th round the token is generated only if the one before is by its.
                    constraints += [
                        Constraint(
                            own[: place + 1] + before[: place + 1],
                            [1] * (place + 1) + [-1] * (place + 1),
                            "at most",
                            0,
                        )
                        for place in range(width - 1)
                    ]
        block_size = self._instance.block_size
        room = self._instance.capacity // block_size * block_size
        constraints += [
            Constraint(columns, coefficients, "at most", room)
            for columns, coefficients in held.values()
        ]
        return Programme(costs, [1] * len(costs), constraints)

    def start(self, rounds: TokenRounds) -> list[int]:
        """The values of the columns for these token rounds."""
        values = [0] * self._offsets[-1]
        for position, (request, own) in enumerate(
            zip(self._instance.requests, rounds, strict=True)
        ):
            for token, round_ in enumerate(own):
                values[self._column(position, token, round_ - request.arrival - token)] = 1
        return values

    def rounds(self, answer: Answer) -> list[list[int]] | None:
        """The token rounds of a solver's solution; ``None`` if it has none in whole numbers."""
        if answer.values is None:
            return None
        found: list[list[int]] = []
        for position, request in enumerate(self._instance.requests):
            own: list[int] = []
            for token in range(request.output_len):
                first = self._column(position, token, 0)
                values: Sequence[float] = answer.values[first : first + self._widths[position]]
                places = [place for place, value in enumerate(values) if value > 1 - INTEGRAL]
                if len(places) != 1:
                    return None
                own.append(request.arrival + token + places[0])
            found.append(own)
        return found
