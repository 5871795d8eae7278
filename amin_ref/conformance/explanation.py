"""A wrong round in words: the state, what the schedule did, why that is wrong, and what is right.

Only one round of a schedule is ever explained, so this file prefers plain code to fast code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from amin_ref.conformance.bound_rules import BoundRule
from amin_ref.conformance.growing import Growing
from amin_ref.conformance.replay import RoundState
from amin_ref.conformance.verdict import BoundPolicyName
from amin_ref.conformance.waiting import Ranks
from amin_ref.conformance.wording import (
    and_others,
    evicted_and_admitted,
    limits,
    names,
    wrong_share,
)
from amin_ref.model.errors import MOST_NAMED, shown
from amin_ref.model.instance import Instance
from amin_ref.model.validation import RequestId
from amin_ref.policies.names import title_of

ORDER = "by assumed length, then tie-break rank"
"""The order ≺ (specification, section 3), for a reader who does not know the sign."""


class Explanation:
    """One wrong round of a schedule that is checked for a policy.

    Args:
        instance: the cache and the requests.
        policy: name of the policy.
        bound_rule: what that policy assumes of output lengths.
        ranks: break ties; ``None``: in any order.
        wrong: the round.
    """

    def __init__(
        self,
        instance: Instance,
        policy: BoundPolicyName,
        bound_rule: BoundRule,
        ranks: Ranks | None,
        wrong: RoundState,
    ) -> None:
        self._instance = instance
        self._title = title_of(policy)
        self._wrong = wrong
        self._any_tie = ranks is None
        self._ranks = _in_favour(instance, wrong) if ranks is None else ranks
        now = wrong.now
        self._generated = {r: waiting.kept for r, waiting in wrong.waiting.items()}
        self._generated |= {r: run.generated(now) for r, run in wrong.running.items()}
        self._assumed = {r: waiting.assumed for r, waiting in wrong.waiting.items()}
        self._assumed |= {
            request: bound_rule.refined(run.assumed, run.generated(now))
            for request, run in wrong.running.items()
        }

    def text(self) -> str:
        """The whole explanation."""
        sentences = (self._state(), self._done(), self._fault(), self._right())
        return f"round {self._wrong.now}: {' '.join(sentences)}"

    def _state(self) -> str:
        wrong = self._wrong
        running = self._listed(wrong.running, lambda r: f"{self._generated[r]} generated")
        if wrong.running:
            needed = sum(map(self._next_token, wrong.running))
            running += f", whose next tokens need {needed} tokens of cache"
        waiting = self._listed(
            wrong.waiting, lambda r: f"{self._generated[r]} kept" * bool(self._generated[r])
        )
        return f"{limits(self._instance)}; running: {running}; waiting: {waiting}."

    def _done(self) -> str:
        wrong = self._wrong
        return f"The schedule has {evicted_and_admitted(wrong.evicted, wrong.admitted)}."

    def _fault(self) -> str:
        """Why that is wrong: the rule, with the requests that it is about."""
        wrong = self._wrong
        requests, last = names(wrong.requests), names(wrong.requests[-1:])
        others = names(wrong.requests[:-1])
        match wrong.rule:
            case "evicted-needlessly":
                return "The next token of every running request fits, so no request may be evicted."
            case "wrong-victim":
                victims = names([r for r in wrong.requests if r in wrong.evicted])
                spared = names([r for r in wrong.requests if r not in wrong.evicted])
                return f"Requests are evicted {ORDER}: {victims} only after {spared}."
            case "evicted-too-many":
                one = requests if len(wrong.requests) == 1 else f"any one of {requests}"
                return (
                    f"Had {one} stayed, the next tokens would fit: no more are evicted than needed."
                )
            case "evicted-too-few":
                return (
                    "The whole prefixes and the next tokens of the running requests do not fit, so "
                    f"{requests} must be evicted, too."
                )
            case "wrong-chunk":
                return self._wrong_share()
            case "readmitted-at-once":
                return (
                    f"{requests} may be admitted from round {wrong.now + 1} on, not in the round "
                    "of the eviction."
                )
            case "admitted-what-cannot-fit":
                return self._excess()
            case "admitted-out-of-order":
                return f"Requests are admitted {ORDER}: {last} comes before {others}, and fits."
            case "skipped-the-first":
                return (
                    f"Requests are admitted {ORDER}: {last} comes before {others}, and admission "
                    "stops there, because it does not fit."
                )
            case "stopped-too-early":
                return (
                    f"Requests are admitted {ORDER}: {last} is next, and fits beside the running "
                    "and admitted requests up to the assumed lengths; admission stops only at the "
                    "first that does not fit."
                )

    def _wrong_share(self) -> str:
        wrong = self._wrong
        assert wrong.wrong_share is not None, "the rule wrong-chunk has one"
        return wrong_share(
            wrong.wrong_share,
            wrong.shares,
            wrong.admitted,
            is_limited=self._instance.machine.tokens_per_round is not None,
        )

    def _excess(self) -> str:
        """The round in which the cache would exceed its capacity most, and what it would hold."""
        wrong = self._wrong
        staying = [request for request in wrong.running if request not in wrong.evicted]
        together = [*staying, *wrong.requests]
        plan = self._plan(together)
        # What these requests hold grows until one of them stops: it is largest in a last round.
        rounds = plan.last_rounds(wrong.now, wrong.now + max(map(self._left, together)))
        fullest = max(rounds, key=plan.held)
        held = plan.held(fullest)
        if held <= self._instance.capacity:
            return (
                f"In round {wrong.now}, {names(wrong.requests)} and the requests that keep running "
                f"hold {plan.held(wrong.now)} tokens, which does not leave the watermark free."
            )
        return (
            f"If every request stops at its assumed length, {names(wrong.requests)} and the "
            f"requests that keep running hold {held} tokens in round {fullest}."
        )

    def _right(self) -> str:
        evicted = self._evictions()
        admitted = self._admissions(evicted)
        ties = ", with ties broken in favour of what the schedule did" if self._any_tie else ""
        words = evicted_and_admitted(evicted, admitted)
        if self._wrong.rule == "wrong-chunk":
            words += ", and given the tokens of the round in order of admission"
        return f"{self._title} would have {words}{ties}."

    def _evictions(self) -> list[RequestId]:
        """Step 3 of the specification, section 3."""
        needed = sum(map(self._next_token, self._wrong.running))
        evicted = []
        for request in self._in_order(self._wrong.running):
            if needed <= self._instance.capacity:
                break
            needed -= self._next_token(request)
            evicted.append(request)
        return evicted

    def _admissions(self, evicted: Sequence[RequestId]) -> list[RequestId]:
        """Step 4 of the specification, section 3, with the limits of section 7."""
        now, capacity = self._wrong.now, self._instance.capacity
        running = [request for request in self._wrong.running if request not in evicted]
        plan = self._plan(running)
        left = self._tokens_left(running)
        admitted: list[RequestId] = []
        stop = now + max(map(self._left, self._assumed))
        for request in self._in_order(self._wrong.waiting):
            if not self._may_start(len(running) + len(admitted), left):
                break
            plan.add(now, self._stored(request), self._left(request))
            spare = self._spare(len(running) + len(admitted))
            if (
                plan.held(now) + spare > capacity
                or plan.first_over(capacity, now, stop) is not None
            ):
                break
            admitted.append(request)
            left -= self._tokens(request)
        return admitted

    def _tokens_left(self, running: Iterable[RequestId]) -> int:
        """Tokens of the round that the running requests leave; without a limit, enough."""
        budget = self._instance.machine.tokens_per_round
        if budget is None:
            return sum(map(self._tokens, self._wrong.waiting)) + 1
        now = self._wrong.now
        return budget - sum(self._wrong.running[r].traced.rest(now) for r in running)

    def _may_start(self, running: int, left: int) -> bool:
        limit = self._instance.machine.max_running
        return left > 0 and (limit is None or running < limit)

    def _spare(self, running: int) -> int:
        """Tokens that an admission leaves free beside as many running requests."""
        return self._instance.machine.watermark * self._instance.block_size if running else 0

    def _plan(self, together: Iterable[RequestId]) -> Growing:
        """What these requests hold from now on, if all stop at their assumed length."""
        plan = Growing(self._instance.block_size)
        plan.forget(self._wrong.now)
        for request in together:
            plan.add(self._wrong.now, self._stored(request), self._left(request))
        return plan

    def _tokens(self, request: RequestId) -> int:
        """Tokens that a request has now: its prompt and what it has generated and kept."""
        return self._instance.by_id[request].prompt_len + self._generated[request]

    def _stored(self, request: RequestId) -> int:
        """One less than the tokens that it stores once its next token is generated."""
        return self._tokens(request) - (not self._instance.machine.last_token_stored)

    def _next_token(self, request: RequestId) -> int:
        """Tokens that a request holds once its next token is generated, in whole blocks."""
        size = self._instance.block_size
        return -(-(self._stored(request) + 1) // size) * size

    def _in_order(self, requests: Iterable[RequestId]) -> list[RequestId]:
        return sorted(requests, key=lambda r: (self._assumed[r], self._ranks[r]))

    def _left(self, request: RequestId) -> int:
        """Tokens that a request is assumed to generate from now on."""
        return max(1, self._assumed[request] - self._generated[request])

    def _listed(self, requests: Iterable[RequestId], more: Callable[[RequestId], str]) -> str:
        """Requests in ascending ≺; the first few with their prompt and assumed length."""
        in_order = self._in_order(requests)
        words = []
        for request in in_order[:MOST_NAMED]:
            figures = [
                f"prompt {self._instance.by_id[request].prompt_len}",
                f"assumed {self._assumed[request]}",
                more(request),
            ]
            words.append(f"{shown(request)} ({', '.join(figure for figure in figures if figure)})")
        return and_others(words, len(in_order) - len(words))


def _in_favour(instance: Instance, wrong: RoundState) -> Ranks:
    """Ranks that make the policy do what the schedule did, as far as its rules allow."""
    chosen = {*wrong.evicted, *wrong.admitted}
    return {
        request: (0.0 if request in chosen else 1.0, position)
        for request, position in instance.positions.items()
    }
