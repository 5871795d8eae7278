"""The worst total latency of a scheduler for every multiset of output lengths, over all tie-breaks.

A scheduler that is not clairvoyant learns of an output length in one way only: in every round each
running request completes or does not. An adversary decides this, round by round. Two histories that
leave the scheduler with the same knowledge of the same unfinished requests are one *state*, and the
largest cost from a state on is computed once. ``proofs_notes/ratio.md`` proves that the walk over
all states covers every instance under every tie-break.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from amin_ref.model.errors import NoProgress
from amin_ref.small.fast_simulation import FastSimulation, RequestState, Rules, State
from amin_ref.small.optimum import Stopped, never
from amin_ref.small.setting import Outputs, Setting

Code = int
"""A multiset of outputs as an integer: its i-th digit to base n + 1 says how many outputs have the
i-th length, the shortest length first."""

Choice = tuple[State, Code, tuple[int, ...]]
"""The requests that go on, the multiset of those that complete, and their places in the state."""


class TooManyStates(Exception):
    """The tree has more states than ``most_states``."""


class AdversaryTree:
    """Every way in which ``requests`` requests can complete under a scheduler given by its rules.

    Args:
        setting: prompts, predictions and cache.
        rules: the scheduler.
        requests: n.
        lengths: the output lengths that the adversary may use, in ascending order; all of [ℓ, u]
            by default. The scheduler does not know of the restriction.
        most_states: the number of states after which :class:`TooManyStates` is raised; ``None`` for
            no limit.
        should_stop: called at each new state; the walk ends when it returns True.
    """

    def __init__(
        self,
        setting: Setting,
        rules: Rules,
        requests: int,
        *,
        lengths: Sequence[int] = (),
        most_states: int | None = None,
        should_stop: Callable[[], bool] = never,
    ) -> None:
        lengths = lengths or range(setting.lower, setting.upper + 1)
        self._simulation = FastSimulation(setting, rules)
        self._setting = setting
        self._requests = requests
        self._most_states = most_states
        self._should_stop = should_stop
        self._longest = lengths[-1]
        self._units = {length: (requests + 1) ** i for i, length in enumerate(lengths)}
        self._next_length = [
            next((length for length in lengths if length > tokens), self._longest)
            for tokens in range(self._longest + 1)
        ]
        self._worst: dict[State, dict[Code, int]] = {}
        self._entered: set[State] = set()

    @property
    def states(self) -> int:
        """The number of states from which the largest costs are known."""
        return len(self._worst)

    def worst_costs(self) -> dict[Outputs, int]:
        """For every multiset of outputs, the largest total latency over all tie-breaks.

        Raises:
            NoProgress: for some outputs and tie-break the scheduler evicts for ever.
            Stopped: ``should_stop`` returned True.
            TooManyStates: there are more than ``most_states``.
        """
        worst = self._costs_from(self._initial())
        return {self._decoded(code): cost for code, cost in worst.items()}

    def by_rank(self, outputs: Outputs) -> Outputs:
        """The outputs in the order of tie-break rank that costs the most."""
        state = self._initial()
        ranks = list(range(self._requests))
        lengths = [0] * self._requests
        left = sum(self._units[length] for length in outputs)
        while state:
            _, after = self._until_a_choice(state)
            going_on, completing, places = max(
                (choice for choice in self._choices(after) if self._leads_to(choice, left)),
                key=lambda choice: self._costs_from(choice[0])[left - choice[1]],
            )
            for place in places:
                lengths[ranks[place]] = after[place][0]
            ranks = [rank for place, rank in enumerate(ranks) if place not in places]
            state, left = going_on, left - completing
        return tuple(lengths)

    def _initial(self) -> State:
        return tuple(
            (generated, bound, self._next_length[0])
            for generated, bound, _ in self._simulation.initial(self._requests)
        )

    def _leads_to(self, choice: Choice, left: Code) -> bool:
        return left - choice[1] in self._costs_from(choice[0])

    def _costs_from(self, state: State) -> dict[Code, int]:
        """The largest cost from ``state`` on, for every multiset of outputs of its requests."""
        if not state:
            return {0: 0}
        known = self._worst.get(state)
        if known is not None:
            return known
        if state in self._entered:
            raise self._never_ends()
        if len(self._entered) == self._most_states:
            raise TooManyStates
        if self._should_stop():
            raise Stopped("the walk over the adversary's choices was stopped.")
        self._entered.add(state)
        cost, after = self._until_a_choice(state)
        worst: dict[Code, int] = {}
        for going_on, completing, _ in self._choices(after):
            for rest, rest_cost in self._costs_from(going_on).items():
                code, total = rest + completing, rest_cost + cost
                if worst.get(code, -1) < total:
                    worst[code] = total
        self._worst[state] = worst
        return worst

    def _until_a_choice(self, state: State) -> tuple[int, list[RequestState]]:
        """Run rounds up to the first at whose end a request can complete.

        Returns:
            The cost of these rounds, and the requests after the last of them.
        """
        cost = 0
        seen = set()
        while True:
            if state in seen:
                raise self._never_ends()
            seen.add(state)
            cost += len(state)
            after = self._simulation.generate(state)
            if any(generated >= least for generated, _, least in after):
                return cost, after
            state = tuple(self._survivors(after))

    def _survivors(self, after: list[RequestState]) -> list[RequestState]:
        return [self._survivor(known) if known[0] >= 0 else known for known in after]

    def _survivor(self, known: RequestState) -> RequestState:
        generated, bound, least = self._simulation.survivor(known)
        return generated, bound, max(least, self._next_length[generated])

    def _choices(self, after: list[RequestState]) -> list[Choice]:
        """Every way in which requests can complete now.

        Requests that are adjacent in rank and in the same state are interchangeable: only the
        number of them that complete matters, so one choice stands for each number.
        """
        survivors = self._survivors(after)
        choices: list[Choice] = [((), 0, ())]
        place = 0
        while place < len(after):
            known = after[place]
            end = place + 1
            while end < len(after) and after[end] == known:
                end += 1
            alike = end - place
            generated, _, least = known
            fewest = alike if generated == self._longest else 0
            most = alike if generated >= least else 0
            unit = self._units.get(generated, 0)
            choices = [
                (
                    going_on + (survivors[place],) * (alike - number),
                    completing + number * unit,
                    places + tuple(range(place, place + number)),
                )
                for going_on, completing, places in choices
                for number in range(fewest, most + 1)
            ]
            place = end
        return choices

    def _decoded(self, code: Code) -> Outputs:
        outputs: list[int] = []
        for length in self._units:
            code, number = divmod(code, self._requests + 1)
            outputs += [length] * number
        return tuple(outputs)

    def _never_ends(self) -> NoProgress:
        return NoProgress(
            f"{self._setting}, {self._requests} requests: for some outputs and tie-break, "
            f"{self._simulation.rules} evicts for ever (T2)."
        )
