"""A fast simulation of schedulers on small instances of identical prompts.

A scheduler is given by its :class:`Rules`, not by a policy object, and its state is a tuple of
integers. This module shares no code with :mod:`amin_ref.policies`; tests compare the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from amin_ref.model.errors import InvalidValue, NoProgress
from amin_ref.small.plans import PackedPlans
from amin_ref.small.setting import Setting

RequestState = tuple[int, int, int]
"""What the scheduler knows of an unfinished request: the tokens that it has generated and not lost,
its working bound ℓ̃, and its least possible output length. While it waits with g tokens, -1 - g
stands for the tokens: -1 where an eviction loses them."""

State = tuple[RequestState, ...]
"""The unfinished requests at the start of a round, in order of tie-break rank."""


@dataclass(frozen=True, slots=True)
class Rules:
    """A scheduler as a choice of rules; the defaults are Amin's (specification, section 3).

    Attributes:
        assume: the bound that a request starts with: ℓ, or u as for Amax.
        refine: whether a request's bound rises with the tokens that it generates.
        victims: which request an overflow evicts first: the first in ≺, the last in ≺, or the one
            admitted last (of those admitted in the same round, the last in ≺; only where an
            eviction loses the tokens, which then tell the round of admission).
        look_ahead: whether an admitted request must fit until all bounds are reached, or only for
            its next token.
        admits_after_evicting: whether requests are admitted in a round in which others are evicted.
    """

    assume: Literal["lower", "upper"] = "lower"
    refine: bool = True
    victims: Literal["ascending", "descending", "newest"] = "ascending"
    look_ahead: bool = True
    admits_after_evicting: bool = True


class FastSimulation:
    """Runs a scheduler, given by its rules, on instances of one setting.

    Raises:
        InvalidValue: the rules evict the newest request, and the setting's machine resumes.
    """

    def __init__(self, setting: Setting, rules: Rules) -> None:
        self._resumes = setting.machine.after_eviction == "resume"
        if self._resumes and rules.victims == "newest":
            raise InvalidValue(
                "rules: victims",
                rules.victims,
                "the tokens of a request that resumes do not tell when it was admitted",
                "give 'ascending' or 'descending'",
            )
        self.setting = setting
        self.rules = rules
        self._plans = PackedPlans(setting)

    def initial(self, requests: int) -> State:
        """The state of round 0: ``requests`` requests, all waiting."""
        setting = self.setting
        bound = setting.lower if self.rules.assume == "lower" else setting.upper
        return ((-1, bound, setting.lower),) * requests

    def generate(self, state: State) -> list[RequestState]:
        """The requests after one round: evict, admit, generate.

        Completions are left to the caller: a running request that has just generated its last token
        is still in the list.
        """
        plans = self._plans
        requests = list(state)
        plan = plans.bias
        for generated, bound, _ in requests:
            if generated >= 0:
                plan += plans.held[generated][self._more(generated, bound)]

        evicted: list[int] = []
        if plan & plans.over_now:
            for i in self._victims(state):
                generated, bound, _ = requests[i]
                plan -= plans.held[generated][self._more(generated, bound)]
                evicted.append(i)
                if not plan & plans.over_now:
                    break

        # A request evicted in this round may not be admitted before the next: it joins the waiting
        # only after they have been listed.
        waiting = sorted((bound, i) for i, (a, bound, _) in enumerate(requests) if a < 0)
        for i in evicted:
            kept = requests[i][0] if self._resumes else 0
            requests[i] = (-1 - kept, *requests[i][1:])
        if evicted and not self.rules.admits_after_evicting:
            waiting = []
        for bound, i in waiting:
            kept = -1 - requests[i][0]
            with_it = plan + plans.held[kept][self._more(kept, bound)]
            if with_it & plans.over:
                break
            plan = with_it
            requests[i] = (kept, *requests[i][1:])
        return [
            (generated + 1, bound, least) if generated >= 0 else (generated, bound, least)
            for generated, bound, least in requests
        ]

    def survivor(self, request: RequestState) -> RequestState:
        """What is known of a running request once its last token did not complete it."""
        generated, bound, least = request
        if self.rules.refine and generated > bound:
            bound = generated
        return generated, bound, max(least, generated + 1)

    def cost(self, outputs: Sequence[int]) -> int:
        """Total latency when the request of rank i has the i-th output length; request·rounds.

        Raises:
            NoProgress: the rules evict for ever.
        """
        state = self.initial(len(outputs))
        left = list(outputs)
        total = 0
        # A state that returns without a completion in between returns for ever.
        seen: set[State] = set()
        while state:
            if state in seen:
                raise NoProgress(f"outputs {tuple(outputs)} by rank: {self.rules} never ends (T2).")
            seen.add(state)
            total += len(state)
            after = self.generate(state)
            going_on = [i for i, request in enumerate(after) if request[0] != left[i]]
            if len(going_on) < len(after):
                seen.clear()
            left = [left[i] for i in going_on]
            state = tuple(
                self.survivor(after[i]) if after[i][0] >= 0 else after[i] for i in going_on
            )
        return total

    def _more(self, generated: int, bound: int) -> int:
        """The tokens that a request is assumed to generate from now on, or once it is admitted."""
        return bound - generated if self.rules.look_ahead and bound > generated else 1

    def _victims(self, state: State) -> list[int]:
        """The running requests in the order in which an overflow evicts them."""
        running = [(bound, i, a) for i, (a, bound, _) in enumerate(state) if a >= 0]
        if self.rules.victims == "ascending":
            running.sort()
        elif self.rules.victims == "descending":
            running.sort(reverse=True)
        else:
            running.sort(key=lambda request: (request[2], -request[0], -request[1]))
        return [i for _, i, _ in running]
