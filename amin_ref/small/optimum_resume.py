"""The exact optimum of small instances of identical prompts, where evicted requests keep tokens.

A *place* is a pair of tokens generated and tokens left. All requests have the same prompt and are
there from round 0 on, so what the rest of a schedule costs depends on the multiset of the places of
the unfinished requests alone. In each round a set of requests generates a token each. *Progress
dominates* (lemma R1 in ``proofs_notes/theorems/optimum_resume.md``), so only sets to which no
request can be added are tried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import pairwise

from amin_ref.small.optimum import Hindsight, Stopped, TokenRounds, never
from amin_ref.small.setting import Outputs, Setting

State = tuple[int, ...]
"""The unfinished requests: numbers of their places in ascending order of volume left."""

Chosen = tuple[tuple[int, int], ...]
"""The requests that run in a round: numbers of places, and how many requests of each run."""


class ResumingHindsight:
    """Total latencies of schedules made with every output length known, for one setting.

    It has the methods of :class:`.optimum.Hindsight`, for machines with
    ``after_eviction="resume"``.
    """

    def __init__(self, setting: Setting) -> None:
        self._capacity = setting.capacity
        self._without_evictions = Hindsight(setting)
        longest = setting.upper
        held = setting.machine.held
        needs = [held(setting.prompt_len + a + 1) for a in range(longest)]
        volume = {
            (generated, left): sum(needs[generated : generated + left])
            for generated in range(longest)
            for left in range(1, longest - generated + 1)
        }
        # By volume left, then as SRV orders equal volumes: the shorter output first.
        places = sorted(volume, key=lambda place: (volume[place], sum(place)))
        number = {place: i for i, place in enumerate(places)}
        self._new = [number.get((0, output_len), -1) for output_len in range(longest + 1)]
        self._left = [left for _, left in places]
        self._volume = [volume[place] for place in places]
        self._need = [needs[generated] for generated, _ in places]
        self._after = [number.get((generated + 1, left - 1), -1) for generated, left in places]

    def shortest_first(self, outputs: Outputs) -> int:
        """Total latency of H-SF, which evicts no request; ``outputs`` ascending; request·rounds."""
        return self._without_evictions.shortest_first(outputs)

    def smallest_first(self, outputs: Outputs) -> int:
        """Total latency of SRV: smallest remaining volume first, each that fits; request·rounds."""
        state, total = self._start(outputs), 0
        while state:
            total += len(state)
            free = self._capacity
            after = []
            for place in state:
                if self._need[place] <= free:
                    free -= self._need[place]
                    after.append(self._after[place])
                else:
                    after.append(place)
            state = tuple(sorted(place for place in after if place >= 0))
        return total

    def upper_bound(self, outputs: Outputs) -> int:
        """The total latency of some schedule: SRV's; request·rounds."""
        return self.smallest_first(outputs)

    def lower_bound(self, outputs: Outputs) -> int:
        """A lower bound of the total latency (T10, V); ``outputs`` ascending; request·rounds."""
        return self._still_to_come(self._start(outputs))

    def optimum(self, outputs: Outputs) -> int:
        """OPT, the least total latency of any valid schedule; request·rounds."""
        best = self.optimum_up_to(outputs, self.smallest_first(outputs))
        assert best is not None  # SRV's schedule is one
        return best

    def optimum_up_to(
        self, outputs: Outputs, limit: int, should_stop: Callable[[], bool] = never
    ) -> int | None:
        """OPT if it is at most ``limit``, else ``None``: see :meth:`.Hindsight.optimum_up_to`."""
        path = self._path(outputs, limit, should_stop)
        return None if path is None else sum(map(len, path))

    def token_rounds(self, outputs: Outputs) -> TokenRounds:
        """The rounds in which each of ``outputs`` generates its tokens in an optimal schedule."""
        path = self._path(outputs, self.smallest_first(outputs), never)
        assert path is not None  # SRV's schedule is one
        places = [self._new[output_len] for output_len in outputs]
        rounds: list[list[int]] = [[] for _ in outputs]
        for now, (state, after) in enumerate(pairwise(path)):
            chosen = (one for one in self._maximal(state) if self._following(state, one) == after)
            running = Counter(dict(next(chosen)))
            for i, place in enumerate(places):
                if running[place] > 0:
                    running[place] -= 1
                    places[i] = self._after[place]
                    rounds[i].append(now)
        return tuple(map(tuple, rounds))

    def _start(self, outputs: Outputs) -> State:
        return tuple(sorted(self._new[output_len] for output_len in outputs))

    def _still_to_come(self, state: State) -> int:
        """A lower bound of what ``state`` costs from now on; request·rounds.

        The j-th completion comes no sooner than the round by which the cache has had room for the j
        smallest volumes left, and no sooner than the j-th fewest tokens left take.
        """
        capacity, volume = self._capacity, self._volume
        needed = total = 0
        for place, left in zip(state, sorted([self._left[place] for place in state]), strict=True):
            needed += volume[place]
            rounds = -(-needed // capacity)
            total += rounds if rounds > left else left
        return total

    def _path(
        self, outputs: Outputs, limit: int, should_stop: Callable[[], bool]
    ) -> list[State] | None:
        """The states of an optimal schedule by round, if its total latency is at most ``limit``.

        Best-first search (A*) over states. A round costs the number of unfinished requests; the key
        of a state is its cost so far plus :meth:`_still_to_come`.
        """
        start = self._start(outputs)
        least: dict[State, int] = {start: 0}
        before: dict[State, State] = {}
        # Of equal keys the state that has cost most is the nearest to the end.
        frontier = [(self._still_to_come(start), 0, start)]
        while frontier:
            if should_stop():
                raise Stopped("the search for the optimum was stopped.")
            key, minus_cost, state = heappop(frontier)
            if key > limit:
                return None
            if not state:
                return _path_to(state, before)
            if least[state] < -minus_cost:
                continue
            cost = len(state) - minus_cost
            for chosen in self._maximal(state):
                after = self._following(state, chosen)
                if least.get(after, limit + 1) > cost:
                    latency = cost + self._still_to_come(after)
                    if latency <= limit:
                        least[after] = cost
                        before[after] = state
                        heappush(frontier, (latency, -cost, after))
        return None

    def _following(self, state: State, chosen: Chosen) -> State:
        """The state after a round in which the chosen requests generate."""
        left = list(state)
        for place, number in chosen:
            after = self._after[place]
            for _ in range(number):
                left.remove(place)
                if after >= 0:
                    left.append(after)
        left.sort()
        return tuple(left)

    def _maximal(self, state: State) -> Iterator[Chosen]:
        """Every choice of requests that fit in a round and to which no other can be added."""
        counts = sorted(Counter(state).items(), key=lambda one: -self._need[one[0]])
        chosen: list[tuple[int, int]] = []

        def from_place(i: int, free: int, least_left_out: int) -> Iterator[Chosen]:
            if i == len(counts):
                if least_left_out > free:
                    yield tuple(chosen)
                return
            place, alike = counts[i]
            need = self._need[place]
            for number in range(min(alike, free // need), -1, -1):
                chosen.append((place, number))
                left_out = least_left_out if number == alike else min(least_left_out, need)
                yield from from_place(i + 1, free - number * need, left_out)
                chosen.pop()

        return from_place(0, self._capacity, self._capacity + 1)


def _path_to(end: State, before: dict[State, State]) -> list[State]:
    path = [end]
    while path[-1] in before:
        path.append(before[path[-1]])
    return path[::-1]


AnyHindsight = Hindsight | ResumingHindsight
"""What knows the optimum of a setting's instances."""


def hindsight_of(setting: Setting) -> AnyHindsight:
    """What knows the optimum on the setting's machine."""
    if setting.machine.after_eviction == "resume":
        return ResumingHindsight(setting)
    return Hindsight(setting)
