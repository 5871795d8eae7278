"""Every way in which an adversary can fix output lengths, and what each multiset costs at worst.

A policy that cannot see the future learns of an output length in one way only: in every round,
each running request completes or does not. The adversary decides that as late as it has to. Two
histories that leave the policy with the same knowledge of the same unfinished requests are one
*state*, and what it can still be made to pay is computed once. ``proofs_notes/ratio.md`` proves
that this covers every instance under every tie-break.
"""

from __future__ import annotations

from collections.abc import Sequence

from amin_ref.model.errors import NoProgress
from amin_ref.small.instances import Known, Machine, Outputs, Rules, Setting, State

Code = int
"""A multiset of outputs: digits to base n + 1 say how many have each length, the shortest first."""

Choice = tuple[State, Code, tuple[int, ...]]
"""Who goes on, the multiset of those who complete, and their places among the unfinished."""


class TooManyStates(Exception):
    """There are more states than were allowed for."""


class AdversaryTree:
    """All that can happen to ``requests`` requests under a scheduler that is given by its rules.

    Args:
        setting: prompts, predictions and cache.
        rules: the scheduler.
        requests: n.
        lengths: the output lengths that the adversary may use, in ascending order; all of [ℓ, u]
            by default. The scheduler does not know of the restriction.
        most_states: give up beyond so many states.
    """

    def __init__(
        self,
        setting: Setting,
        rules: Rules,
        requests: int,
        *,
        lengths: Sequence[int] = (),
        most_states: int | None = None,
    ) -> None:
        lengths = lengths or range(setting.lower, setting.upper + 1)
        self._machine = Machine(setting, rules)
        self._setting = setting
        self._requests = requests
        self._most_states = most_states
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
        """Distinct states from which costs have been worked out so far."""
        return len(self._worst)

    def worst_costs(self) -> dict[Outputs, int]:
        """For every multiset of outputs, the largest total latency over all tie-breaks.

        Raises:
            NoProgress: some outputs and tie-break keep the scheduler evicting for ever.
            TooManyStates: there are more than ``most_states``.
        """
        worst = self._costs_from(self._initial())
        return {self._decoded(code): cost for code, cost in worst.items()}

    def by_rank(self, outputs: Outputs) -> Outputs:
        """The outputs in the order of rank in which they cost the most."""
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
            for generated, bound, _ in self._machine.initial(self._requests)
        )

    def _leads_to(self, choice: Choice, left: Code) -> bool:
        return left - choice[1] in self._costs_from(choice[0])

    def _costs_from(self, state: State) -> dict[Code, int]:
        """The largest cost from ``state`` on, for every multiset of the unfinished's outputs."""
        if not state:
            return {0: 0}
        known = self._worst.get(state)
        if known is not None:
            return known
        if state in self._entered:
            raise self._never_ends()
        if len(self._entered) == self._most_states:
            raise TooManyStates
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

    def _until_a_choice(self, state: State) -> tuple[int, list[Known]]:
        """Cost and outcome of all rounds up to the first after which somebody may complete."""
        cost = 0
        seen = set()
        while True:
            if state in seen:
                raise self._never_ends()
            seen.add(state)
            cost += len(state)
            after = self._machine.generate(state)
            if any(generated >= least for generated, _, least in after):
                return cost, after
            state = tuple(self._survivors(after))

    def _survivors(self, after: list[Known]) -> list[Known]:
        return [self._survivor(known) if known[0] >= 0 else known for known in after]

    def _survivor(self, known: Known) -> Known:
        generated, bound, least = self._machine.survivor(known)
        return generated, bound, max(least, self._next_length[generated])

    def _choices(self, after: list[Known]) -> list[Choice]:
        """Every way in which requests can complete now, up to the names of equal neighbours.

        Requests next to each other in rank of which the same is known are told apart by nothing
        that ever happens: of them, it matters only how many complete.
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
            f"{self._setting}, {self._requests} requests: some outputs and tie-break keep "
            f"{self._machine.rules} evicting for ever (T2)."
        )
