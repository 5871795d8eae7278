"""Rounds of Amin itself, on a plain batch (specification, section 3; T1, T3, T4, T6)."""

from __future__ import annotations

from amin_ref import Amin, Decision, VisibleRequest
from amin_ref.policies.lookahead import WaitingQueue
from tests.models.plain import PlainBatch


def amin_on_integers(capacity: int) -> Amin:
    """Amin before its first round, with blocks of one token and a batch without arrays."""
    amin = Amin()
    amin._batch = PlainBatch(capacity, 1)
    amin._waiting = WaitingQueue()
    return amin


def visible(position: int, prompt_len: int, lower: int) -> VisibleRequest:
    """The visible fields of a request that arrives in round 0."""
    return VisibleRequest(position, prompt_len, lower, None, 0, position)


def bound_of(amin: Amin, request: int) -> int:
    """The present ℓ̃ of a running or waiting request."""
    return amin.lower_bounds[request]


def refines_to_the_tokens_generated(lower: int, rounds: int) -> int:
    """Alone, a request that has generated a tokens has ℓ̃ = max(ℓ, a): at most o - 1 if a < o.

    pre: 1 <= lower <= 4 and 0 <= rounds <= 5
    post: __return__ == max(lower, rounds)
    """
    amin = amin_on_integers(100)
    amin.decide(0, [visible(0, 1, lower)], [])
    for now in range(1, rounds + 1):
        amin.decide(now, [], [])
    return bound_of(amin, 0)


def eviction_keeps_the_bound(first: int, second: int) -> bool:
    """Two requests of ℓ = 1 that overflow the cache: the evicted one keeps its ℓ̃.

    pre: first >= 1 and second >= 1
    post: __return__
    """
    amin = amin_on_integers(first + second + 3)
    amin.decide(0, [visible(0, first, 1), visible(1, second, 1)], [])
    bounds = [1, 1]
    for now in range(1, 4):
        amin.decide(now, [], [])
        after = [bound_of(amin, 0), bound_of(amin, 1)]
        if any(new not in (old, old + 1) for old, new in zip(bounds, after, strict=True)):
            return False
        bounds = after
    return True


def first_round(capacity: int, a: tuple[int, int], b: tuple[int, int]) -> Decision:
    """Amin's decision in round 0 on two requests, (s, ℓ) each, that arrive then."""
    amin = amin_on_integers(capacity)
    return amin.decide(0, [visible(0, *a), visible(1, *b)], [])


def never_evicts_in_the_first_round(capacity: int, a: tuple[int, int], b: tuple[int, int]) -> bool:
    """No request runs before the first round, and all admitted ones fit: no eviction.

    pre: 1 <= a[0] and 1 <= a[1] <= 3 and 1 <= b[0] and 1 <= b[1] <= 3 and capacity >= 2
    post: __return__
    """
    decision = first_round(capacity, a, b)
    held = sum(prompt_len + 1 for i, (prompt_len, _) in enumerate((a, b)) if i in decision.admit)
    return decision.evict == () and held <= capacity


def second_round_is_safe(capacity: int, a: tuple[int, int], b: tuple[int, int]) -> bool:
    """After evictions the next token of every remaining request fits (T1), for all bounds.

    No request is evicted unless one has outlived its bound (T4).

    pre: 1 <= a[0] and 1 <= a[1] <= 2 and 1 <= b[0] and 1 <= b[1] <= 2
    pre: a[0] + a[1] + 1 <= capacity and b[0] + b[1] + 1 <= capacity
    post: __return__
    """
    amin = amin_on_integers(capacity)
    first = amin.decide(0, [visible(0, *a), visible(1, *b)], [])
    second = amin.decide(1, [], [])
    requests = (a, b)
    kept = [i for i in (0, 1) if i in first.admit and i not in second.evict]
    admitted = [i for i in (0, 1) if i in second.admit]
    held = sum(requests[i][0] + 2 for i in kept) + sum(requests[i][0] + 1 for i in admitted)
    outlived = any(requests[i][1] <= 1 for i in (0, 1) if i in first.admit)
    return held <= capacity and (outlived or not second.evict)
