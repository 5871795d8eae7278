"""A round that FCFS could not have made, in words: see ``explanation`` for the other policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from amin_ref.conformance.admission_order import Share
from amin_ref.conformance.first_come import Cached, FirstComeRound
from amin_ref.conformance.traced import Blocks
from amin_ref.conformance.wording import (
    and_others,
    evicted_and_admitted,
    limits,
    names,
    tokens,
    wrong_share,
)
from amin_ref.model.errors import MOST_NAMED, shown
from amin_ref.model.instance import Instance
from amin_ref.model.validation import RequestId


@dataclass(frozen=True, slots=True)
class _Round:
    """What FCFS decides in a round.

    Attributes:
        evicted: the requests that it evicts.
        admitted: the requests that it admits.
        taken: the tokens that each running and each admitted request computes.
    """

    evicted: Sequence[RequestId]
    admitted: Sequence[RequestId]
    taken: dict[RequestId, int]


class FirstComeExplanation:
    """One wrong round of a schedule that is checked for FCFS.

    Args:
        instance: the cache, its machine and the requests.
        any_tie: whether requests of one arrival round may be in any order.
        wrong: the round.
    """

    def __init__(self, instance: Instance, *, any_tie: bool, wrong: FirstComeRound) -> None:
        self._instance = instance
        self._machine = instance.machine
        self._blocks = Blocks.of(instance)
        self._any_tie = any_tie
        self._wrong = wrong

    def text(self) -> str:
        """The whole explanation."""
        sentences = (self._state(), self._done(), self._fault(), self._right())
        return f"round {self._wrong.now}: {' '.join(sentences)}"

    def _state(self) -> str:
        wrong = self._wrong
        running = and_others(
            [
                f"{shown(request)} ({tokens(cached.computed)} computed, {cached.share.rest} to "
                "compute)"
                for request, cached in islice(wrong.running.items(), MOST_NAMED)
            ],
            len(wrong.running) - MOST_NAMED,
        )
        waiting = and_others(
            [
                f"{shown(request)} (arrived in round {self._instance.by_id[request].arrival}, "
                f"{prefix} to compute)"
                for request, prefix in islice(wrong.waiting.items(), MOST_NAMED)
            ],
            len(wrong.waiting) - MOST_NAMED,
        )
        in_order = ", the first admitted first" * (len(wrong.running) > 1)
        return f"{limits(self._instance)}; running{in_order}: {running}; waiting: {waiting}."

    def _done(self) -> str:
        wrong = self._wrong
        return f"The schedule has {evicted_and_admitted(wrong.evicted, tuple(wrong.admitted))}."

    def _fault(self) -> str:
        """Why that is wrong: the rule, with the requests that it is about."""
        wrong = self._wrong
        requests, last = names(wrong.requests), names(wrong.requests[-1:])
        others = names(wrong.requests[:-1])
        match wrong.rule:
            case "evicted-needlessly":
                return "What every running request computes fits, so no request may be evicted."
            case "wrong-victim":
                victims = names([r for r in wrong.requests if r in wrong.evicted])
                spared = names([r for r in wrong.requests if r not in wrong.evicted])
                return f"The last admitted is evicted first: {victims} only after {spared}."
            case "evicted-too-many":
                one = requests if len(wrong.requests) == 1 else f"any one of {requests}"
                return f"Had {one} stayed, all would fit: no more are evicted than needed."
            case "admitted-after-evicting":
                return f"A round that evicts admits no request, so {requests} may not start."
            case "admitted-what-cannot-fit":
                spare = " with the watermark free" if self._machine.watermark else ""
                return f"The whole prefixes of {requests} do not fit{spare}."
            case "admitted-out-of-order":
                return f"Requests are admitted in order of arrival: {last} is before {others}."
            case "skipped-the-first":
                return (
                    f"Requests are admitted in order of arrival: {last} is before {others}, and "
                    "admission stops there, because it does not fit."
                )
            case "stopped-too-early":
                return (
                    f"Requests are admitted in order of arrival: {last} is next, and fits; "
                    "admission stops only at the first that does not fit, or at a limit."
                )
            case "wrong-chunk":
                return self._wrong_share()

    def _wrong_share(self) -> str:
        wrong = self._wrong
        assert wrong.wrong_share is not None, "the rule wrong-chunk has one"
        running = {request: cached.share for request, cached in wrong.running.items()}
        return wrong_share(
            wrong.wrong_share,
            running | dict(wrong.admitted),
            wrong.admitted,
            is_limited=self._machine.tokens_per_round is not None,
        )

    def _right(self) -> str:
        right = self._decision()
        ties = ", with ties broken in favour of what the schedule did" if self._any_tie else ""
        chunks = ""
        if self._wrong.rule == "wrong-chunk":
            first = [f"{shown(r)} {number}" for r, number in right.taken.items() if number]
            more = len(first) - MOST_NAMED
            chunks = f", computing tokens: {and_others(first[:MOST_NAMED], more)}"
        words = evicted_and_admitted(right.evicted, right.admitted)
        return f"FCFS would have {words}{chunks}{ties}."

    def _decision(self) -> _Round:
        """FCFS's round, in the order that favours what the schedule did (L7, L8)."""
        running = self._wrong.running
        left = self._machine.tokens_per_round
        if left is None:
            left = sum(each.share.rest for each in running.values())
            left += sum(self._wrong.waiting.values()) + 1
        taken: dict[RequestId, int] = {}
        staying = len(running)
        holding = 0
        for place, (request, cached) in enumerate(running.items()):
            computes = min(cached.share.rest, left)
            holding += self._held(cached, computes)
            if holding > self._blocks.capacity:
                staying = place
                break
            taken[request] = computes
            left -= computes
        evicted = list(running)[staying:]
        if evicted:
            return _Round(evicted[::-1], (), taken)
        admitted: list[RequestId] = []
        for request, prefix in self._wrong.waiting.items():
            if not self._may_start(len(taken), holding, left, prefix):
                break
            taken[request] = min(prefix, left)
            holding += self._held(Cached(0, Share(prefix, 0)), taken[request])
            left -= taken[request]
            admitted.append(request)
        return _Round((), admitted, taken)

    def _may_start(self, running: int, holding: int, left: int, prefix: int) -> bool:
        limit = self._machine.max_running
        watermark = self._machine.watermark if running else 0
        fits = holding + self._blocks.generating(prefix) + watermark <= self._blocks.capacity
        return fits and left > 0 and (limit is None or running < limit)

    def _held(self, cached: Cached, computes: int) -> int:
        """Blocks that a request holds once it has computed this many tokens in the round."""
        if computes == cached.share.rest:
            return self._blocks.generating(cached.tokens)
        return self._blocks.holding(cached.computed + computes)
