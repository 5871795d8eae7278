"""Does the cache hold what the requests occupy, and what the engine says it held?"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from amin_ref.checker.tracing import Piece
from amin_ref.checker.violation import Violation, tokens
from amin_ref.model.instance import Instance
from amin_ref.model.validation import RequestId


def within_capacity(instance: Instance, pieces: list[Piece]) -> Iterator[Violation]:
    """Sweep over the rounds in which a piece starts or stops, in O(P log P) for P pieces.

    Between two of these rounds the same requests run and each only grows, so the occupancy never
    falls: the rounds that exceed the capacity are the last ones before the next start or stop, or
    there are none.
    """
    was_over = False
    for first, following, cache in _unchanged_rounds(instance.block_size, pieces, ()):
        over_at_the_end = cache.held(following - 1) > instance.capacity
        if over_at_the_end:
            earliest = _first_round_over(cache, instance.capacity, first, following - 1)
            if not (was_over and earliest == first):
                yield _too_full(cache, instance.capacity, earliest)
        was_over = over_at_the_end


def held_within_capacity(
    instance: Instance, pieces: list[Piece], held: Sequence[int]
) -> Iterator[Violation]:
    """The memory by what the engine says it held, which may be less than the runs imply.

    It takes O(P log P + H log P) for P pieces and H rounds.
    """
    was_over = was_more = False
    for now, by_runs, cache in _each_round(instance, pieces, len(held)):
        is_over, is_more = held[now] > instance.capacity, held[now] > by_runs
        if is_over and not was_over:
            yield Violation(
                "within-capacity",
                now,
                cache.requests(),
                f"round {now}: the engine holds {tokens(held[now])} and the cache has "
                f"{instance.capacity}.",
            )
        if is_more and not was_more:
            yield Violation(
                "held-by-runs",
                now,
                cache.requests(),
                f"round {now}: the engine holds {tokens(held[now])}, and its running requests "
                f"occupy {by_runs}; only less is possible, where requests share prefixes.",
            )
        was_over, was_more = is_over, is_more


@dataclass(frozen=True, slots=True)
class SharedPrefixes:
    """Rounds in which the engine holds less than the runs imply, as when requests share prefixes.

    Attributes:
        rounds: how many there are.
        first: the first of them.
        held: what the engine holds in it; tokens.
        by_runs: what the runs imply for it; tokens.
    """

    rounds: int
    first: int
    held: int
    by_runs: int


def shared_prefixes(
    instance: Instance, pieces: list[Piece], held: Sequence[int]
) -> SharedPrefixes | None:
    """Where the engine holds less than the runs imply; ``None`` if in no round."""
    found: SharedPrefixes | None = None
    for now, by_runs, _ in _each_round(instance, pieces, len(held)):
        if held[now] < by_runs:
            found = found or SharedPrefixes(0, now, held[now], by_runs)
            found = replace(found, rounds=found.rounds + 1)
    return found


def _each_round(
    instance: Instance, pieces: list[Piece], rounds: int
) -> Iterator[tuple[int, int, _Occupancy]]:
    """Each round below ``rounds``, what the runs imply for it, and what runs in it."""
    ends = (0, rounds)
    for first, following, cache in _unchanged_rounds(instance.block_size, pieces, ends):
        for now in range(first, following):
            yield now, cache.held(now), cache


def _unchanged_rounds(
    block_size: int, pieces: list[Piece], further: Iterable[int]
) -> Iterator[tuple[int, int, _Occupancy]]:
    """Consecutive rounds in which the same pieces run: the first, the one after the last, these.

    Args:
        block_size: B; tokens.
        pieces: of all runs.
        further: rounds that are taken for changes as well.
    """
    starting: dict[int, list[int]] = {}
    stopping: dict[int, list[int]] = {}
    for index, piece in enumerate(pieces):
        starting.setdefault(piece.start, []).append(index)
        stopping.setdefault(piece.stop, []).append(index)
    cache = _Occupancy(block_size, pieces)
    for first, following in pairwise(sorted({*starting, *stopping, *further})):
        for index in stopping.get(first, ()):
            cache.remove(index)
        for index in starting.get(first, ()):
            cache.add(index)
        yield first, following, cache


class _Occupancy:
    """The tokens that the running requests occupy in a round, in whole blocks.

    A piece that holds x tokens in its first round p occupies B·⌈(c + t)/B⌉ tokens in round t, with
    c = x - p. For c = B·k + r and t = B·q + w (r and w below B) that is B·(k + q + e), with
    e = ⌈(r + w)/B⌉: 0 if r = w = 0, 2 if r > B - w, and 1 otherwise. So the sum needs the number of
    running requests, the sum of their k, and how many of them have an r above B - w. Those numbers
    are kept in a Fenwick tree over the values that r takes.
    """

    def __init__(self, block_size: int, pieces: list[Piece]) -> None:
        self.running: dict[int, Piece] = {}
        self._pieces = pieces
        self._block_size = block_size
        self._split = [divmod(piece.tokens - piece.start, block_size) for piece in pieces]
        self._remainders = sorted({remainder for _, remainder in self._split})
        self._rank = {remainder: rank for rank, remainder in enumerate(self._remainders, start=1)}
        self._tree = [0] * (len(self._remainders) + 1)
        self._blocks = 0

    def add(self, index: int) -> None:
        """The piece with this index starts."""
        self.running[index] = self._pieces[index]
        self._change(index, 1)

    def remove(self, index: int) -> None:
        """The piece with this index stops."""
        del self.running[index]
        self._change(index, -1)

    def requests(self) -> tuple[RequestId, ...]:
        """Ids of the running requests."""
        return tuple(piece.request for piece in self.running.values())

    def held(self, now: int) -> int:
        """Tokens occupied in round ``now`` if no piece starts or stops before its end."""
        running = len(self.running)
        quotient, remainder = divmod(now, self._block_size)
        blocks = self._blocks + running * (quotient + 1)
        blocks += running - self._count_up_to(self._block_size - remainder)
        if remainder == 0:
            blocks -= self._count_up_to(0)
        return blocks * self._block_size

    def _change(self, index: int, by: int) -> None:
        quotient, remainder = self._split[index]
        self._blocks += by * quotient
        rank = self._rank[remainder]
        while rank < len(self._tree):
            self._tree[rank] += by
            rank += rank & -rank

    def _count_up_to(self, remainder: int) -> int:
        """Running requests whose r is at most ``remainder``."""
        rank = bisect_right(self._remainders, remainder)
        count = 0
        while rank:
            count += self._tree[rank]
            rank &= rank - 1
        return count


def _first_round_over(cache: _Occupancy, capacity: int, first: int, last: int) -> int:
    """The first round, from ``first`` to ``last``, that exceeds the capacity; ``last`` does."""
    while first < last:
        middle = (first + last) // 2
        if cache.held(middle) > capacity:
            last = middle
        else:
            first = middle + 1
    return first


def _too_full(cache: _Occupancy, capacity: int, now: int) -> Violation:
    return Violation(
        "within-capacity",
        now,
        cache.requests(),
        f"round {now}: {len(cache.running)} running requests hold "
        f"{cache.held(now)} tokens and the cache has {capacity}.",
    )
