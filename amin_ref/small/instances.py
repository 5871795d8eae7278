"""Small instances of identical prompts: policies on tuples of integers, and the exact optimum.

The theorems T12 and T13 are about the setting of the source (Chen, Ye, Zhou, arXiv 2508.14544): all
requests arrive in round 0 with the same prompt length s and the same predicted interval [ℓ, u], and
blocks are of one token. An instance is then no more than a multiset of output lengths, and what a
tie-break adds to it is the order in which these lengths are ranked. This module knows nothing of
:mod:`amin_ref.policies`; tests hold the two against each other.

**Plans in one integer.** What the cache is to hold in each coming round is a list of small numbers.
They are kept in one Python integer, a field of ``width`` bits for each round, the present round
lowest: adding a request to a plan is one addition, moving on by a round is one shift, and whether
any round exceeds the capacity shows in the fields' highest bits once each is raised by
2^(width - 1) - 1 - M.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from heapq import heappop, heappush
from itertools import pairwise
from typing import Literal

from amin_ref.model.errors import InvalidValue, NoProgress
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request
from amin_ref.model.validation import whole_number

Outputs = tuple[int, ...]
"""Output lengths, in ascending order where nothing else is said; tokens."""

Known = tuple[int, int, int]
"""What is known of an unfinished request: its tokens generated in the present run, -1 while it
waits; its working bound ℓ̃; and the least output length that it can still turn out to have."""

State = tuple[Known, ...]
"""The unfinished requests at the start of a round, in order of rank."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What all requests of an instance have in common, and the cache; all in tokens.

    Attributes:
        prompt_len: s, at least 1.
        lower: ℓ, at least 1.
        upper: u, at least ℓ.
        capacity: M, at least s + u, so that every output in [ℓ, u] is feasible.

    Raises:
        InvalidValue: a field is not of this kind.
    """

    prompt_len: int
    lower: int
    upper: int
    capacity: int

    def __post_init__(self) -> None:
        whole_number("prompt_len", self.prompt_len, 1, "tokens")
        whole_number("lower", self.lower, 1, "tokens")
        whole_number("upper", self.upper, 1, "tokens")
        whole_number("capacity", self.capacity, 1, "tokens")
        if self.upper < self.lower:
            raise InvalidValue(
                "upper",
                self.upper,
                f"it must not be less than lower, which is {self.lower}",
                f"give {self.lower} or more",
            )
        if self.capacity < self.prompt_len + self.upper:
            raise InvalidValue(
                "capacity",
                self.capacity,
                f"the longest request holds {self.prompt_len + self.upper} tokens",
                f"give {self.prompt_len + self.upper} or more",
            )

    @property
    def alpha(self) -> Fraction:
        """α = ℓ / u."""
        return Fraction(self.lower, self.upper)

    def instance(self, outputs: Sequence[int]) -> Instance:
        """The instance whose request i, counted from 0, has the i-th output length."""
        return Instance(
            capacity=self.capacity,
            requests=tuple(
                Request(i, self.prompt_len, output_len, self.lower, self.upper)
                for i, output_len in enumerate(outputs)
            ),
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """A scheduler by its rules; as they stand here by default, Amin (specification, section 3).

    Attributes:
        assume: the bound that a request starts with: ℓ, or u as Amax has it.
        refine: whether a bound rises with the tokens generated.
        victims: whom an overflow evicts first: in ascending ≺, in descending ≺, or the latest
            admitted (the later in ≺ where two were admitted in the same round).
        look_ahead: whether admission plans up to everybody's bound, or for the next token only.
    """

    assume: Literal["lower", "upper"] = "lower"
    refine: bool = True
    victims: Literal["ascending", "descending", "newest"] = "ascending"
    look_ahead: bool = True


class Plans:
    """Arithmetic on plans of ``setting``'s cache, each an integer (see the head of the module).

    A *biased* plan is a plan plus :attr:`bias`; in it, :meth:`exceeds` is one operation. Fields
    have room for three times the capacity: one for what is planned, one for the unplanned tokens
    of those who outlive their bound, one for a request that is tried.

    Attributes:
        width: bits in a field.
        bias: what turns a plan into a biased one.
        over: the highest bit of each field: set in a biased plan where the cache is exceeded.
        over_now: the same, of the present round alone.
        held: ``held[a][r]`` is the plan of a request that has generated a tokens and is to
            generate r more.
    """

    def __init__(self, setting: Setting) -> None:
        rounds = range(setting.upper)
        self.width = (4 * setting.capacity).bit_length() + 1
        self.over_now = 1 << (self.width - 1)
        self.over = sum(self.over_now << (self.width * k) for k in rounds)
        self.bias = sum((self.over_now - 1 - setting.capacity) << (self.width * k) for k in rounds)
        self.held = [
            [
                sum((setting.prompt_len + a + k + 1) << (self.width * k) for k in range(more))
                for more in range(setting.upper + 1)
            ]
            for a in range(setting.upper + 1)
        ]


class Machine:
    """Runs a scheduler that is given by its rules."""

    def __init__(self, setting: Setting, rules: Rules) -> None:
        self.setting = setting
        self.rules = rules
        self._plans = Plans(setting)

    def initial(self, requests: int) -> State:
        """So many requests, all waiting."""
        setting = self.setting
        bound = setting.lower if self.rules.assume == "lower" else setting.upper
        return ((-1, bound, setting.lower),) * requests

    def generate(self, state: State) -> list[Known]:
        """One round: evict, admit, generate. Who completes is not decided yet."""
        plans = self._plans
        look_ahead = self.rules.look_ahead
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

        # Those evicted just now are still counted as running here: they wait for a round.
        waiting = sorted((bound, i) for i, (a, bound, _) in enumerate(requests) if a < 0)
        for i in evicted:
            requests[i] = (-1, *requests[i][1:])
        for bound, i in waiting:
            with_it = plan + plans.held[0][bound if look_ahead else 1]
            if with_it & plans.over:
                break
            plan = with_it
            requests[i] = (0, *requests[i][1:])
        return [
            (generated + 1, bound, least) if generated >= 0 else (generated, bound, least)
            for generated, bound, least in requests
        ]

    def survivor(self, known: Known) -> Known:
        """What is known of a running request that has not completed with its last token."""
        generated, bound, least = known
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
        # A state that comes back without a completion in between comes back for ever.
        seen: set[State] = set()
        while state:
            if state in seen:
                raise NoProgress(f"outputs {tuple(outputs)} by rank: {self.rules} never ends (T2).")
            seen.add(state)
            total += len(state)
            after = self.generate(state)
            going_on = [i for i, known in enumerate(after) if known[0] != left[i]]
            if len(going_on) < len(after):
                seen.clear()
            left = [left[i] for i in going_on]
            state = tuple(
                self.survivor(after[i]) if after[i][0] >= 0 else after[i] for i in going_on
            )
        return total

    def _more(self, generated: int, bound: int) -> int:
        """The tokens that a running request is assumed to generate yet."""
        return bound - generated if self.rules.look_ahead and bound > generated else 1

    def _victims(self, state: State) -> list[int]:
        """The running requests in the order in which an overflow evicts them."""
        running = [(bound, i, a) for i, (a, bound, _) in enumerate(state) if a >= 0]
        if self.rules.victims == "ascending":
            running.sort()
        elif self.rules.victims == "descending":
            running.sort(reverse=True)
        else:
            running.sort(key=lambda job: (job[2], -job[0], -job[1]))
        return [i for _, i, _ in running]


class Hindsight:
    """What can be had of a setting's instances by who knows every output length."""

    def __init__(self, setting: Setting) -> None:
        self._capacity = setting.capacity
        self._plans = Plans(setting)
        self._field = (1 << self._plans.width) - 1
        self._area = [
            sum(setting.prompt_len + k for k in range(1, length + 1))
            for length in range(setting.upper + 1)
        ]

    def shortest_first(self, outputs: Outputs) -> int:
        """Total latency of H-SF; the outputs in ascending order."""
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

    def lower_bound(self, outputs: Outputs, plan: int = 0) -> int:
        """A total latency that no schedule beats, counted from a round with ``plan`` to be kept to.

        The j requests that complete first complete no sooner than the cache has had room for the
        j smallest areas (Σ over their rounds of what they occupy), nor than the j-th shortest
        output takes.
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
        """OPT, the least total latency of any valid schedule; the outputs in ascending order."""
        return sum(self.optimal_starts(outputs)) + sum(outputs)

    def optimum_up_to(self, outputs: Outputs, limit: int) -> int | None:
        """OPT if it is at most ``limit``; the outputs in ascending order."""
        starts = self._starts_up_to(outputs, limit)
        return None if starts is None else sum(starts) + sum(outputs)

    def optimal_starts(self, outputs: Outputs) -> Outputs:
        """The rounds in which an optimal schedule starts the outputs, given in ascending order."""
        starts = self._starts_up_to(outputs, self.shortest_first(outputs))
        assert starts is not None  # H-SF's schedule is one
        return starts

    def _starts_up_to(self, outputs: Outputs, limit: int) -> Outputs | None:
        """The starts of an optimal schedule, if its total latency is at most ``limit``.

        Best-first search (A*) over pairs of a plan and the outputs that wait. A step either starts
        one of them in the present round or moves on by one round, which delays all that wait. It
        never moves on with an empty cache: everything later could be one round earlier. Pairs are
        taken up in order of the latency of what has started, the delay so far of what waits, and
        :meth:`lower_bound` for the rest.
        """
        shift, bias, over = self._plans.width, self._plans.bias, self._plans.over
        held = self._plans.held[0]
        to_generate = sum(outputs)
        least_delay: dict[_Pair, int] = {(0, outputs): 0}
        before: dict[_Pair, _Pair] = {}
        frontier = [(self.lower_bound(outputs), 0, 0, outputs)]
        while frontier:
            _, delay, plan, waiting = heappop(frontier)
            pair = (plan, waiting)
            if not waiting:
                return _starts_on_the_way(outputs, pair, before)
            if least_delay[pair] < delay:
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
                    before[then] = pair
                    heappush(frontier, (latency, delay_then, plan_then, waits))
        return None


_Pair = tuple[int, Outputs]
"""A plan, and the outputs that wait."""


def _starts_on_the_way(outputs: Outputs, end: _Pair, before: Mapping[_Pair, _Pair]) -> Outputs:
    """The start of each of ``outputs`` on the way of the search to ``end``."""
    way = [end]
    while way[-1] in before:
        way.append(before[way[-1]])
    way.reverse()
    starts = [0] * len(outputs)
    not_placed = list(range(len(outputs)))
    now = 0
    for (_, waiting), (_, waits) in pairwise(way):
        if len(waits) == len(waiting):
            now += 1
            continue
        started = next(i for i, o in enumerate(waiting) if i == len(waits) or waits[i] != o)
        starts[not_placed.pop(started)] = now
    return tuple(starts)
