"""The family of theorem A1 (T15): with ℓ = 1, Amin's ratio is about v(u)/v(1), square-rooted.

Amin starts the requests in the order of rank, evicts no request, and so raises no bound in time.
Long requests that start a few a round fill the cache, and all short ones wait behind them.
"""

from __future__ import annotations

from amin_ref.families.volume import demand_few, volume
from amin_ref.model.instance import Instance
from amin_ref.model.validation import whole_number


def staggered(prompt_len: int, upper: int, slots: int, long: int, short: int) -> Instance:
    """The instance of theorem A1 with parameters s, u, c, K and m.

    The cache has M = c·v(u) tokens, exactly what c requests of each age from 1 to u occupy
    together. In order of rank there are

    1. ⌊M/(s + 1)⌋ requests that all start in round 0, and whose lengths are such that the cache
       stays full while c requests of u tokens start in every later round;
    2. for each round t from 1 to u - 1, c requests of u tokens, and as many of one token as fit
       beside them;
    3. K requests of u tokens, of which c start in every round from u on;
    4. m requests of one token, none of which starts before round u + ⌊K/c⌋.

    For m = ⌊K·√N⌋, N = ⌊M/(s + 1)⌋/c, the ratio of Amin to OPT tends to at least √N as K grows.

    Args:
        prompt_len: s, length of every prompt; tokens, at least 1.
        upper: u, the longest output; tokens, at least 2.
        slots: c, requests of u tokens that start in a round; at least 1.
        long: K, requests of u tokens at the end of the list; 0 or more.
        short: m, requests of one token behind all others; 0 or more.

    Returns:
        The instance; its ids are 0, 1, 2, … in order of rank, and ℓ = 1.

    Raises:
        InvalidValue: a parameter is out of its range, or there are more than
            :data:`~amin_ref.families.volume.MOST_REQUESTS` requests.
    """
    whole_number("prompt_len", prompt_len, 1, "tokens")
    whole_number("upper", upper, 2, "tokens")
    whole_number("slots", slots, 1, "requests")
    whole_number("long", long, 0, "requests")
    whole_number("short", short, 0, "requests")
    capacity = slots * volume(prompt_len, upper)
    # A round before u leaves less room beside the long requests than one more of block 0 takes.
    fillers = upper * (prompt_len + upper) // (prompt_len + 1)
    demand_few(capacity // (prompt_len + 1) + slots * upper + fillers + long + short)
    outputs = [
        *_first_rounds(prompt_len, upper, slots, capacity),
        *[upper] * long,
        *[1] * short,
    ]
    return Instance.from_lengths(
        [(prompt_len, output_len) for output_len in outputs],
        capacity=capacity,
        predictions=[(1, upper)] * len(outputs),
    )


def _first_rounds(prompt_len: int, upper: int, slots: int, capacity: int) -> list[int]:
    """The output lengths of the requests that start before round u, in order of rank."""
    # left[t] = x_t: of the requests of round 0, those that run in round t beside the long requests
    # started since, which then hold c·v(t) tokens.
    free = [capacity - slots * volume(prompt_len, t) for t in range(upper)]
    left = [free[t] // (prompt_len + t + 1) for t in range(upper)]
    outputs: list[int] = []
    for t in range(1, upper):
        outputs += [t] * (left[t - 1] - left[t])
    outputs += [upper] * left[-1]
    for t in range(1, upper):
        fillers = (free[t] - left[t] * (prompt_len + t + 1)) // (prompt_len + 1)
        outputs += [upper] * slots + [1] * fillers
    return outputs
