"""The dual function where evicted requests keep their tokens, as loops that Numba compiles.

This file states :meth:`oracle.prices.pausing.PausingDual.evaluate` a second time; the tests hold
both equal, but for the rounding of sums. Here the dynamic programme runs for one group of requests
after the other, so that its row stays in the processor's cache, and only over entries from which a
request of the group can still complete in time. Arrays are never allocated here:
:func:`amin_ref.compiled.compiling.compiled` turns reference counting off.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from amin_ref.compiled.compiling import compiled, inlined

Numbers = NDArray[np.int64]
"""An array of whole numbers."""

Floats = NDArray[np.float64]
"""An array of numbers."""

WITHOUT_WEIGHT = 40.0
"""Temperatures above the least cost from which on a cost adds nothing to a sum of weights that is
at least 1: exp(−40) is below a float's precision."""

# The entries of ``sums``, over all requests.
LEAST = 0
"""Σ of the least cost."""
SMOOTHED = 1
"""The same with each minimum smoothed."""
SUM_ENTRIES = 2


class Groups(NamedTuple):
    """The requests of a busy period, in groups of one arrival and prompt.

    The row of a group has an entry for each number of tokens, from the longest output less one down
    to zero: so each entry is read for the next one before it is written.

    Attributes:
        arrival: of each group; rounds.
        first: place of its first entry in ``held``; at the end the number of all entries.
        kinds_before: number of kinds in the groups before it; at the end of all kinds.
        held: what a request holds in the round of its last token so far; for each group and entry.
        output_len: o of each kind, ascending in a group.
        last_held: what its last token holds.
        requests: the number of requests of each kind.
        rounds: rounds of the busy period.
    """

    arrival: Numbers
    first: Numbers
    kinds_before: Numbers
    held: Floats
    output_len: Numbers
    last_held: Floats
    requests: Floats
    rounds: int


class Work(NamedTuple):
    """Arrays for intermediate values, for one group at a time.

    Attributes:
        row: the least price of the tokens of an entry.
        generated: for each round and entry, whether the last of these tokens is generated in it.
        costs: for each round and kind, delay plus price if it completes with this round.
        weight: how many requests have these tokens, in the average by weight.
        late: for each kind, the least cost of completing after all priced rounds.
        late_entry: the entry of the tokens that it has by then.
        least: the least cost of each kind.
        share: requests of each kind, divided by the sum of the weights of its completions.
    """

    row: Floats
    generated: NDArray[np.bool_]
    costs: Floats
    weight: Floats
    late: Floats
    late_entry: Numbers
    least: Floats
    share: Floats


@inlined
def _forwards(
    groups: Groups, work: Work, prices: Floats, group: int, lasting: int, unreached: float
) -> None:
    """Fill the row round by round, for ``lasting`` rounds; and what each chooses and costs."""
    row, generated, costs = work.row, work.generated, work.costs
    arrival, kinds = groups.arrival[group], groups.kinds_before[group]
    many = groups.kinds_before[group + 1] - kinds
    first = groups.first[group]
    size = groups.first[group + 1] - first
    row[:size] = unreached
    row[size - 1] = 0.0
    for since in range(lasting):
        price = prices[arrival + since]
        for kind in range(many):
            before = row[size - groups.output_len[kinds + kind]]
            costs[since * many + kind] = (
                before + price * groups.last_held[kinds + kind] + (since + 1)
            )
        # Fewer tokens after this round leave no time for the shortest output.
        fewest = groups.output_len[kinds] - lasting + since + 1
        if arrival + lasting >= groups.rounds:
            fewest = 1
        begin = size - 1 - min(size - 1, since + 1)
        length = size - max(1, fewest) - begin
        held = groups.held[first + begin : first + size]
        here, fewer = row[begin:size], row[begin + 1 : size]
        chosen = generated[since * size + begin : since * size + size]
        for k in range(length):
            with_token = price * held[k] + fewer[k]
            chosen[k] = with_token < here[k]
            here[k] = min(here[k], with_token)


