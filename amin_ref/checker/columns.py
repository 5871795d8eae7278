"""Is a schedule of many runs valid? Answered from columns of numbers; the reasons are not.

The other files of this folder say what is wrong where this one does not say that all is well.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from amin_ref.model.instance import Instance
from amin_ref.model.schedule import Schedule

LARGEST_SUM = 2**62
"""Sums stay below it, so that 64 bits suffice."""

LARGEST_BLOCK = 256
"""The largest block: the sweep over the rounds is repeated for each remainder modulo B."""


def plainly_valid(schedule: Schedule) -> bool:
    """Whether all rules hold; ``False`` where one does not, or where columns do not suffice.

    Sorted by request, then by start, the runs of a request must be evicted ones and then its one
    completed run, each after the one before.
    """
    runs, requests = schedule.columns, schedule.instance.columns
    if runs is None or not len(runs):
        return False
    order = np.lexsort((runs.stops, runs.starts, runs.positions))
    positions, starts, stops = runs.positions[order], runs.starts[order], runs.stops[order]
    completed, lengths, outputs = runs.completed[order], stops - starts, requests.outputs[positions]
    is_last = np.append(positions[1:] != positions[:-1], True)
    return bool(
        np.array_equal(positions[is_last], np.arange(len(requests.outputs)))
        and np.array_equal(completed, is_last)
        and (lengths[completed] == outputs[completed]).all()
        and (lengths[~completed] >= 1).all()
        and (lengths[~completed] < outputs[~completed]).all()
        and (starts >= requests.arrivals[positions]).all()
        and (starts[1:] >= stops[:-1])[~is_last[:-1]].all()
        and _within_capacity(schedule.instance, requests.prompts[positions], starts, stops)
    )


def _within_capacity(
    instance: Instance,
    prompts: NDArray[np.int64],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
) -> bool:
    """Whether no round exceeds the cache.

    Between two rounds in which some run starts or stops, every request that runs only grows. So it
    suffices to look at the last round before each of these, t. A run holds ⌈x/B⌉ blocks there,
    x = t + a with a = s + 1 - start. That is (x + (-x mod B))/B, and -x mod B depends on a mod B
    and t alone.
    """
    size = instance.block_size
    largest = int(prompts.max()) + int(stops.max()) + size
    if size > LARGEST_BLOCK or largest * (len(starts) + 1) > LARGEST_SUM:
        return False
    changes = np.unique(np.concatenate([starts, stops]))
    before_change = changes[1:] - 1
    first, last = np.searchsorted(changes, starts), np.searchsorted(changes, stops)

    def total(amounts: NDArray[np.int64], chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The sum of the amounts of those chosen that run, before each change."""
        steps = np.zeros(len(changes), dtype=np.int64)
        np.add.at(steps, first[chosen], amounts[chosen])
        np.subtract.at(steps, last[chosen], amounts[chosen])
        return np.cumsum(steps)[:-1]

    offsets = prompts + 1 - starts
    every = np.ones(len(starts), dtype=np.bool_)
    ones = np.ones(len(starts), dtype=np.int64)
    tokens = total(offsets, every) + total(ones, every) * before_change
    for remainder in np.unique(offsets % size):
        running = total(ones, offsets % size == remainder)
        tokens += running * (-(before_change + remainder) % size)
    return bool((tokens <= instance.capacity).all())
