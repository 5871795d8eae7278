"""False contracts, all of which CrossHair must refute: this shows that it can find violations.

Each is a contract of the other modules with one error.
"""

from __future__ import annotations

from amin_ref.model.blocks import occupied
from tests.long.contracts.amin_rounds import amin_on_integers, bound_of, visible
from tests.long.contracts.looking_ahead import Ahead, held_after
from tests.long.contracts.validity import not_before_arrival
from tests.models.plain import bound


def rounds_up_past_whole_blocks(tokens: int, block_size: int) -> int:
    """False where the tokens fill whole blocks: rounding leaves them as they are.

    pre: tokens >= 0 and block_size >= 1
    post: tokens < __return__
    """
    return occupied(tokens, block_size)


def one_stop_suffices_for_two(a: Ahead, b: Ahead, rounds: int, capacity: int) -> int:
    """False, because the other request may run for longer.

    pre: min(a) >= 1 and min(b) >= 1 and rounds >= 0 and capacity >= 0
    pre: held_after((a, b), a[1] - 1, 1) <= capacity
    post: __return__ <= capacity
    """
    return held_after((a, b), rounds, 1)


def refines_to_one_more(lower: int, rounds: int) -> int:
    """False: after a tokens Amin refines to a, not to a + 1.

    pre: 1 <= lower <= 4 and 0 <= rounds <= 5
    post: __return__ == max(lower, rounds + 1)
    """
    amin = amin_on_integers(100)
    for now in range(rounds + 1):
        amin.decide(now, [] if now else [visible(0, 1, lower)], [])
    return bound_of(amin, 0)


def bound_without_its_capacity_term(prices: tuple[int, int, int]) -> int:
    """False: without - M · Σ λ, prices do not give a lower bound.

    pre: min(prices) >= 0
    post: __return__ <= 2
    """
    return bound(prices, 1, [(1, 2, 0)], 3, 1) + 3 * sum(prices)


def may_run_before_it_arrives(start: int, arrival: int) -> bool:
    """False: a run must not start before its request arrives.

    pre: 0 <= start <= 2 and 0 <= arrival <= 2
    post: __return__
    """
    return not_before_arrival(start, arrival)
