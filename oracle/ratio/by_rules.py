"""The worst ratio of a policy whose rules are known, over all outputs and all tie-breaks.

The walk over an adversary's choices (:mod:`oracle.ratio.adversary`) gives the largest cost of every
multiset of output lengths. OPT depends on the multiset alone.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations_with_replacement

from amin_ref.small.optimum import Stopped
from amin_ref.small.optimum_resume import ResumingHindsight, hindsight_of
from amin_ref.small.setting import Outputs
from oracle.ratio.adversary import AdversaryTree
from oracle.ratio.answer import Found
from oracle.ratio.candidates import Candidate, in_order, worst_of
from oracle.ratio.question import HINDSIGHT_POLICIES, PIECE_SIZE, RULES, Question


class Multisets:
    """All multisets of a question, in the order in which they are compared.

    Raises:
        NoProgress: for some instance the policy evicts for ever.
        Stopped: ``should_stop`` returned True.
    """

    def __init__(self, question: Question, should_stop: Callable[[], bool]) -> None:
        self._hindsight = hindsight_of(question.setting)
        self._tree: AdversaryTree | None = None
        costs = self._costs(question, should_stop)
        floor = Fraction(0)
        candidates = []
        for outputs, cost in costs.items():
            if should_stop():
                raise Stopped("the preparation of the multisets was stopped.")
            # A schedule costs at least OPT, so the worst ratio is at least cost over its cost.
            floor = max(floor, Fraction(cost, self._hindsight.upper_bound(outputs)))
            ceiling = Fraction(cost, self._hindsight.lower_bound(outputs))
            candidates.append(Candidate(outputs, cost, ceiling))
        self._floor = floor
        self._in_order = in_order(candidates)

    def _costs(self, question: Question, should_stop: Callable[[], bool]) -> dict[Outputs, int]:
        setting, requests = question.setting, question.requests
        if question.policy not in HINDSIGHT_POLICIES:
            rules = RULES[question.policy]
            self._tree = AdversaryTree(setting, rules, requests, should_stop=should_stop)
            return self._tree.worst_costs()
        lengths = range(setting.lower, setting.upper + 1)
        cost_of = self._hindsight.shortest_first
        if question.policy == "srv" and isinstance(self._hindsight, ResumingHindsight):
            cost_of = self._hindsight.smallest_first
        costs = {}
        for outputs in combinations_with_replacement(lengths, requests):
            if should_stop():
                raise Stopped("the preparation of the multisets was stopped.")
            costs[outputs] = cost_of(outputs)
        return costs

    def worst_of_piece(
        self, piece: int, floor: Fraction, should_stop: Callable[[], bool]
    ) -> tuple[Found | None, int]:
        """The worst instance of a piece, and the number of multisets that were not compared.

        The instance is ``None`` if all ratios are below ``floor``, or below one that is known to be
        reached elsewhere.
        """
        first = piece * PIECE_SIZE
        part = self._in_order[first : first + PIECE_SIZE]
        worst = worst_of(part, max(floor, self._floor), self._hindsight, should_stop)
        if worst.candidate is None:
            return None, worst.unseen
        by_rank = self._by_rank(worst.candidate.outputs)
        return Found(by_rank, worst.candidate.cost, worst.optimum), worst.unseen

    def _by_rank(self, outputs: Outputs) -> Outputs:
        """The outputs in the order of tie-break rank that costs the most."""
        # To a hindsight policy requests of the same length are the same.
        return self._tree.by_rank(outputs) if self._tree else outputs