@inlined
def _weigh(
    groups: Groups,
    work: Work,
    group: int,
    lasting: int,
    temperature: float,
    unreached: float,
    sums: Floats,
) -> None:
    """Fill ``late``, ``late_entry``, ``least`` and ``share``, and add to the sums."""
    kinds = groups.kinds_before[group]
    many = groups.kinds_before[group + 1] - kinds
    size = groups.first[group + 1] - groups.first[group]
    for kind in range(many):
        late = unreached
        output_len = groups.output_len[kinds + kind]
        entry = size - output_len
        if groups.arrival[group] + lasting >= groups.rounds:
            # A request with all but k tokens by then completes k rounds later.
            for left in range(output_len, 0, -1):
                price = work.row[size - output_len + left - 1] + left + lasting
                if price < late:
                    late, entry = price, size - output_len + left - 1
        least = late
        for since in range(lasting):
            least = min(least, work.costs[since * many + kind])
        total = 0.0
        if late - least < WITHOUT_WEIGHT * temperature:
            total += math.exp((least - late) / temperature)
        for since in range(lasting):
            cost = work.costs[since * many + kind]
            if cost - least < WITHOUT_WEIGHT * temperature:
                total += math.exp((least - cost) / temperature)
        count = groups.requests[kinds + kind]
        sums[LEAST] += count * least
        sums[SMOOTHED] += count * (least - temperature * math.log(total))
        work.late[kind], work.late_entry[kind] = late, entry
        work.least[kind], work.share[kind] = least, count / total


@inlined
def _weight(least: float, cost: float, temperature: float, negligible: float) -> float:
    """The weight of a completion, or zero if it makes no difference."""
    # Most completions need no exponential.
    if cost - least > WITHOUT_WEIGHT * temperature:
        return 0.0
    weight = math.exp((least - cost) / temperature)
    return weight if weight >= negligible else 0.0


@inlined
def _backwards(
    groups: Groups,
    work: Work,
    group: int,
    lasting: int,
    temperature: float,
    negligible: float,
    gradient: Floats,
) -> None:
    """Add the tokens that the cheapest sequences hold in each round, averaged by weight."""
    weight, generated = work.weight, work.generated
    arrival, kinds = groups.arrival[group], groups.kinds_before[group]
    many = groups.kinds_before[group + 1] - kinds
    first = groups.first[group]
    size = groups.first[group + 1] - first
    weight[:size] = 0.0
    # Only entries from ``low`` to ``high`` may have a weight; the last one has no token to take.
    low, high = size, -1
    for kind in range(many):
        late = _weight(work.least[kind], work.late[kind], temperature, negligible)
        if late > 0.0:
            entry = work.late_entry[kind]
            weight[entry] += work.share[kind] * late
            low, high = min(low, entry), max(high, entry)
    for since in range(lasting - 1, -1, -1):
        tokens = 0.0
        lowest, highest = size, -1
        for entry in range(min(high, size - 2), low - 1, -1):
            moved = weight[entry]
            if moved == 0.0:
                continue
            to = entry
            if generated[since * size + entry]:
                tokens += moved * groups.held[first + entry]
                to = entry + 1
                weight[entry] = 0.0
                weight[to] += moved
            lowest, highest = min(lowest, to), max(highest, to)
        low, high = lowest, highest
        for kind in range(many):
            cost = work.costs[since * many + kind]
            completed = _weight(work.least[kind], cost, temperature, negligible)
            if completed > 0.0:
                completed *= work.share[kind]
                tokens += completed * groups.last_held[kinds + kind]
                entry = size - groups.output_len[kinds + kind]
                weight[entry] += completed
                low, high = min(low, entry), max(high, entry)
        gradient[arrival + since] += tokens


@compiled
def evaluate(
    groups: Groups,
    work: Work,
    prices: Floats,
    until: Numbers,
    temperature: float,
    negligible: float,
    unreached: float,
    sums: Floats,
    gradient: Floats,
) -> None:
    """Add to the sums and to the gradient what each request adds; arguments as in the reference."""
    for group in range(len(groups.arrival)):
        lasting = until[group] - groups.arrival[group]
        _forwards(groups, work, prices, group, lasting, unreached)
        _weigh(groups, work, group, lasting, temperature, unreached, sums)
        _backwards(groups, work, group, lasting, temperature, negligible, gradient)
