"""Where the requests of ``amin_ref.families.staggered`` start, as theorem A1 (T15) predicts.

It shares no code with the family: it computes the numbers x_t and f_t itself, and the start rounds
follow from the claims of the proof.
"""

from __future__ import annotations

from collections import Counter


def volume(s: int, tokens: int) -> int:
    """v(o): the tokens that a run of o tokens occupies, summed over its rounds; token·rounds."""
    return sum(s + token for token in range(1, tokens + 1))


def starts_by_a1(s: int, u: int, c: int, long: int, short: int) -> list[int]:
    """The start round of each request, in the order of rank.

    Args:
        s: length of every prompt; tokens.
        u: the longest output; tokens.
        c: requests of u tokens that start in a round.
        long: K.
        short: m.
    """
    m = c * volume(s, u)
    x = [(m - c * volume(s, t)) // (s + t + 1) for t in range(u)]
    starts = [0] * (m // (s + 1))
    for t in range(1, u):
        fillers = (m - c * volume(s, t) - x[t] * (s + t + 1)) // (s + 1)
        starts += [t] * (c + fillers)
    starts += [u + i // c for i in range(long)]
    # From round u on, only the last m requests and requests of u tokens run, at most c of each age.
    longs = Counter(dict.fromkeys(range(1, u), c))
    longs.update(u + i // c for i in range(long))
    now = u + long // c
    while short:
        held = sum(longs[now - age] * (s + age + 1) for age in range(u))
        started = min(short, (m - held) // (s + 1))
        starts += [now] * started
        short -= started
        now += 1
    return starts
