"""The exact optimum of small instances of identical prompts, found without a solver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from itertools import pairwise

from amin_ref.model.errors import AminError
from amin_ref.small.plans import PackedPlans
from amin_ref.small.setting import Outputs, Setting

TokenRounds = tuple[tuple[int, ...], ...]
"""For each of some outputs, the rounds in which it generates its tokens, in ascending order."""


class Stopped(AminError):
    """A search that ended because its ``should_stop`` returned True."""


def never() -> bool:
    """A ``should_stop`` for searches that run to their end."""
    return False


class Hindsight:
    """Total latencies of schedules made with every output length known, for one setting.

    They evict no request, which gains nothing where evicted requests restart.
    """

    def __init__(self, setting: Setting) -> None:
        self._capacity = setting.capacity
        self._plans = PackedPlans(setting)
        self._field = (1 << self._plans.width) - 1
        self._area = [
            sum(setting.machine.held(setting.prompt_len + k) for k in range(1, length + 1))
            for length in range(setting.upper + 1)
        ]

    def shortest_first(self, outputs: Outputs) -> int:
        """Total latency of H-SF; ``outputs`` in ascending order; request·rounds."""
        shift, bias, over = self._plans.width, self._plans.bias, self._plans.over
        plan = now = total = 0
        for output_len in outputs:
            held = self._plans.held[0][output_len]
            while (plan + held + bias) & over:
                plan >>= shift
                now += 1
            plan += held
            total += now + output_len
        return total

    def upper_bound(self, outputs: Outputs) -> int:
        """The total latency of some schedule: H-SF's; request·rounds."""
        return self.shortest_first(outputs)

    def lower_bound(self, outputs: Outputs, plan: int = 0) -> int:
        """A lower bound of the total latency from now on, with ``plan`` already occupied.

        The j-th completion comes no sooner than the first round by which the free cache, summed
        over rounds, reaches the j smallest areas (the area of a request is Σ_a (s + a) over its
        rounds), and no sooner than the j-th shortest output takes.

        Args:
            outputs: of the requests still to start, in ascending order.
            plan: what the running requests are going to occupy.

        Returns:
            Σ over ``outputs`` of completion minus the present round; request·rounds.
        """
        width, field, capacity, area = self._plans.width, self._field, self._capacity, self._area
        needed = room = rounds = total = 0
        for output_len in outputs:
            needed += area[output_len]
            while room < needed:
                room += capacity - (plan & field)
                plan >>= width
                rounds += 1
            total += rounds if rounds > output_len else output_len
        return total

    def optimum(self, outputs: Outputs) -> int:
        """OPT, the least total latency of any valid schedule; request·rounds.

        ``outputs`` in ascending order.
        """
        return sum(self.optimal_starts(outputs)) + sum(outputs)

    def optimum_up_to(
        self, outputs: Outputs, limit: int, should_stop: Callable[[], bool] = never
    ) -> int | None:
        """OPT if it is at most ``limit``, else ``None``; request·rounds.

        Args:
            outputs: in ascending order.
            limit: request·rounds.
            should_stop: called at each step of the search, which ends when it returns True.

        Raises:
            Stopped: ``should_stop`` returned True.
        """
        starts = self._starts_up_to(outputs, limit, should_stop)
        return None if starts is None else sum(starts) + sum(outputs)

    def optimal_starts(self, outputs: Outputs) -> Outputs:
        """The start rounds of an optimal schedule, one for each of the ascending ``outputs``."""
        starts = self._starts_up_to(outputs, self.shortest_first(outputs), never)
        assert starts is not None  # H-SF's schedule is one
        return starts

    def token_rounds(self, outputs: Outputs) -> TokenRounds:
        """The rounds in which each of ``outputs`` generates its tokens in an optimal schedule."""
        starts = self.optimal_starts(outputs)
        return tuple(
            tuple(range(start, start + output_len))
            for start, output_len in zip(starts, outputs, strict=True)
        )

    def _starts_up_to(
        self, outputs: Outputs, limit: int, should_stop: Callable[[], bool]
    ) -> Outputs | None:
        """The start rounds of an optimal schedule, if its total latency is at most ``limit``.

        Best-first search (A*). A node is a pair of a plan and the output lengths of the waiting
        requests. A step either starts one of them in the present round, or moves on by one round,
        which delays every waiting request by one round. With an empty cache the search never moves
        on: all later starts could be one round earlier. The key of a node is the latency of the
        started requests, plus the delay so far of the waiting, plus :meth:`lower_bound`.
        """
        shift, bias, over = self._plans.width, self._plans.bias, self._plans.over
        held = self._plans.held[0]
        to_generate = sum(outputs)
        least_delay: dict[_Node, int] = {(0, outputs): 0}
        before: dict[_Node, _Node] = {}
        frontier = [(self.lower_bound(outputs), 0, 0, outputs)]
        while frontier:
            if should_stop():
                raise Stopped("the search for the optimum was stopped.")
            _, delay, plan, waiting = heappop(frontier)
            node = (plan, waiting)
            if not waiting:
                return _starts_on_the_path(outputs, node, before)
            if least_delay[node] < delay:
                continue
            steps = [
                (delay, plan + held[output_len], waiting[:i] + waiting[i + 1 :])
                for i, output_len in enumerate(waiting)
                if (i == 0 or waiting[i - 1] != output_len)
                and not (plan + held[output_len] + bias) & over
            ]
            if plan:
                steps.append((delay + len(waiting), plan >> shift, waiting))
            for delay_then, plan_then, waits in steps:
                then = (plan_then, waits)
                started = to_generate - sum(waits)
                latency = delay_then + started + self.lower_bound(waits, plan_then)
                if latency <= limit and least_delay.get(then, limit + 1) > delay_then:
                    least_delay[then] = delay_then
                    before[then] = node
                    heappush(frontier, (latency, delay_then, plan_then, waits))
        return None


_Node = tuple[int, Outputs]
"""A plan, and the output lengths of the waiting requests."""


def _starts_on_the_path(outputs: Outputs, end: _Node, before: Mapping[_Node, _Node]) -> Outputs:
    """The start round of each of ``outputs`` on the search's path to ``end``."""
    path = [end]
    while path[-1] in before:
        path.append(before[path[-1]])
    path.reverse()
    starts = [0] * len(outputs)
    not_placed = list(range(len(outputs)))
    now = 0
    for (_, waiting), (_, waits) in pairwise(path):
        if len(waits) == len(waiting):
            now += 1
            continue
        started = next(i for i, o in enumerate(waiting) if i == len(waits) or waits[i] != o)
        starts[not_placed.pop(started)] = now
    return tuple(starts)
