"""The family of theorem A2 (T15): for every ℓ with u > 2ℓ, the ratio is about √(v(u - ℓ)/v(ℓ)).

An adversary runs Amin on requests whose output lengths are not yet fixed. At the start of each
round it completes just as many of the oldest requests as keep the cache from overflowing and let
new ones in. Amin does not see output lengths (T5), so it makes the same decisions when the lengths
are fixed beforehand to what the adversary chose.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from amin_ref.families.volume import demand_few, volume
from amin_ref.model.errors import InvalidValue
from amin_ref.model.instance import Instance
from amin_ref.model.validation import whole_number


@dataclass(slots=True)
class _Cohort:
    """The unfinished requests that started in one round."""

    start: int
    size: int


def adaptive(
    prompt_len: int, lower: int, upper: int, slots: int, rounds: int, short: int
) -> Instance:
    """The instance of theorem A2 with parameters s, ℓ, u, c, T and m.

    The cache has M = c·v(u - ℓ) tokens. In order of rank there are the requests that start before
    round T, at least c in every round from ℓ on, and then m requests of ℓ tokens, none of which
    starts before round T. Amin evicts no request. With N = ⌊M/v(ℓ)⌋ and m = ⌊T·√(c·N)⌋, the ratio
    of Amin to OPT tends to √(v(u - ℓ)/v(ℓ)) at least as c and T grow.

    Args:
        prompt_len: s, length of every prompt; tokens, at least 1.
        lower: ℓ, predicted lower bound of every output; tokens, at least 1.
        upper: u, predicted upper bound; tokens, at least 2ℓ + 1.
        slots: c, the fewest requests that start in a round from ℓ on; at least
            :func:`fewest_slots`.
        rounds: T, rounds before the first request of the last group starts; at least 1.
        short: m, requests of ℓ tokens behind all others; 0 or more.

    Returns:
        The instance; its ids are 0, 1, 2, … in order of rank.

    Raises:
        InvalidValue: a parameter is out of its range, or there are more than
            :data:`~amin_ref.families.volume.MOST_REQUESTS` requests.
    """
    least = fewest_slots(prompt_len, lower, upper)
    whole_number("slots", slots, 1, "requests")
    if slots < least:
        raise InvalidValue(
            "slots",
            slots,
            f"with prompts of {prompt_len} tokens and outputs from {lower} to {upper} it must be "
            f"at least {least}",
            f"give {least} or more",
        )
    whole_number("rounds", rounds, 1, "rounds")
    whole_number("short", short, 0, "requests")
    capacity = slots * volume(prompt_len, upper - lower)
    each_round = slots + _excess(prompt_len, upper)
    demand_few(capacity // (prompt_len + lower) + each_round * rounds + short)
    outputs = [
        *_outputs_chosen(prompt_len, lower, slots, rounds, capacity),
        *[lower] * short,
    ]
    return Instance.from_lengths(
        [(prompt_len, output_len) for output_len in outputs],
        capacity=capacity,
        predictions=[(lower, upper)] * len(outputs),
    )


def fewest_slots(prompt_len: int, lower: int, upper: int) -> int:
    """The least c for which the proof of theorem A2 holds.

    With e = ⌊(s + u)/(s + 1)⌋ and w = u - ℓ the proof needs (c + e + 1)·v(ℓ) ≤ c·v(w), so that the
    plans of one round leave room; c·(s + 1) ≥ s + ℓ, so that the adversary completes a request in
    round ℓ; and M = c·v(w) ≥ s + u, so that each request fits.

    Args:
        prompt_len: s; tokens, at least 1.
        lower: ℓ; tokens, at least 1.
        upper: u; tokens, at least 2ℓ + 1.

    Raises:
        InvalidValue: a parameter is out of its range.
    """
    whole_number("prompt_len", prompt_len, 1, "tokens")
    whole_number("lower", lower, 1, "tokens")
    whole_number("upper", upper, 1, "tokens")
    if upper <= 2 * lower:
        raise InvalidValue(
            "upper",
            upper,
            f"it must be more than twice lower, which is {lower}",
            f"give {2 * lower + 1} or more",
        )
    planned, whole = volume(prompt_len, lower), volume(prompt_len, upper - lower)
    return max(
        _divided_up((_excess(prompt_len, upper) + 1) * planned, whole - planned),
        _divided_up(prompt_len + lower, prompt_len + 1),
        _divided_up(prompt_len + upper, whole),
    )


def _excess(prompt_len: int, upper: int) -> int:
    """e = ⌊(s + u)/(s + 1)⌋: at most c + e requests start in a round from 1 on."""
    return (prompt_len + upper) // (prompt_len + 1)


def _divided_up(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)


def _outputs_chosen(
    prompt_len: int, lower: int, slots: int, rounds: int, capacity: int
) -> list[int]:
    """The output lengths of the requests that start before round T, in order of their starts.

    Among requests that start in one round, the adversary completes those of lower rank first.
    """
    most_before_admission = capacity - slots * (prompt_len + 1)
    outputs: list[list[int]] = []
    running: deque[_Cohort] = deque()
    for now in range(rounds):
        needed = sum(cohort.size * (prompt_len + now - cohort.start + 1) for cohort in running)
        while now >= lower and needed > most_before_admission:
            oldest = running[0]
            generated = now - oldest.start
            freed = prompt_len + generated + 1
            completed = min(oldest.size, _divided_up(needed - most_before_admission, freed))
            outputs[oldest.start] += [generated] * completed
            needed -= completed * freed
            oldest.size -= completed
            if not oldest.size:
                running.popleft()
        started = _admitted(prompt_len, lower, capacity, now, running)
        outputs.append([])
        if started:
            running.append(_Cohort(now, started))
    for cohort in running:
        outputs[cohort.start] += [max(lower, rounds - cohort.start)] * cohort.size
    return [output_len for of_round in outputs for output_len in of_round]


def _admitted(prompt_len: int, lower: int, capacity: int, now: int, running: deque[_Cohort]) -> int:
    """How many of endlessly many equal requests Amin admits: what its plan has room for.

    No request was evicted, so a waiting request is planned with ℓ tokens, and a running one with
    max(1, ℓ - a) more, a being what it has generated.
    """
    most = capacity
    for ahead in range(lower):
        planned = sum(
            cohort.size * (prompt_len + now - cohort.start + ahead + 1)
            for cohort in running
            if max(1, lower - (now - cohort.start)) > ahead
        )
        most = min(most, (capacity - planned) // (prompt_len + ahead + 1))
    return most
