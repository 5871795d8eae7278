"""The worst ratio of any policy, by running it on every assignment of output lengths.

Request i has the i-th output length of an assignment. The policy is made anew for each assignment
and breaks ties by its own rule: no other tie-break is tried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction

from amin_ref import simulate
from amin_ref.model.errors import AminError
from amin_ref.policies import ByPosition, ClairvoyantPolicy, Policy
from amin_ref.policies.loading import MakeAnyPolicy, PolicyFailed, load_policy, raised
from amin_ref.policies.names import POLICIES
from amin_ref.small.optimum_resume import hindsight_of
from amin_ref.small.setting import Outputs
from oracle.ratio.answer import Found
from oracle.ratio.candidates import Candidate, in_order, worst_of
from oracle.ratio.question import PIECE_SIZE, Question


class Assignments:
    """All assignments of output lengths to the requests of a question, in lexicographic order.

    Raises:
        NoScheduler: the question names no policy that can be made.
    """

    def __init__(self, question: Question) -> None:
        self._question = question
        self._make = _maker(question.policy)
        self._hindsight = hindsight_of(question.setting)
        self._lengths = question.setting.upper - question.setting.lower + 1

    def worst_of_piece(
        self, piece: int, floor: Fraction, should_stop: Callable[[], bool]
    ) -> tuple[Found | None, int]:
        """The worst instance of a piece, and the number of assignments that were not compared.

        The instance is ``None`` if all ratios are below ``floor``.

        Raises:
            PolicyFailed: the policy makes no schedule, or decides differently when it runs again.
        """
        costs: dict[Outputs, tuple[int, Outputs]] = {}
        weights: Counter[Outputs] = Counter()
        first, size = piece * PIECE_SIZE, self._question.size_of(piece)
        for number in range(first, first + size):
            if should_stop():
                break
            assignment = self._assignment(number)
            outputs = tuple(sorted(assignment))
            cost = self._cost(assignment)
            weights[outputs] += 1
            if outputs not in costs or cost > costs[outputs][0]:
                costs[outputs] = cost, assignment
        not_simulated = size - weights.total()
        if not costs:
            return None, not_simulated
        candidates = []
        for outputs, (cost, _) in costs.items():
            # A schedule costs at least OPT, so the worst ratio is at least cost over its cost.
            floor = max(floor, Fraction(cost, self._hindsight.upper_bound(outputs)))
            ceiling = Fraction(cost, self._hindsight.lower_bound(outputs))
            candidates.append(Candidate(outputs, cost, ceiling, weights[outputs]))
        worst = worst_of(in_order(candidates), floor, self._hindsight, should_stop)
        unseen = worst.unseen + not_simulated
        if worst.candidate is None:
            return None, unseen
        cost, assignment = costs[worst.candidate.outputs]
        self._demand_the_same(assignment, cost)
        return Found(assignment, cost, worst.optimum), unseen

    def _assignment(self, number: int) -> Outputs:
        """The assignment at a place in lexicographic order, counted from 0."""
        lower, lengths = self._question.setting.lower, self._lengths
        digits = []
        for _ in range(self._question.requests):
            number, digit = divmod(number, lengths)
            digits.append(lower + digit)
        return tuple(reversed(digits))

    def _cost(self, assignment: Outputs) -> int:
        """The policy's total latency; request·rounds."""
        try:
            schedule = simulate(self._question.setting.instance(assignment), self._make())
        except AminError as error:
            raise PolicyFailed(f"{self._on(assignment)} the policy fails: {error}") from None
        except Exception as error:
            what = f"the policy raises {raised(error)}"
            raise PolicyFailed(f"{self._on(assignment)} {what}.") from error
        return schedule.total_latency

    def _demand_the_same(self, assignment: Outputs, cost: int) -> None:
        again = self._cost(assignment)
        if again != cost:
            raise PolicyFailed(
                f"{self._on(assignment)} the policy costs {cost}, and {again} when it runs again; "
                "make its decisions deterministic, or seed its random numbers in begin."
            )

    def _on(self, assignment: Outputs) -> str:
        return f"{self._question.policy}: on output lengths {assignment}, by position,"


def _maker(name: str) -> MakeAnyPolicy:
    if name not in POLICIES:
        return load_policy(name)

    def make() -> Policy | ClairvoyantPolicy:
        return POLICIES[name].make(ByPosition())

    return make
