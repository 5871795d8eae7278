"""The arithmetic of certificates (specification, section 5; T10)."""

from __future__ import annotations

from tests.models.plain import Prices, bound, rent


def rounded_up(total: int, denominator: int) -> int:
    """The rounding of a rational bound in ``verify``: up to the next whole number.

    pre: denominator >= 1
    post: denominator * (__return__ - 1) < total <= denominator * __return__
    """
    return -(-total // denominator)


def onwards(prices: Prices, start: int) -> int:
    """The price of one token that is held from a round on."""
    return sum(prices[start:])


def rent_by_blocks(
    prices: tuple[int, int, int], prompt_len: int, output_len: int, block_size: int
) -> bool:
    """The closed form of a run's price: its first blocks, each further block, all freed at its end.

    pre: min(prices) >= 0 and 1 <= prompt_len <= 4 and 1 <= output_len <= 3
    pre: block_size in (1, 2, 4)
    post: __return__
    """
    before = -(-(prompt_len + 1) // block_size)
    after = -(-(prompt_len + output_len) // block_size)
    blocks = before * onwards(prices, 0) - after * onwards(prices, output_len)
    for block in range(before, after):
        blocks += onwards(prices, block * block_size - prompt_len)
    return block_size * blocks == rent(prices, prompt_len, output_len, 0, block_size)


def one_request_pays_no_more(
    prices: tuple[int, int, int], prompt_len: int, output_len: int, start: int, spare: int
) -> int:
    """T10 for one request: under any prices, the bound is at most the cost of any start.

    pre: min(prices) >= 0 and 1 <= prompt_len <= 3 and 1 <= output_len <= 3
    pre: 0 <= start <= 3 and 0 <= spare <= 2
    post: __return__ <= 7 * (start + output_len)
    """
    request = (prompt_len, output_len, 0)
    return bound(prices, 7, [request], prompt_len + output_len + spare, 1)


def two_requests_pay_no_more(prices: tuple[int, int], first: int, second: int) -> int:
    """T10 for two requests that hold 2, then 3 tokens each, in a cache of 5: not both at once.

    pre: min(prices) >= 0 and 0 <= first < second <= 3
    post: __return__ <= 5 * (first + second + 4)
    """
    return bound(prices, 5, [(1, 2, 0), (1, 2, 0)], 5, 1)
